package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
)

// byEmail contains the channel uses through which reminders of points and levels reach a member by email.
var byEmail = []loyalty.ChannelUse{
	{Channel: loyalty.Email, Purpose: loyalty.Marketing}, {Channel: loyalty.Email, Purpose: loyalty.Transactional},
}

// noticeProgram returns a program whose points are valid for 30 days, with an advance notice of 14 days.
func noticeProgram(t *testing.T, extensions int, edit ...func(*loyalty.Program)) *loyalty.Program {
	return made(t, func(p *loyalty.Program) {
		p.Earn.Pending, p.Earn.Expires = calendar.Wait{}, calendar.Expiry{
			After: calendar.Period{Days: 30}, RoundTo: calendar.EndOfDay,
		}
		p.AdvanceNotice = loyalty.AdvanceNotice{Period: calendar.Period{Days: 14}, MaxExtensions: extensions}
		p.Reminders = loyalty.Reminders{Messages: []loyalty.Reminder{
			{
				ID: "points", On: loyalty.BeforeExpiry, Leads: []calendar.Period{{Days: 14}},
				Channels: []loyalty.Channel{loyalty.Email},
			},
			{
				ID: "level", On: loyalty.BeforeTier, Leads: []calendar.Period{{Days: 14}},
				Channels: []loyalty.Channel{loyalty.Email},
			},
		}}
		for _, e := range edit {
			e(p)
		}
	})
}

// extensions returns the days to which entries postponed the expiry of points, with their reasons.
func (s *shop) extensions(t *testing.T) (days []string) {
	t.Helper()
	for _, e := range s.entries {
		if e.Kind != loyalty.KindExtend {
			continue
		}
		if len(e.Reasons) != 1 || e.Reasons[0].Rule != "advance_notice" || e.Reasons[0].Kind != loyalty.WasPostponed {
			t.Errorf("the extension says %+v", e.Reasons)
		}
		days = append(days, e.Reasons[0].Args[0])
	}
	return days
}

func (s *shop) inChannels(t *testing.T, at string, channels []loyalty.ChannelUse) {
	t.Helper()
	s.pass(instant(t, at))
	out, err := SetChannels(s.p, s.acc, channels, instant(t, at))
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Entries) > 0 {
		s.took(out)
	}
}

