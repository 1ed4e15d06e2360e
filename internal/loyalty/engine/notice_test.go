package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
)

func (s *shop) notify(t *testing.T, at string, what loyalty.NoticeOf, subject string) {
	t.Helper()
	s.pass(instant(t, at))
	out, err := remind.Notify(Begin(s.p, s.acc, instant(t, at)), what, subject)
	if err != nil {
		t.Fatal(err)
	}
	s.took(out)
}

func TestPointsExpireOnlyIfTheMemberWasNotified(t *testing.T) {
	p := made(t, func(p *loyalty.Program) {
		p.Earn.Pending, p.Earn.Expires, p.AdvanceNotice = calendar.Wait{}, calendar.Expiry{
			After: calendar.Period{Months: 1}, RoundTo: calendar.EndOfMonth,
		}, loyalty.AdvanceNotice{Period: calendar.Period{Days: 30}, MaxExtensions: 2}
		p.Reminders = loyalty.Reminders{
			Messages: []loyalty.Reminder{
				{
					On: loyalty.BeforeExpiry, Leads: []calendar.Period{{Days: 30}},
					Channels: []loyalty.Channel{loyalty.Email},
				},
			},
		}
	})
	start := func() *shop {
		s := member2026(t, p)
		s.inChannels(t, "2026-01-02T12:00:00Z", byEmail)
		s.buy("1", 100, instant(t, "2026-02-10T12:00:00Z"))
		s.wantLots(t, "100 2026-03-31")
		return s
	}
	// Reported in time: 30 days before the end of the 31st, at any time of the day, and not a millisecond later.
	s := start()
	s.notify(t, "2026-03-02T21:59:59.999Z", loyalty.OfExpiry, posting.LotNotice(20260331))
	s.pass(instant(t, "2026-03-31T22:00:00Z"))
	s.wantLots(t)
	s = start()
	s.notify(t, "2026-03-02T23:00:00Z", loyalty.OfExpiry, posting.LotNotice(20260331))
	s.pass(instant(t, "2026-03-31T22:00:00Z"))
	s.wantLots(t, "100 2026-04-30")
	o := s.states["1"].Order // a refund finds them where they are
	o.Refunds = []loyalty.Refund{back("1", 4_000)}
	s.submit(o, instant(t, "2026-04-02T12:00:00Z"))
	s.wantLots(t, "60 2026-04-30")
	s.notify(t, "2026-04-05T12:00:00Z", loyalty.OfExpiry, posting.LotNotice(20260430)) // 25 days before: still too late
	s.notify(t, "2026-04-06T12:00:00Z", loyalty.OfExpiry, posting.LotNotice(20260430))
	s.pass(instant(t, "2026-04-30T22:00:00Z"))
	s.wantLots(t, "60 2026-05-30")
	s.notify(t, "2026-04-30T22:00:00Z", loyalty.OfExpiry, posting.LotNotice(20260530))
	s.pass(instant(t, "2026-05-30T22:00:00Z"))
	s.wantLots(t)
	if n := len(s.acc.Notices); n != 2 {
		t.Errorf("%d notices are remembered; those of days that are over need not be", n)
	}
	if _, err := remind.Notify(Begin(p, s.acc, s.acc.Joined), "else", "x"); err == nil {
		t.Error("a notice of nothing was taken")
	}
}

// notices evaluates the member's reminders on their schedule until an instant, and records the notices that the sent
// messages give. The first messages bounce.
func (s *shop) notices(t *testing.T, from, until string, back int) (sent int) {
	t.Helper()
	var state remind.Reminded
	for at := instant(t, from); at.Before(instant(t, until)); {
		s.pass(at)
		plan := remind.Remind(RemindRules(s.p), s.acc, anybody, state, at)
		for _, n := range plan.Send {
			sent++
			state = state.RecordSent(&s.p.Compiled, s.p.Zone, s.acc, n, "msg", at)
			if sent <= back {
				continue
			}
			subjects := []string{posting.TierNotice(s.acc.Tier)}
			if n.On == loyalty.BeforeExpiry {
				subjects = nil
				for _, l := range n.Lots {
					subjects = append(subjects, posting.LotNotice(l.Expires))
				}
			}
			for _, subject := range subjects {
				s.notify(
					t, at.Format(time.RFC3339),
					map[loyalty.Trigger]loyalty.NoticeOf{
						loyalty.BeforeExpiry: loyalty.OfExpiry, loyalty.BeforeTier: loyalty.OfFall,
					}[n.On],
					subject,
				)
			}
		}
		at = plan.Next
	}
	return sent
}

