package loyalty

import (
	"fmt"
	"testing"
	"time"
)

func (s *shop) notify(t *testing.T, at string, what NoticeOf, subject string) {
	t.Helper()
	s.pass(instant(t, at))
	out, err := s.p.Notify(s.acc, what, subject, instant(t, at))
	if err != nil {
		t.Fatal(err)
	}
	s.took(out)
}

func TestPointsLapseOnlyIfTheMemberWasTold(t *testing.T) {
	p := made(t, func(p *Program) {
		p.Earn.Pending, p.Earn.Expires, p.AdvanceNotice = Wait{}, Expiry{After: Period{Months: 1}, RoundTo: EndOfMonth}, AdvanceNotice{Period{Days: 30}, 2}
		p.Reminders = Reminders{Messages: []Reminder{{On: BeforeExpiry, Leads: []Period{{Days: 30}}, Channels: []Channel{Email}}}}
	})
	start := func() *shop {
		s := member2026(t, p)
		s.inChannels(t, "2026-01-02T12:00:00Z", byEmail)
		s.buy("1", 100, instant(t, "2026-02-10T12:00:00Z"))
		s.wantLots(t, "100 2026-03-31")
		return s
	}
	s := start() // told in time: 30 days before the end of the 31st, at any time of the day, and not a millisecond later
	s.notify(t, "2026-03-02T21:59:59.999Z", OfExpiry, LotNotice(20260331))
	s.pass(instant(t, "2026-03-31T22:00:00Z"))
	s.wantLots(t)
	s = start()
	s.notify(t, "2026-03-02T23:00:00Z", OfExpiry, LotNotice(20260331))
	s.pass(instant(t, "2026-03-31T22:00:00Z"))
	s.wantLots(t, "100 2026-04-30")
	o := s.states["1"].Order // a refund finds them where they are
	o.Refunds = []Refund{back("1", 4_000)}
	s.tell(o, instant(t, "2026-04-02T12:00:00Z"))
	s.wantLots(t, "60 2026-04-30")
	s.notify(t, "2026-04-05T12:00:00Z", OfExpiry, LotNotice(20260430)) // 25 days before: still too late
	s.notify(t, "2026-04-06T12:00:00Z", OfExpiry, LotNotice(20260430))
	s.pass(instant(t, "2026-04-30T22:00:00Z"))
	s.wantLots(t, "60 2026-05-30")
	s.notify(t, "2026-04-30T22:00:00Z", OfExpiry, LotNotice(20260530))
	s.pass(instant(t, "2026-05-30T22:00:00Z"))
	s.wantLots(t)
	if n := len(s.acc.Notices); n != 2 {
		t.Errorf("%d notices are remembered; those of days that are over need not be", n)
	}
	if _, err := p.Notify(s.acc, "else", "x", s.acc.Joined); err == nil {
		t.Error("a notice of nothing was taken")
	}
}

// told visits the member as the reminders' schedule does, and gives the notices of what goes out, until an instant. The first
// so many messages come back.
func (s *shop) told(t *testing.T, from, until string, back int) (sent int) {
	t.Helper()
	var state Reminded
	for at := instant(t, from); at.Before(instant(t, until)); {
		s.pass(at)
		plan := s.p.Remind(s.acc, anybody, state, at)
		for _, n := range plan.Send {
			sent++
			state = state.RecordSent(s.p, s.acc, n, "msg", at)
			if sent <= back {
				continue
			}
			subjects := []string{TierNotice(s.acc.Tier)}
			if n.On == BeforeExpiry {
				subjects = nil
				for _, l := range n.Lots {
					subjects = append(subjects, LotNotice(l.Expires))
				}
			}
			for _, subject := range subjects {
				s.notify(t, at.Format(time.RFC3339), map[Trigger]NoticeOf{BeforeExpiry: OfExpiry, BeforeTier: OfFall}[n.On], subject)
			}
		}
		at = plan.Next
	}
	return sent
}