// If no notice was sent, the expiry of points is postponed by the period of notice: once if no message can reach the
// member or sending failed, and otherwise until a notice is sent, up to the program's maximum.
func TestExpiryIsPutOffForWantOfNotice(t *testing.T) {
	const noon = "2026-02-01T12:00:00Z" // the points expire at the end of 3 March
	for _, c := range []struct {
		name     string
		most     int
		channels []loyalty.ChannelUse
		notices  map[string]calendar.Date // when notice is sent, of the lot of which day
		fails    string                   // when it comes back
		want     []string
	}{
		{"a member whom no message reaches", 2, nil, nil, "", []string{"2026-03-17"}},
		{"a consent for another purpose alone", 2, byEmail[:1], nil, "", []string{"2026-03-17"}},
		{
			"another channel than that of the reminder", 2,
			[]loyalty.ChannelUse{{Channel: loyalty.SMS, Purpose: loyalty.Transactional}},
			nil, "",
			[]string{"2026-03-17"},
		},
		{"a member to whom it is never sent", 2, byEmail, nil, "", []string{"2026-03-17", "2026-03-31"}},
		{"one extension", 1, byEmail, nil, "", []string{"2026-03-17"}},
		{"three extensions", 3, byEmail, nil, "", []string{"2026-03-17", "2026-03-31", "2026-04-14"}},
		{"notice in time", 2, byEmail, map[string]calendar.Date{"2026-02-17T12:00:00Z": 20260303}, "", nil},
		{
			"notice that is late", 2, byEmail,
			map[string]calendar.Date{"2026-02-19T12:00:00Z": 20260303},
			"",
			[]string{"2026-03-17", "2026-03-31"},
		},
		{
			"notice after the first extension", 3, byEmail,
			map[string]calendar.Date{"2026-03-04T09:00:00Z": 20260317},
			"",
			[]string{"2026-03-17"},
		},
		{
			"late notice after the first extension", 3, byEmail,
			map[string]calendar.Date{"2026-03-05T09:00:00Z": 20260317, "2026-03-18T09:00:00Z": 20260331},
			"",
			[]string{"2026-03-17", "2026-03-31"},
		},
		{
			"notice that comes back", 3, byEmail,
			map[string]calendar.Date{"2026-02-17T12:00:00Z": 20260303},
			"2026-02-20T12:00:00Z",
			[]string{"2026-03-17"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := member2026(t, noticeProgram(t, c.most))
			s.inChannels(t, noon, c.channels)
			s.buy("1", 100, instant(t, noon))
			if c.fails != "" {
				s.passNotified(t, c.notices, instant(t, c.fails))
				sent := remind.SentReminder{
					On: loyalty.BeforeExpiry, Subject: remind.Subject{ID: "2026-03-03"}, Channel: loyalty.Email,
					ID: "a", Failed: true,
				}
				out, err := remind.Unnotify(
					Begin(s.p, s.acc, instant(t, c.fails)), remind.Reminded{SentReminders: []remind.SentReminder{sent}},
					"a",
				)
				if err != nil || len(out.Entries) != 1 {
					t.Fatal(out.Entries, err)
				}
				s.took(out)
			}
			from := s.acc
			last := "2026-03-03"
			for _, day := range c.want {
				s.passNotified(t, c.notices, instant(t, last+"T23:00:00Z"))
				s.wantLots(t, "100 "+day)
				shown := []posting.AccountNotice{
					{What: loyalty.OfExpiry, NoticedAt: instant(t, "2026-03-03T23:00:00Z"), Points: 100},
				}
				d, _ := calendar.ParseDate(day)
				shown[0].Expires = d.End(s.p.Zone)
				if got := posting.AccountNotices(&s.p.Tiers, s.p.Zone, s.acc); !slices.Equal(got, shown) {
					t.Errorf("the account shows %+v, want %+v", got, shown)
				}
				last = day
			}
			d, _ := calendar.ParseDate(last)
			s.passNotified(t, c.notices, d.End(s.p.Zone).Add(-time.Millisecond))
			if s.acc.Balance().Active != 100 {
				t.Errorf("before the end of %s there are %d points", last, s.acc.Balance().Active)
			}
			s.pass(d.End(s.p.Zone))
			if got := s.extensions(t); !slices.Equal(got, c.want) || s.acc.Balance().Active != 0 ||
				len(posting.AccountNotices(&s.p.Tiers, s.p.Zone, s.acc)) > 0 {
				t.Errorf(
					"put off to %v, want %v; %d points are left, and %+v is shown", got, c.want,
					s.acc.Balance().Active, posting.AccountNotices(&s.p.Tiers, s.p.Zone, s.acc),
				)
			}
			if len(c.notices) == 0 { // one long jump does the same
				out, err := Advance(s.p, from, instant(t, "2027-01-01T00:00:00Z"))
				if err != nil ||
					fmt.Sprint(
						out.Account.Lots, out.Account.Expired,
					) != fmt.Sprint(s.acc.Lots, s.acc.Expired) || len(out.Entries) != len(c.want)+1 {
					t.Errorf(
						"in one jump there are %d entries and the account is %+v: %v", len(out.Entries),
						out.Account.Purse, err,
					)
				}
			}
		})
	}
}

// passNotified advances the account to an instant, and sends the notices of lots on the way.
func (s *shop) passNotified(t *testing.T, notices map[string]calendar.Date, until time.Time) {
	t.Helper()
	for _, when := range slices.Sorted(maps.Keys(notices)) {
		if at := instant(t, when); at.After(s.acc.Seen) && at.Before(until) {
			s.notify(t, when, loyalty.OfExpiry, posting.LotNotice(notices[when]))
		}
	}
	s.pass(until)
}

// Points whose expiry was postponed to the expiry day of other points are not postponed again together with them. A
// refund finds both in their lots.
func TestPointsArePutOffByThemselves(t *testing.T) {
	for _, refunded := range []string{"", "old", "new"} {
		s := member2026(t, noticeProgram(t, 2))
		old := s.buy("old", 100, instant(t, "2026-02-01T12:00:00Z"))
		fresh := s.buy("new", 30, instant(t, "2026-02-15T12:00:00Z"))
		s.pass(instant(t, "2026-03-03T23:00:00Z"))
		s.wantLots(t, "130 2026-03-17")
		s.pass(instant(t, "2026-03-17T23:00:00Z"))
		s.wantLots(t, "30 2026-03-31")
		if got := posting.AccountNotices(&s.p.Tiers, s.p.Zone, s.acc); len(got) != 1 || got[0].Points != 30 ||
			!got[0].NoticedAt.Equal(instant(t, "2026-03-17T23:00:00Z")) {
			t.Errorf("the account shows %+v", got)
		}
		at := instant(t, "2026-03-20T12:00:00Z")
		switch refunded {
		case "old":
			old.Refunds = []loyalty.Refund{back("1", receipt.OrderTotal(old))}
			s.submit(old, at)
			if s.wantLots(t, "30 2026-03-31"); s.acc.Debt != 0 {
				t.Errorf("%d points are owed that had expired", s.acc.Debt)
			}
		case "new":
			fresh.Refunds = []loyalty.Refund{back("1", receipt.OrderTotal(fresh))}
			s.submit(fresh, at)
			s.wantLots(t)
		}
		s.pass(instant(t, "2026-03-31T22:00:00Z"))
		s.wantLots(t)
	}
}