// A reminder as long before the end as the advance notice requires is in time, even if the level ends in the middle of
// a day. A postponed expiry whose notice bounced receives a new notice in time for the new end.
func TestPostponedExpiryHasNoticeAndThenHappens(t *testing.T) {
	for _, c := range []struct {
		placed string
		back   int
		falls  string
	}{
		{"2026-01-05T10:00:00Z", 0, "2026-04-05T09:00:00Z"},
		{"2026-01-05T21:30:00Z", 0, "2026-04-05T20:30:00Z"},
		{"2026-01-05T10:00:00Z", 1, "2026-05-05T22:00:00Z"}, // from the end of the day on 30 days
		{"2026-01-05T21:30:00Z", 1, "2026-05-05T22:00:00Z"},
	} {
		p := bySpend(t, func(t *loyalty.Tiers) { t.Months, t.KeepFor = 1, calendar.Period{Months: 3} })
		p.AdvanceNotice, p.Reminders = loyalty.AdvanceNotice{
			Period: calendar.Period{Days: 30}, MaxExtensions: 2,
		}, loyalty.Reminders{
			QuietFrom:  20 * 60,
			QuietUntil: 9 * 60, Messages: []loyalty.Reminder{
				{
					ID: "risk", On: loyalty.BeforeTier, Leads: []calendar.Period{{Days: 30}},
					Channels: []loyalty.Channel{loyalty.Email}, Purpose: loyalty.Transactional,
				},
			},
		}
		s := member2026(t, p)
		s.walk(t, []step{{c.placed, 500, "silver"}})
		falls := instant(t, c.falls)
		s.notices(t, c.placed, "2026-10-01T00:00:00Z", c.back)
		if !s.acc.Tier.Since.Equal(falls) || s.acc.Tier.Level != "bronze" {
			t.Errorf(
				"placed %s, %d came back: %s since %s, want bronze since %s", c.placed, c.back, s.acc.Tier.Level,
				s.acc.Tier.Since, falls,
			)
		}
	}
}

// A message states the complete amount that keeps the level, and the deadline.
func TestAMessageOfALevelThatEndsSaysWhatKeepsIt(t *testing.T) {
	risk := loyalty.Reminders{QuietFrom: 20 * 60, QuietUntil: 9 * 60, Messages: []loyalty.Reminder{
		{
			ID: "risk", On: loyalty.BeforeTier, Leads: []calendar.Period{{Months: 6}},
			Channels: []loyalty.Channel{loyalty.Email}, Purpose: loyalty.Transactional,
		},
		{
			ID: "near", On: loyalty.NearTier, Within: 500_000, Channels: []loyalty.Channel{loyalty.Email},
			Purpose: loyalty.Transactional,
		},
	}}
	for _, c := range []struct {
		what    string
		tiers   func(*loyalty.Tiers)
		now     string
		missing int64
		by      loyalty.Measure
		before  string
		others  int
	}{
		{
			"in the year", func(*loyalty.Tiers) {}, "2027-12-01T12:00:00Z", 10_000, loyalty.BySpend,
			"2027-12-31T23:00:00Z", 0,
		},
		{
			"in grace, which counts for the year that began",
			func(t *loyalty.Tiers) { t.Grace = calendar.Period{Days: 60} }, "2028-01-12T12:00:00Z", 50_000,
			loyalty.BySpend, "2028-02-29T23:00:00Z", 0,
		},
		{"of two measures", func(t *loyalty.Tiers) {
			t.Levels = []loyalty.Level{
				{ID: "bronze"},
				{
					ID:    "silver",
					Needs: []loyalty.Need{{By: loyalty.BySpend, From: 50_000}, {By: loyalty.ByOrders, From: 1}},
				},
			}
			t.Ways = [][]loyalty.Measure{{loyalty.BySpend, loyalty.ByOrders}}
		}, "2028-01-12T12:00:00Z", 50_000, loyalty.BySpend, "2028-02-29T23:00:00Z", 1},
	} {
		p := bySpend(t, func(x *loyalty.Tiers) {
			x.Calendar, x.KeepYear, x.Grace = true, 2, map[bool]calendar.Period{true: {Days: 60}}[c.others > 0]
			c.tiers(x)
		})
		p.Reminders = risk
		s := member2026(t, p)
		s.walk(t, []step{{"2026-11-20T12:00:00Z", 500, "silver"}, {"2027-06-01T12:00:00Z", 400, "silver"}})
		now := instant(t, c.now)
		s.pass(now)
		var got []remind.News
		for _, n := range remind.Remind(RemindRules(p), s.acc, anybody, remind.Reminded{}, now).Send {
			if n.On == loyalty.BeforeTier {
				got = append(got, n)
			}
		}
		if len(got) != 1 || got[0].Missing != c.missing || got[0].By != c.by ||
			!got[0].Before.Equal(instant(t, c.before)) || len(got[0].Others) != c.others {
			t.Errorf("%s: %+v", c.what, got)
		}
	}
}