// A reminder that comes as long before as the promise wants is in time, also where the level ends in the middle of a day, and
// what was put off because it came back is told of in time for the new end.
func TestWhatIsPutOffIsToldOfInTimeAndThenHappens(t *testing.T) {
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
		p := bySpend(t, func(t *Tiers) { t.Months, t.KeepFor = 1, Period{Months: 3} })
		p.AdvanceNotice, p.Reminders = AdvanceNotice{Period{Days: 30}, 2}, Reminders{QuietFrom: 20 * 60, QuietUntil: 9 * 60, Messages: []Reminder{
			{ID: "risk", On: BeforeTier, Leads: []Period{{Days: 30}}, Channels: []Channel{Email}, Purpose: Transactional},
		}}
		s := member2026(t, p)
		s.walk(t, []step{{c.placed, 500, "silver"}})
		falls := instant(t, c.falls)
		s.told(t, c.placed, "2026-10-01T00:00:00Z", c.back)
		if !s.acc.Tier.Since.Equal(falls) || s.acc.Tier.Level != "bronze" {
			t.Errorf("placed %s, %d came back: %s since %s, want bronze since %s", c.placed, c.back, s.acc.Tier.Level, s.acc.Tier.Since, falls)
		}
	}
}

// What a message asks for is what keeps the level, all of it, and by when.
func TestAMessageOfALevelThatEndsSaysWhatKeepsIt(t *testing.T) {
	risk := Reminders{QuietFrom: 20 * 60, QuietUntil: 9 * 60, Messages: []Reminder{
		{ID: "risk", On: BeforeTier, Leads: []Period{{Months: 6}}, Channels: []Channel{Email}, Purpose: Transactional},
		{ID: "near", On: NearTier, Within: 500_000, Channels: []Channel{Email}, Purpose: Transactional},
	}}
	for _, c := range []struct {
		what    string
		tiers   func(*Tiers)
		now     string
		missing int64
		by      Measure
		before  string
		besides int
	}{
		{"in the year", func(*Tiers) {}, "2027-12-01T12:00:00Z", 10_000, BySpend, "2027-12-31T23:00:00Z", 0},
		{"in grace, which counts for the year that began", func(t *Tiers) { t.Grace = Period{Days: 60} }, "2028-01-12T12:00:00Z", 50_000, BySpend, "2028-02-29T23:00:00Z", 0},
		{"of two measures", func(t *Tiers) {
			t.Levels = []Level{{ID: "bronze"}, {ID: "silver", Needs: []Need{{BySpend, 50_000}, {ByOrders, 1}}}}
			t.Ways = [][]Measure{{BySpend, ByOrders}}
		}, "2028-01-12T12:00:00Z", 50_000, BySpend, "2028-02-29T23:00:00Z", 1},
	} {
		p := bySpend(t, func(x *Tiers) {
			x.Calendar, x.KeepYear, x.Grace = true, 2, map[bool]Period{true: {Days: 60}}[c.besides > 0]
			c.tiers(x)
		})
		p.Reminders = risk
		s := member2026(t, p)
		s.walk(t, []step{{"2026-11-20T12:00:00Z", 500, "silver"}, {"2027-06-01T12:00:00Z", 400, "silver"}})
		now := instant(t, c.now)
		s.pass(now)
		var got []News
		for _, n := range p.Remind(s.acc, anybody, Reminded{}, now).Send {
			if n.On == BeforeTier {
				got = append(got, n)
			}
		}
		if len(got) != 1 || got[0].Missing != c.missing || got[0].By != c.by || !got[0].Before.Equal(instant(t, c.before)) || len(got[0].Besides) != c.besides {
			t.Errorf("%s: %+v", c.what, got)
		}
	}
}

func TestAsManyNoticesAreRememberedAsLotsCanLapse(t *testing.T) {
	p := made(t, func(p *Program) {
		p.Earn.Pending, p.Earn.Expires, p.AdvanceNotice = Wait{}, Expiry{After: Period{Months: 3}, RoundTo: EndOfDay}, AdvanceNotice{Period{Days: 30}, 2}
		p.Reminders = Reminders{QuietFrom: 20 * 60, QuietUntil: 9 * 60, Messages: []Reminder{
			{ID: "expire", On: BeforeExpiry, Leads: []Period{{Days: 40}}, Channels: []Channel{Email}, Purpose: Transactional},
		}}
	})
	s := member2026(t, p)
	for d := range 20 {
		at := instant(t, "2026-01-02T12:00:00Z").AddDate(0, 0, d)
		s.pass(at)
		s.buy(fmt.Sprint(d), 10, at)
	}
	s.told(t, "2026-01-21T13:00:00Z", "2026-05-01T00:00:00Z", 0)
	s.wantLots(t)
	if last := s.acc.LastActivity; !last.Equal(instant(t, "2026-01-21T12:00:00Z")) || len(s.acc.Notices) > 20 {
		t.Errorf("%d notices", len(s.acc.Notices))
	}
}