// Spending takes the points of a lot that were never postponed first, so that spending postpones no others.
func TestSpendingPutsOffNothing(t *testing.T) {
	s := member2026(t, noticeProgram(t, 2))
	s.buy("old", 100, instant(t, "2026-02-01T12:00:00Z"))
	s.buy("new", 30, instant(t, "2026-02-15T12:00:00Z"))
	s.spend(60, instant(t, "2026-03-05T12:00:00Z"))
	s.wantLots(t, "70 2026-03-17")
	s.pass(instant(t, "2026-03-17T23:00:00Z"))
	s.wantLots(t)
}

// Points that two members transfer back and forth are postponed as often as those of one member.
func TestTransfersDoNotPutOffExpiryAgain(t *testing.T) {
	p := noticeProgram(t, 2, func(p *loyalty.Program) { p.Transfers = loyalty.Transfers{Min: 1} })
	a, b := member2026(t, p), member2026(t, p)
	b.acc.Member = "mem_b"
	a.buy("1", 100, instant(t, "2026-02-01T12:00:00Z"))
	a.pass(instant(t, "2026-03-04T12:00:00Z"))
	a.wantLots(t, "100 2026-03-17")
	now := instant(t, "2026-03-05T12:00:00Z")
	b.pass(now)
	outs, err := share.Transfer(Begin(p, a.acc, now), Begin(p, b.acc, now), loyalty.Redemption{ID: "tr_1", Points: 100})
	if err != nil {
		t.Fatal(err)
	}
	a.took(outs[0])
	b.took(outs[1])
	b.wantLots(t, "100 2026-03-17")
	b.pass(instant(t, "2026-03-17T23:00:00Z"))
	b.wantLots(t)
}

// The expiry of points by inactivity is postponed like any other expiry. A later activity moves it further.
func TestInactivityIsPutOffForWantOfNotice(t *testing.T) {
	sliding := func(p *loyalty.Program) {
		p.Earn.Expires = calendar.Expiry{
			After: calendar.Period{Days: 30}, RoundTo: calendar.EndOfDay, Inactive: true, ResetBy: []string{"order"},
		}
	}
	for _, channels := range [][]loyalty.ChannelUse{nil, byEmail} {
		s := member2026(t, noticeProgram(t, 2, sliding))
		s.inChannels(t, "2026-02-01T12:00:00Z", channels)
		s.buy("1", 100, instant(t, "2026-02-01T12:00:00Z"))
		s.pass(instant(t, "2026-03-03T23:00:00Z"))
		s.wantLots(t, "100 2026-03-17, slides")
		s.buy("2", 10, instant(t, "2026-03-10T12:00:00Z"))
		s.wantLots(t, "110 2026-04-09, slides")
		if len(posting.AccountNotices(&s.p.Tiers, s.p.Zone, s.acc)) > 0 {
			t.Errorf(
				"the account shows %+v of points that an order has moved on",
				posting.AccountNotices(&s.p.Tiers, s.p.Zone, s.acc),
			)
		}
		want := []string{"2026-03-17", "2026-04-23"}
		s.pass(instant(t, "2026-04-09T22:00:00Z"))
		s.wantLots(t, "110 2026-04-23, slides")
		if s.pass(instant(t, "2026-04-23T22:00:00Z")); channels != nil {
			s.wantLots(t, "110 2026-05-07, slides")
			want = append(want, "2026-05-07")
			s.pass(instant(t, "2026-05-07T22:00:00Z"))
		}
		s.wantLots(t)
		if got := s.extensions(t); !slices.Equal(got, want) {
			t.Errorf("put off to %v, want %v", got, want)
		}
	}
}