func TestNoticesAreStoredForAllLots(t *testing.T) {
	p := made(t, func(p *loyalty.Program) {
		p.Earn.Pending, p.Earn.Expires, p.AdvanceNotice = calendar.Wait{}, calendar.Expiry{
			After: calendar.Period{Months: 3}, RoundTo: calendar.EndOfDay,
		}, loyalty.AdvanceNotice{Period: calendar.Period{Days: 30}, MaxExtensions: 2}
		p.Reminders = loyalty.Reminders{QuietFrom: 20 * 60, QuietUntil: 9 * 60, Messages: []loyalty.Reminder{
			{
				ID: "expire", On: loyalty.BeforeExpiry, Leads: []calendar.Period{{Days: 40}},
				Channels: []loyalty.Channel{loyalty.Email}, Purpose: loyalty.Transactional,
			},
		}}
	})
	s := member2026(t, p)
	for d := range 20 {
		at := instant(t, "2026-01-02T12:00:00Z").AddDate(0, 0, d)
		s.pass(at)
		s.buy(fmt.Sprint(d), 10, at)
	}
	s.notices(t, "2026-01-21T13:00:00Z", "2026-05-01T00:00:00Z", 0)
	s.wantLots(t)
	if last := s.acc.LastActivity; !last.Equal(instant(t, "2026-01-21T12:00:00Z")) || len(s.acc.Notices) > 20 {
		t.Errorf("%d notices", len(s.acc.Notices))
	}
}

func TestLevelsFallOnlyIfTheMemberWasNotified(t *testing.T) {
	p := bySpend(t, func(t *loyalty.Tiers) { t.Calendar, t.KeepYear = true, 2 })
	p.AdvanceNotice = loyalty.AdvanceNotice{Period: calendar.Period{Days: 30}, MaxExtensions: 2}
	s := member2026(t, p)
	s.walk(t, []step{{"2026-11-20T12:00:00Z", 500, "silver"}, {"2027-12-31T23:00:00Z", 0, "silver"}})
	if want := instant(t, "2028-01-30T23:00:00Z"); !s.acc.Tier.Until.Equal(want) {
		t.Errorf("it is kept until %s, want %s", s.acc.Tier.Until, want)
	}
	s.notify(t, "2027-12-31T23:00:00Z", loyalty.OfFall, posting.TierNotice(s.acc.Tier))
	s.wantLevel(t, "2028-01-30T22:59:59Z", "silver")
	s.wantLevel(t, "2028-01-30T23:00:00Z", "bronze")

	s = member2026(t, p)
	s.walk(t, []step{{"2026-11-20T12:00:00Z", 500, "silver"}})
	s.notify(t, "2027-11-30T12:00:00Z", loyalty.OfFall, posting.TierNotice(s.acc.Tier))
	s.wantLevel(t, "2027-12-31T23:00:00Z", "bronze")

	s = member2026(t, p) // who is kept needs no notice
	s.walk(
		t,
		[]step{
			{"2026-11-20T12:00:00Z", 500, "silver"},
			{"2027-11-20T12:00:00Z", 500, "silver"},
			{"2027-12-31T23:00:00Z", 0, "silver"},
		},
	)
	if want := instant(t, "2028-12-31T23:00:00Z"); !s.acc.Tier.Until.Equal(want) {
		t.Errorf("it is kept until %s, want %s", s.acc.Tier.Until, want)
	}
}

