package loyalty

import (
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
	s.acc = out.Account
}

func TestPointsLapseOnlyIfTheMemberWasTold(t *testing.T) {
	p := made(t, func(p *Program) {
		p.Earn.Pending, p.Earn.Expires, p.NoSurprise = Wait{}, Expiry{After: Period{Months: 1}, RoundTo: EndOfMonth}, Period{Days: 30}
	})
	start := func() *shop {
		s := member2026(t, p)
		s.buy("1", 100, instant(t, "2026-02-10T12:00:00Z"))
		s.wantLots(t, "100 2026-03-31")
		return s
	}
	s := start() // told in time: 30 days before the end of the 31st, at any time of the day, and not a millisecond later
	s.notify(t, "2026-03-02T21:59:59.999Z", OfLapse, LotNotice(20260331))
	s.pass(instant(t, "2026-03-31T22:00:00Z"))
	s.wantLots(t)
	s = start()
	s.notify(t, "2026-03-02T23:00:00Z", OfLapse, LotNotice(20260331))
	s.pass(instant(t, "2026-03-31T22:00:00Z"))
	s.wantLots(t, "100 2026-04-30")
	o := s.states["1"].Order // a refund finds them where they are
	o.Refunds = []Refund{back("1", 4_000)}
	s.tell(o, instant(t, "2026-04-02T12:00:00Z"))
	s.wantLots(t, "60 2026-04-30")
	s.notify(t, "2026-04-05T12:00:00Z", OfLapse, LotNotice(20260430)) // 25 days before: still too late
	s.notify(t, "2026-04-06T12:00:00Z", OfLapse, LotNotice(20260430))
	s.pass(instant(t, "2026-04-30T22:00:00Z"))
	s.wantLots(t, "60 2026-05-30")
	s.notify(t, "2026-04-30T22:00:00Z", OfLapse, LotNotice(20260530))
	s.pass(instant(t, "2026-05-30T22:00:00Z"))
	s.wantLots(t)
	if n := len(s.acc.Notices); n != 3 {
		t.Errorf("%d notices are remembered", n)
	}
	if _, err := p.Notify(s.acc, "else", "x", s.acc.Joined); err == nil {
		t.Error("a notice of nothing was taken")
	}
}

func TestLevelsFallOnlyIfTheMemberWasTold(t *testing.T) {
	p := bySpend(t, func(t *Tiers) { t.Calendar, t.KeepYear = true, 2 })
	p.NoSurprise = Period{Days: 30}
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
		p.Earn.Pending, p.Earn.Expires, p.NoSurprise = Wait{}, Expiry{After: Period{Months: 1}, RoundTo: EndOfMonth}, Period{Days: 10}
	})
	told := func(id, at string, failed bool) Told {
		return Told{On: BeforeLapse, Subject: Subject{ID: "2026-03-31"}, At: instant(t, at), Channel: Email, ID: id, Failed: failed}
	}
	early, late, tooLate := "2026-03-01T12:00:00Z", "2026-03-15T12:00:00Z", "2026-03-28T12:00:00Z"
	for name, c := range map[string]struct {
		told    []Told
		later   string // when it is told anew, by a message that arrives
		entries int
		lots    []string
	}{
		"nothing else told it":        {told: []Told{told("a", early, true)}, entries: 1, lots: []string{"100 2026-04-10"}},
		"another told it in time":     {told: []Told{told("a", early, true), told("b", late, false)}, entries: 1},
		"another told it too late":    {told: []Told{told("a", early, true), told("b", tooLate, false)}, entries: 1, lots: []string{"100 2026-04-10"}},
		"an earlier one told it":      {told: []Told{told("b", "2026-02-28T12:00:00Z", false), told("a", early, true)}},
		"it is told anew, in time":    {told: []Told{told("a", early, true)}, later: late, entries: 1},
		"it is told anew, too late":   {told: []Told{told("a", early, true)}, later: tooLate, entries: 1, lots: []string{"100 2026-04-10"}},
		"a message that did not fail": {told: []Told{told("a", early, false)}},
		"another message came back":   {told: []Told{told("b", early, true)}},
	} {
		t.Run(name, func(t *testing.T) {
			s := member2026(t, p)
			s.buy("1", 100, instant(t, "2026-02-10T12:00:00Z"))
			s.notify(t, early, OfLapse, LotNotice(20260331))
			for _, want := range []int{c.entries, 0} { // it may be reported twice
				out, err := p.Unnotify(s.acc, Reminded{Told: c.told}, "a", instant(t, early).Add(time.Hour))
				if err != nil || len(out.Entries) != want {
					t.Fatalf("%d entries, want %d: %v", len(out.Entries), want, err)
				}
				s.acc = out.Account
			}
			if c.later != "" {
				s.notify(t, c.later, OfLapse, LotNotice(20260331))
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
	p.NoSurprise = Period{Days: 30}
	s := member2026(t, p)
	s.walk(t, []step{{"2026-11-20T12:00:00Z", 500, "silver"}})
	s.notify(t, "2027-11-30T12:00:00Z", OfFall, TierNotice(s.acc.Tier))
	subject := Subject{ID: tierSubject("silver", p.reviewAt(s.acc.Tier))}
	out, err := p.Unnotify(s.acc, Reminded{Told: []Told{{On: BeforeTier, Subject: subject, ID: "a", Channel: Email, Failed: true}}}, "a", instant(t, "2027-12-01T12:00:00Z"))
	if err != nil || len(out.Entries) != 1 {
		t.Fatal(out.Entries, err)
	}
	s.acc = out.Account
	s.wantLevel(t, "2028-01-08T23:00:00Z", "silver")
	s.notify(t, "2028-01-09T12:00:00Z", OfFall, TierNotice(s.acc.Tier))
	s.wantLevel(t, "2028-02-20T23:00:00Z", "bronze")
}