func TestLevelsFallOnlyIfTheMemberWasTold(t *testing.T) {
	p := bySpend(t, func(t *Tiers) { t.Calendar, t.KeepYear = true, 2 })
	p.AdvanceNotice = AdvanceNotice{Period{Days: 30}, 2}
	s := member2026(t, p)
	s.walk(t, []step{{"2026-11-20T12:00:00Z", 500, "silver"}, {"2027-12-31T23:00:00Z", 0, "silver"}})
	if want := instant(t, "2028-01-30T23:00:00Z"); !s.acc.Tier.Until.Equal(want) {
		t.Errorf("it is kept until %s, want %s", s.acc.Tier.Until, want)
	}
	s.notify(t, "2027-12-31T23:00:00Z", OfFall, TierNotice(s.acc.Tier))
	s.wantLevel(t, "2028-01-30T22:59:59Z", "silver")
	s.wantLevel(t, "2028-01-30T23:00:00Z", "bronze")

	s = member2026(t, p)
	s.walk(t, []step{{"2026-11-20T12:00:00Z", 500, "silver"}})
	s.notify(t, "2027-11-30T12:00:00Z", OfFall, TierNotice(s.acc.Tier))
	s.wantLevel(t, "2027-12-31T23:00:00Z", "bronze")

	s = member2026(t, p) // who is kept needs no notice
	s.walk(t, []step{{"2026-11-20T12:00:00Z", 500, "silver"}, {"2027-11-20T12:00:00Z", 500, "silver"}, {"2027-12-31T23:00:00Z", 0, "silver"}})
	if want := instant(t, "2028-12-31T23:00:00Z"); !s.acc.Tier.Until.Equal(want) {
		t.Errorf("it is kept until %s, want %s", s.acc.Tier.Until, want)
	}
}

func TestANoticeThatCameBackDoesNotCountAndAnotherOneDoes(t *testing.T) {
	p := made(t, func(p *Program) {
		p.Earn.Pending, p.Earn.Expires, p.AdvanceNotice = Wait{}, Expiry{After: Period{Months: 1}, RoundTo: EndOfMonth}, AdvanceNotice{Period{Days: 10}, 2}
	})
	told := func(id, at string, failed bool) SentReminder {
		return SentReminder{On: BeforeExpiry, Subject: Subject{ID: "2026-03-31"}, At: instant(t, at), Channel: Email, ID: id, Failed: failed}
	}
	early, late, tooLate := "2026-03-01T12:00:00Z", "2026-03-15T12:00:00Z", "2026-03-28T12:00:00Z"
	for name, c := range map[string]struct {
		told    []SentReminder
		later   string // when it is told anew, by a message that arrives
		entries int
		lots    []string
	}{
		"nothing else told it":        {told: []SentReminder{told("a", early, true)}, entries: 1, lots: []string{"100 2026-04-10"}},
		"another told it in time":     {told: []SentReminder{told("a", early, true), told("b", late, false)}, entries: 1},
		"another told it too late":    {told: []SentReminder{told("a", early, true), told("b", tooLate, false)}, entries: 1, lots: []string{"100 2026-04-10"}},
		"an earlier one told it":      {told: []SentReminder{told("b", "2026-02-28T12:00:00Z", false), told("a", early, true)}},
		"it is told anew, in time":    {told: []SentReminder{told("a", early, true)}, later: late, entries: 1},
		"it is told anew, too late":   {told: []SentReminder{told("a", early, true)}, later: tooLate, entries: 1, lots: []string{"100 2026-04-10"}},
		"a message that did not fail": {told: []SentReminder{told("a", early, false)}},
		"another message came back":   {told: []SentReminder{told("b", early, true)}},
	} {
		t.Run(name, func(t *testing.T) {
			s := member2026(t, p)
			s.buy("1", 100, instant(t, "2026-02-10T12:00:00Z"))
			s.notify(t, early, OfExpiry, LotNotice(20260331))
			for _, want := range []int{c.entries, 0} { // it may be reported twice
				out, err := p.Unnotify(s.acc, Reminded{SentReminders: c.told}, "a", instant(t, early).Add(time.Hour))
				if err != nil || len(out.Entries) != want {
					t.Fatalf("%d entries, want %d: %v", len(out.Entries), want, err)
				}
				s.took(out)
			}
			if c.later != "" {
				s.notify(t, c.later, OfExpiry, LotNotice(20260331))
			}
			if len(s.acc.Notices) != 1 {
				t.Errorf("%+v", s.acc.Notices)
			}
			s.pass(instant(t, "2026-03-31T22:00:00Z"))
			s.wantLots(t, c.lots...)
		})
	}
}