func TestANoticeThatCameBackDoesNotCountAndAnotherOneDoes(t *testing.T) {
	p := made(t, func(p *loyalty.Program) {
		p.Earn.Pending, p.Earn.Expires, p.AdvanceNotice = calendar.Wait{}, calendar.Expiry{
			After: calendar.Period{Months: 1}, RoundTo: calendar.EndOfMonth,
		}, loyalty.AdvanceNotice{Period: calendar.Period{Days: 10}, MaxExtensions: 2}
	})
	sent := func(id, at string, failed bool) remind.SentReminder {
		return remind.SentReminder{
			On: loyalty.BeforeExpiry, Subject: remind.Subject{ID: "2026-03-31"}, At: instant(t, at),
			Channel: loyalty.Email, ID: id, Failed: failed,
		}
	}
	early, late, tooLate := "2026-03-01T12:00:00Z", "2026-03-15T12:00:00Z", "2026-03-28T12:00:00Z"
	for name, c := range map[string]struct {
		sent    []remind.SentReminder
		later   string // when it is sent again, by a message that arrives
		entries int
		lots    []string
	}{
		"no other notice": {
			sent: []remind.SentReminder{sent("a", early, true)}, entries: 1, lots: []string{"100 2026-04-10"},
		},
		"another notice in time": {
			sent: []remind.SentReminder{sent("a", early, true), sent("b", late, false)}, entries: 1,
		},
		"another notice too late": {
			sent: []remind.SentReminder{sent("a", early, true), sent("b", tooLate, false)}, entries: 1,
			lots: []string{"100 2026-04-10"},
		},
		"an earlier notice": {
			sent: []remind.SentReminder{sent("b", "2026-02-28T12:00:00Z", false), sent("a", early, true)},
		},
		"it is sent again, in time": {sent: []remind.SentReminder{sent("a", early, true)}, later: late, entries: 1},
		"it is sent again, too late": {
			sent: []remind.SentReminder{sent("a", early, true)}, later: tooLate, entries: 1,
			lots: []string{"100 2026-04-10"},
		},
		"a message that did not fail": {sent: []remind.SentReminder{sent("a", early, false)}},
		"another message came back":   {sent: []remind.SentReminder{sent("b", early, true)}},
	} {
		t.Run(name, func(t *testing.T) {
			s := member2026(t, p)
			s.buy("1", 100, instant(t, "2026-02-10T12:00:00Z"))
			s.notify(t, early, loyalty.OfExpiry, posting.LotNotice(20260331))
			for _, want := range []int{c.entries, 0} { // it may be reported twice
				out, err := remind.Unnotify(
					Begin(p, s.acc, instant(t, early).Add(time.Hour)), remind.Reminded{SentReminders: c.sent}, "a",
				)
				if err != nil || len(out.Entries) != want {
					t.Fatalf("%d entries, want %d: %v", len(out.Entries), want, err)
				}
				s.took(out)
			}
			if c.later != "" {
				s.notify(t, c.later, loyalty.OfExpiry, posting.LotNotice(20260331))
			}
			if len(s.acc.Notices) != 1 {
				t.Errorf("%+v", s.acc.Notices)
			}
			s.pass(instant(t, "2026-03-31T22:00:00Z"))
			s.wantLots(t, c.lots...)
		})
	}
}

func TestALevelWhoseNoticeCameBackDoesNotFallUntilItIsSentAgain(t *testing.T) {
	p := bySpend(t, func(t *loyalty.Tiers) { t.Calendar, t.KeepYear, t.Grace = true, 2, calendar.Period{Days: 7} })
	p.AdvanceNotice = loyalty.AdvanceNotice{Period: calendar.Period{Days: 30}, MaxExtensions: 2}
	s := member2026(t, p)
	s.walk(t, []step{{"2026-11-20T12:00:00Z", 500, "silver"}})
	s.notify(t, "2027-11-30T12:00:00Z", loyalty.OfFall, posting.TierNotice(s.acc.Tier))
	subject := remind.Subject{ID: remind.TierSubject("silver", posting.ReviewAt(&p.Tiers, p.Zone, s.acc.Tier))}
	out, err := remind.Unnotify(Begin(p, s.acc, instant(t, "2027-12-01T12:00:00Z")), remind.Reminded{
		SentReminders: []remind.SentReminder{
			{On: loyalty.BeforeTier, Subject: subject, ID: "a", Channel: loyalty.Email, Failed: true},
		},
	}, "a")
	if err != nil || len(out.Entries) != 1 {
		t.Fatal(out.Entries, err)
	}
	s.took(out)
	s.wantLevel(t, "2028-01-08T23:00:00Z", "silver")
	s.notify(t, "2028-01-09T12:00:00Z", loyalty.OfFall, posting.TierNotice(s.acc.Tier))
	s.wantLevel(t, "2028-02-20T23:00:00Z", "bronze")
}

// A notice that is sent again after it was withdrawn is another entry, with another ID.
func TestNoticeAfterAWithdrawnOne(t *testing.T) {
	p := made(t, func(p *loyalty.Program) {
		p.AdvanceNotice = loyalty.AdvanceNotice{Period: calendar.Period{Days: 14}, MaxExtensions: 2}
	})
	acc := joined(t, p, noon)
	id := func(withdrawn bool, known bool) string {
		acc := acc
		if known {
			acc.Notices = []loyalty.Notice{
				{What: loyalty.OfExpiry, Subject: "2027-01-31", At: noon, Withdrawn: withdrawn},
			}
		}
		out, err := remind.Notify(Begin(p, acc, noon.Add(time.Hour)), loyalty.OfExpiry, "2027-01-31")
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Entries) == 0 {
			return ""
		}
		return out.Entries[0].Cause.ID
	}
	if got := id(false, false); got != "mem_ada:expiry:2027-01-31" {
		t.Errorf("the first notice is %q", got)
	}
	if got := id(true, true); got != "mem_ada:expiry:2027-01-31:20261201T110000Z" {
		t.Errorf("after a withdrawn notice it is %q", got)
	}
	if got := id(false, true); got != "" {
		t.Errorf("after a notice it is %q", got)
	}
}