// The end of a level is postponed by the period of notice if no notice was sent, as often as the expiry of points. The
// count of extensions restarts when the level is renewed.
func TestEndOfLevelIsPutOffForWantOfNotice(t *testing.T) {
	for _, c := range []struct {
		name     string
		channels []loyalty.ChannelUse
		notice   int // the extension after which it is sent; 0: never
		falls    []string
	}{
		{"a member whom no message reaches", nil, 0, []string{"2028-01-14"}},
		{"a member to whom it is never sent", byEmail, 0, []string{"2028-01-14", "2028-01-28"}},
		{"notice after the first extension", byEmail, 1, []string{"2028-01-14"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := bySpend(t, func(t *loyalty.Tiers) { t.Calendar, t.KeepYear = true, 2 })
			p.AdvanceNotice, p.Reminders = loyalty.AdvanceNotice{
				Period: calendar.Period{Days: 14}, MaxExtensions: 2,
			}, noticeProgram(t, 2).Reminders
			s := member2026(t, p)
			s.inChannels(t, "2026-01-10T12:00:00Z", c.channels)
			s.walk(t, []step{{"2026-11-20T12:00:00Z", 500, "silver"}})
			end := instant(t, "2027-12-31T23:00:00Z")
			for i, day := range c.falls {
				s.pass(end)
				d, _ := calendar.ParseDate(day)
				shown := posting.AccountNotice{
					What: loyalty.OfFall, NoticedAt: instant(t, "2027-12-31T23:00:00Z"), Expires: d.End(p.Zone),
					Level: "silver",
				}
				if got := posting.AccountNotices(&p.Tiers, p.Zone, s.acc); len(got) != 1 || got[0] != shown ||
					s.acc.Tier.Level != "silver" {
					t.Fatalf(
						"at %s the level is %s and the account shows %+v, want %+v", end, s.acc.Tier.Level, got, shown,
					)
				}
				if c.notice == i+1 {
					s.notify(
						t, end.Add(9*time.Hour).Format(time.RFC3339), loyalty.OfFall, posting.TierNotice(s.acc.Tier),
					)
				}
				end = d.End(p.Zone)
			}
			s.wantLevel(t, end.Add(-time.Millisecond).Format(time.RFC3339Nano), "silver")
			s.wantLevel(t, end.Format(time.RFC3339Nano), "bronze")
			if len(posting.AccountNotices(&p.Tiers, p.Zone, s.acc)) > 0 {
				t.Errorf(
					"the account shows %+v of a level that has ended", posting.AccountNotices(&p.Tiers, p.Zone, s.acc),
				)
			}
		})
	}
}

func TestKeptLevelForgetsItsExtensions(t *testing.T) {
	p := bySpend(t, func(t *loyalty.Tiers) { t.Calendar, t.KeepYear = true, 2 })
	p.AdvanceNotice = loyalty.AdvanceNotice{Period: calendar.Period{Days: 14}, MaxExtensions: 1}
	s := member2026(t, p)
	s.walk(t, []step{{"2026-11-20T12:00:00Z", 500, "silver"}, {"2028-01-02T12:00:00Z", 500, "silver"}})
	if s.acc.Tier.Extensions != 1 {
		t.Fatalf("the end was put off %d times", s.acc.Tier.Extensions)
	}
	s.wantLevel(t, "2028-06-01T12:00:00Z", "silver") // by the order of January
	if got := s.acc.Tier; got.Extensions != 0 || !got.Ended.IsZero() ||
		len(posting.AccountNotices(&p.Tiers, p.Zone, s.acc)) > 0 {
		t.Errorf("the level that is kept has %+v", got)
	}
}

// Channels are recorded if the program promises advance notice. They change nothing else.
func TestChannelsAreRecordedForAdvanceNotice(t *testing.T) {
	s := member2026(t, noticeProgram(t, 2))
	n := len(s.entries)
	s.inChannels(t, "2026-02-01T12:00:00Z", byEmail)
	s.inChannels(t, "2026-02-02T12:00:00Z", byEmail)
	if len(s.entries) == n+2 { // the first entry that a shop takes is preceded by that of the enrollment
		n++
	}
	if e := s.entries[len(s.entries)-1]; len(s.entries) != n+1 || e.Kind != loyalty.KindUpdateMember ||
		!strings.Contains(e.Reasons[0].Effect(), "channels") {
		t.Errorf("%d entries, the last of them %+v", len(s.entries)-n, e.Reasons)
	}
	s.p = made(t, func(*loyalty.Program) {})
	n = len(s.entries)
	if s.inChannels(t, "2026-02-03T12:00:00Z", nil); len(s.entries) != n {
		t.Error("channels were recorded that nothing depends on")
	}
}
