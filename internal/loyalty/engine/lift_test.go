package engine

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
)

// Half of the members order every week, with or without a message, and half never do, so that reminders change nothing.
// The limits for members who ignore messages also apply in the holdout, like caps and limits. Otherwise members who act
// would be over-represented among the recipients.
func TestRemindersThatChangeNothingHaveNoLift(t *testing.T) {
	weekly := func(id string) loyalty.Reminder {
		r := loyalty.Reminder{
			ID: id, On: loyalty.Scheduled, Channels: []loyalty.Channel{loyalty.Email}, Purpose: loyalty.Marketing,
			Limits: []loyalty.Limit{{Times: 2, Per: loyalty.PerMonth}},
		}
		for week := range 20 {
			r.At = append(r.At, utc("2027-03-01T10:00").AddDate(0, 0, 7*week))
		}
		return r
	}
	rules := map[string]func(r *loyalty.Reminders){
		"none":  func(*loyalty.Reminders) {},
		"stop":  func(r *loyalty.Reminders) { r.Ignored.StopAfter = 2 },
		"decay": func(r *loyalty.Reminders) { r.Ignored.Wait = calendar.Period{Days: 10} },
		"a cap": func(r *loyalty.Reminders) {
			r.FrequencyCaps = []loyalty.FrequencyCap{{Channel: loyalty.Email, Times: 3, Per: loyalty.PerMonth}}
		},
		"all": func(r *loyalty.Reminders) {
			r.Ignored, r.FrequencyCaps = loyalty.IgnoredRule{
				Wait: calendar.Period{Days: 2}, StopAfter: 3,
			}, []loyalty.FrequencyCap{{Channel: "", Times: 1, Per: loyalty.PerDay}}
		},
		"no consent, so": func(r *loyalty.Reminders) {
			r.Messages[0].Channels, r.Ignored.StopAfter = []loyalty.Channel{loyalty.SMS}, 2
		},
	}
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			p := reminding(t, weekly("a"), weekly("b"))
			p.Reminders.Holdout = big.NewRat(1, 2)
			rule(&p.Reminders)
			who := anybody
			who.Consents = remind.Consents{
				{Channel: loyalty.Email, Purpose: loyalty.Marketing, Granted: true},
				{Channel: loyalty.SMS, Purpose: loyalty.Transactional, Granted: true},
			}
			for _, reminder := range []string{"a", "b"} {
				var ended, acted [2]int64 // of those sent to, and of those held out
				for _, m := range sameOfEachKind(p) {
					for _, e := range liveWithReminders(p, m, who) {
						group := 0
						if e.Held {
							group = 1
						}
						if e.Reminder == reminder {
							ended[group]++
						}
						if e.Reminder == reminder && e.Acted {
							acted[group]++
						}
					}
				}
				if ended[0] != ended[1] || acted[0] != acted[1] {
					t.Errorf(
						"%s: %d of %d acted, and %d of %d who were held out", reminder, acted[0], ended[0], acted[1],
						ended[1],
					)
				}
				if l, ok := remind.LiftOf(acted[0], ended[0], acted[1], ended[1]); ok && l.Points != 0 ||
					!ok && name != "no consent, so" {
					t.Errorf("%s: %+v", reminder, l)
				}
			}
		})
	}
}

// An aMember orders every week, or never.
type aMember struct {
	id     loyalty.MemberID
	orders bool
}

// sameOfEachKind returns members of whom, for each kind, as many are in the holdout as not.
func sameOfEachKind(p *loyalty.Program) (members []aMember) {
	n := map[bool]int{}
	for i := 0; len(members) < 80; i++ {
		m := loyalty.MemberID(fmt.Sprint("mem_", i))
		if held := remind.IsHeldOut(p.ID, p.Reminders.Holdout, m); n[held] < 40 {
			members = append(members, aMember{m, n[held]%2 == 0})
			n[held]++
		}
	}
	return members
}

// liveWithReminders returns the outcomes of all messages of half a year.
func liveWithReminders(p *loyalty.Program, m aMember, who remind.Recipient) (ended []remind.Settled) {
	acc, s := whoHas(loyalty.Lot{Expires: 0, Points: 100}), remind.Reminded{}
	acc.Member = m.id
	for day := range 180 {
		now, some := utc("2027-03-01T11:00").AddDate(0, 0, day), []remind.Settled(nil)
		if m.orders && day%7 == 3 {
			redeemed := loyalty.Entry{
				Sequence: s.Seen + 1, Kind: loyalty.KindRedeem, Effective: now,
				Detail: loyalty.Detail{Subject: loyalty.Subject{Redemption: &loyalty.Redemption{ID: "rd"}}},
			}
			s = s.Digest(&p.Compiled, &p.Reminders, p.Zone, acc, []loyalty.Entry{redeemed}, now)
		}
		s, some = s.Settle(&p.Compiled, &p.Reminders, p.Zone, acc, now)
		ended = append(ended, some...)
		first := func() (remind.News, bool, bool) { return remind.Remind(RemindRules(p), acc, who, s, now).First() }
		for n, held, ok := first(); ok; n, held, ok = first() {
			if held {
				s = s.HoldOut(&p.Compiled, p.Zone, acc, n, now)
				continue
			}
			s = s.RecordSent(&p.Compiled, p.Zone, acc, n, "msg", now)
		}
	}
	return ended
}