func TestALevelWhoseNoticeCameBackDoesNotFallUntilItIsToldAnew(t *testing.T) {
	p := bySpend(t, func(t *Tiers) { t.Calendar, t.KeepYear, t.Grace = true, 2, Period{Days: 7} })
	p.AdvanceNotice = AdvanceNotice{Period{Days: 30}, 2}
	s := member2026(t, p)
	s.walk(t, []step{{"2026-11-20T12:00:00Z", 500, "silver"}})
	s.notify(t, "2027-11-30T12:00:00Z", OfFall, TierNotice(s.acc.Tier))
	subject := Subject{ID: tierSubject("silver", p.reviewAt(s.acc.Tier))}
	out, err := p.Unnotify(s.acc, Reminded{SentReminders: []SentReminder{{On: BeforeTier, Subject: subject, ID: "a", Channel: Email, Failed: true}}}, "a", instant(t, "2027-12-01T12:00:00Z"))
	if err != nil || len(out.Entries) != 1 {
		t.Fatal(out.Entries, err)
	}
	s.took(out)
	s.wantLevel(t, "2028-01-08T23:00:00Z", "silver")
	s.notify(t, "2028-01-09T12:00:00Z", OfFall, TierNotice(s.acc.Tier))
	s.wantLevel(t, "2028-02-20T23:00:00Z", "bronze")
}

// A notice that is sent again after it was withdrawn is another entry, with another ID.
func TestNoticeAfterAWithdrawnOne(t *testing.T) {
	p := made(t, func(p *Program) { p.AdvanceNotice = AdvanceNotice{Period{Days: 14}, 2} })
	acc := joined(t, p, noon)
	id := func(withdrawn bool, known bool) string {
		acc := acc
		if known {
			acc.Notices = []Notice{{OfExpiry, "2027-01-31", noon, withdrawn}}
		}
		out, err := p.Notify(acc, OfExpiry, "2027-01-31", noon.Add(time.Hour))
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

// An account remembers the latest notice of each subject. It forgets notices of days that are over, and the oldest
// notice if there are too many.
func TestNoticesThatAnAccountRemembers(t *testing.T) {
	notice := func(what NoticeOf, subject string) Notice {
		return Notice{What: what, Subject: subject, At: noon.Add(-1)}
	}
	list := []Notice{
		notice(OfExpiry, "2026-11-29"), notice(OfExpiry, "2026-11-30"), notice(OfExpiry, "2026-12-01"),
		notice(OfFall, "2026-11-29"), notice(OfFall, "silver"),
	}
	for _, c := range []struct {
		add  Notice
		want []string
	}{
		{notice(OfExpiry, "2027-01-31"), []string{"2026-11-30", "2026-12-01", "2026-11-29", "silver", "2027-01-31"}},
		{notice(OfExpiry, "2026-12-01"), []string{"2026-11-30", "2026-11-29", "silver", "2026-12-01"}},
		{notice(OfFall, "gold"), []string{"2026-11-29", "2026-11-30", "2026-12-01", "2026-11-29", "silver", "gold"}},
		{notice(OfFall, "2026-11-29"), []string{"2026-11-29", "2026-11-30", "2026-12-01", "silver", "2026-11-29"}},
	} {
		var got []string
		for _, n := range addNotice(list, c.add) {
			got = append(got, n.Subject)
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("after %s of %s: %q, want %q", c.add.What, c.add.Subject, got, c.want)
		}
	}
	full := []Notice{}
	for i := range maxNotices + 1 {
		full = addNotice(full, notice(OfFall, fmt.Sprint(i)))
	}
	if len(full) != maxNotices || full[0].Subject != "1" {
		t.Errorf("it remembers %d notices from %s on", len(full), full[0].Subject)
	}
}
