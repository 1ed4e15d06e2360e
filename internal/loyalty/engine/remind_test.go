package engine

import (
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
)

// reminding returns a program in Berlin with reminders. Its quiet hours are from 20:00 to 09:00.
func reminding(t testing.TB, r ...loyalty.Reminder) *loyalty.Program {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	p := &loyalty.Program{
		ID: "p", Zone: zone,
		Earning:   loyalty.Earning{Earn: loyalty.Earn{Expires: calendar.Expiry{After: calendar.Period{Months: 12}}}},
		Messaging: loyalty.Messaging{Reminders: loyalty.Reminders{QuietFrom: 20 * 60, QuietUntil: 9 * 60, Messages: r}},
	}
	if err := Compile(p); err != nil {
		t.Fatal(err)
	}
	return p
}

// anybody is a recipient with consent and an address for every channel.
var anybody = func() remind.Recipient {
	r := remind.Recipient{Reach: remind.Channels()}
	for _, c := range remind.Channels() {
		for _, p := range remind.Purposes() {
			r.Consents = r.Consents.With(remind.Consent{Channel: c, Purpose: p, Granted: true})
		}
	}
	return r
}()

func utc(s string) time.Time {
	t, err := time.Parse("2006-01-02T15:04", s)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

var lapseSteps = loyalty.Reminder{
	ID: "expire", On: loyalty.BeforeExpiry, Leads: []calendar.Period{{Days: 30}, {Days: 7}, {Days: 1}},
	Channels: []loyalty.Channel{loyalty.Email, loyalty.SMS}, Purpose: loyalty.Transactional,
}

func whoHas(lots ...loyalty.Lot) loyalty.Account {
	return loyalty.Account{
		Member: "mem_ada", Status: loyalty.Active, Joined: utc("2026-01-01T12:00"), Purse: loyalty.Purse{Lots: lots},
	}
}

// The reasons to suppress a message in the order of their checks: each case passes the checks of the cases before it.
func TestTheFirstGateThatIsShutIsTheReason(t *testing.T) {
	marketing := loyalty.Reminder{
		ID: "near", On: loyalty.NearReward, Within: 50, Channels: []loyalty.Channel{loyalty.Email},
		Purpose: loyalty.Marketing, Limits: []loyalty.Limit{{Times: 1, Per: loyalty.PerMonth}},
	}
	day := utc("2027-03-02T10:00")
	cases := []struct {
		what string
		bend func(p *loyalty.Program, acc *loyalty.Account, who *remind.Recipient, s *remind.Reminded, now *time.Time)
		why  remind.Why
		next string
	}{
		{
			"nothing", func(*loyalty.Program, *loyalty.Account, *remind.Recipient, *remind.Reminded, *time.Time) {},
			"", "",
		},
		{"no consent", func(
			_ *loyalty.Program, a *loyalty.Account, w *remind.Recipient, _ *remind.Reminded, _ *time.Time,
		) {
			a.Status, w.Consents = loyalty.Frozen, remind.Consents{
				{Channel: loyalty.Email, Purpose: loyalty.Transactional, Granted: true},
			}
		}, remind.NoConsent, ""},
		{"a consent that was taken back", func(
			_ *loyalty.Program, _ *loyalty.Account, w *remind.Recipient, _ *remind.Reminded, _ *time.Time,
		) {
			w.Consents = w.Consents.With(remind.Consent{Channel: loyalty.Email, Purpose: loyalty.Marketing, At: day})
		}, remind.NoConsent, ""},
		{"no address", func(
			_ *loyalty.Program, a *loyalty.Account, w *remind.Recipient, _ *remind.Reminded, _ *time.Time,
		) {
			a.Status, w.Reach = loyalty.Frozen, []loyalty.Channel{loyalty.SMS}
		}, remind.Unreachable, ""},
		{"frozen at night", func(
			_ *loyalty.Program, a *loyalty.Account, _ *remind.Recipient, _ *remind.Reminded, now *time.Time,
		) {
			a.Status, *now = loyalty.Frozen, utc("2027-03-02T22:00")
		}, remind.NotActive, ""},
		{"night in Berlin", func(
			p *loyalty.Program, _ *loyalty.Account, _ *remind.Recipient, s *remind.Reminded, now *time.Time,
		) {
			p.Reminders.FrequencyCaps, *now = []loyalty.FrequencyCap{
				{Channel: loyalty.Email, Times: 0, Per: loyalty.PerDay},
			}, utc("2027-03-02T22:00")
		}, remind.Quiet, "2027-03-03T08:00"},
		{"night in Tokyo, noon here", func(
			_ *loyalty.Program, a *loyalty.Account, _ *remind.Recipient, _ *remind.Reminded, now *time.Time,
		) {
			a.Traits.Zone, *now = "Asia/Tokyo", utc("2027-03-02T12:00")
		}, remind.Quiet, "2027-03-03T00:00"},
		{"an unknown zone is replaced by the program's", func(
			_ *loyalty.Program, a *loyalty.Account, _ *remind.Recipient, _ *remind.Reminded, now *time.Time,
		) {
			a.Traits.Zone, *now = "Mars/Olympus", utc("2027-03-02T22:00")
		}, remind.Quiet, "2027-03-03T08:00"},
		{"a cap of the day", func(
			p *loyalty.Program, _ *loyalty.Account, _ *remind.Recipient, s *remind.Reminded, _ *time.Time,
		) {
			p.Reminders.FrequencyCaps = []loyalty.FrequencyCap{{Channel: loyalty.Email, Times: 1, Per: loyalty.PerDay}}
			s.Sent, s.Ignored, s.Last = []remind.SentCount{{Day: 20270302, Channel: loyalty.Email, N: 1}}, 9, day
			p.Reminders.Ignored.StopAfter = 1
		}, remind.Capped, "2027-03-03T08:00"},
		{"a cap of the week, in all", func(
			p *loyalty.Program, _ *loyalty.Account, _ *remind.Recipient, s *remind.Reminded, _ *time.Time,
		) {
			p.Reminders.FrequencyCaps, s.Sent = []loyalty.FrequencyCap{
				{Channel: "", Times: 2, Per: loyalty.PerWeek},
			}, []remind.SentCount{
				{Day: 20270301, Channel: loyalty.SMS, N: 1}, {Day: 20270302, Channel: loyalty.Push, N: 1},
			}
		}, remind.Capped, "2027-03-03T08:00"}, // visited daily, as something may end the need
		{"last week's do not count", func(
			p *loyalty.Program, _ *loyalty.Account, _ *remind.Recipient, s *remind.Reminded, _ *time.Time,
		) {
			p.Reminders.FrequencyCaps, s.Sent = []loyalty.FrequencyCap{
				{Channel: "", Times: 2, Per: loyalty.PerWeek},
			}, []remind.SentCount{
				{Day: 20270227, Channel: loyalty.SMS, N: 1}, {Day: 20270228, Channel: loyalty.Push, N: 1},
			}
		}, "", ""},
		{"others' channels do not count", func(
			p *loyalty.Program, _ *loyalty.Account, _ *remind.Recipient, s *remind.Reminded, _ *time.Time,
		) {
			p.Reminders.FrequencyCaps, s.Sent = []loyalty.FrequencyCap{
				{Channel: loyalty.Email, Times: 1, Per: loyalty.PerWeek},
			}, []remind.SentCount{{Day: 20270301, Channel: loyalty.SMS, N: 5}}
		}, "", ""},
		{"one that was ignored", func(
			p *loyalty.Program, _ *loyalty.Account, _ *remind.Recipient, s *remind.Reminded, _ *time.Time,
		) {
			p.Reminders.Ignored, s.Ignored, s.Last = loyalty.IgnoredRule{
				Wait: calendar.Period{Days: 7},
			}, 2, day.AddDate(0, 0, -13)
		}, remind.Tired, "2027-03-03T08:00"},
		{"one that was ignored long enough ago", func(
			p *loyalty.Program, _ *loyalty.Account, _ *remind.Recipient, s *remind.Reminded, _ *time.Time,
		) {
			p.Reminders.Ignored, s.Ignored, s.Last = loyalty.IgnoredRule{
				Wait: calendar.Period{Days: 7},
			}, 2, day.AddDate(0, 0, -14)
		}, "", ""},
		{"too many ignored", func(
			p *loyalty.Program, _ *loyalty.Account, _ *remind.Recipient, s *remind.Reminded, _ *time.Time,
		) {
			p.Reminders.Ignored, s.Ignored = loyalty.IgnoredRule{StopAfter: 3}, 3
		}, remind.Tired, ""},
		{"its own limit", func(
			p *loyalty.Program, _ *loyalty.Account, _ *remind.Recipient, s *remind.Reminded, _ *time.Time,
		) {
			s.SentReminders = []remind.SentReminder{
				{
					Reminder: "near", On: loyalty.NearReward, Subject: remind.Subject{ID: "other"},
					At: day.AddDate(0, 0, -1), Channel: loyalty.Email,
				},
			}
		}, remind.Limited, ""},
		{"the holdout", func(
			p *loyalty.Program, _ *loyalty.Account, _ *remind.Recipient, _ *remind.Reminded, _ *time.Time,
		) {
			p.Reminders.Holdout = big.NewRat(1, 1)
		}, remind.HeldOut, ""},
	}
	for _, c := range cases {
		t.Run(c.what, func(t *testing.T) {
			p := reminding(t, marketing)
			p.Rewards = []loyalty.Reward{{ID: "mug", Cost: 130}}
			acc, who, s, now := whoHas(loyalty.Lot{Expires: 0, Points: 100}), anybody, remind.Reminded{}, day
			c.bend(p, &acc, &who, &s, &now)
			plan := remind.Remind(RemindRules(p), acc, who, s, now)
			var why remind.Why
			if len(plan.Kept) == 1 {
				why = plan.Kept[0].Why
			} else if len(plan.Held) == 1 {
				why = remind.HeldOut
			}
			if why != c.why || (why == "") != (len(plan.Send) == 1) {
				t.Errorf("%q, sent %v", why, plan.Send)
			}
			if c.next != "" && !plan.Next.Equal(utc(c.next)) {
				t.Errorf("next is %s", plan.Next)
			}
		})
	}
}

func TestNoCapAndNoHoldoutSwallowsANotice(t *testing.T) {
	p := reminding(t, lapseSteps)
	p.Reminders.FrequencyCaps, p.Reminders.Holdout = []loyalty.FrequencyCap{
		{Channel: "", Times: 1, Per: loyalty.PerMonth},
	}, big.NewRat(1, 1)
	p.Reminders.Ignored = loyalty.IgnoredRule{Wait: calendar.Period{Months: 12}, StopAfter: 1}
	now := utc("2027-03-31T10:00")
	s := remind.Reminded{
		Sent: []remind.SentCount{{Day: 20270331, Channel: loyalty.Email, N: 99}}, Ignored: 50, Last: now,
	}
	if plan := remind.Remind(
		RemindRules(p), whoHas(loyalty.Lot{Expires: 20270331, Points: 1}), anybody, s, now,
	); len(plan.Send) != 1 {
		t.Errorf("%+v", plan)
	}
}

func TestTheNextChannelTakesOverWhereTheFirstCannot(t *testing.T) {
	p, now := reminding(t, lapseSteps), utc("2027-03-31T10:00")
	who := anybody
	who.Reach = []loyalty.Channel{loyalty.SMS}
	acc := whoHas(loyalty.Lot{Expires: 20270331, Points: 1})
	plan := remind.Remind(RemindRules(p), acc, who, remind.Reminded{}, now)
	if len(plan.Send) != 1 || plan.Send[0].Channel != loyalty.SMS {
		t.Fatalf("%+v", plan)
	}
	s := remind.Reminded{}.RecordSent(&p.Compiled, p.Zone, acc, plan.Send[0], "msg", now)
	if plan := remind.Remind(RemindRules(p), acc, who, s, now); len(plan.Send) != 0 {
		t.Errorf("sent twice: %+v", plan.Send)
	}
	s, _, _ = s.Hear("msg", "failed", true, false)
	if plan := remind.Remind(RemindRules(p), acc, who, s, now); len(plan.Send) != 1 {
		t.Error("what came back is not sent again")
	}
}

// The holdout consists of the members that a hash selects. It has about the specified share of members, and includes
// all members of a smaller holdout.
func TestTheHoldoutIsAShareThatGrowsAndStays(t *testing.T) {
	p, few, many := reminding(t, lapseSteps), 0, 0
	for i := range 20_000 {
		m := loyalty.MemberID(fmt.Sprintf("mem_%d", i))
		p.Reminders.Holdout = big.NewRat(5, 100)
		small := remind.IsHeldOut(p.ID, p.Reminders.Holdout, m)
		p.Reminders.Holdout = big.NewRat(10, 100)
		large := remind.IsHeldOut(p.ID, p.Reminders.Holdout, m)
		if small && !large {
			t.Fatalf("%s leaves a holdout that grows", m)
		}
		if small {
			few++
		}
		if large {
			many++
		}
	}
	if few < 900 || few > 1100 || many < 1850 || many > 2150 {
		t.Errorf("5%% are %d of 20,000, 10%% are %d", few, many)
	}
}

// The target is 100,000 members per minute on one core.
func BenchmarkRemind(b *testing.B) {
	p := reminding(b, lapseSteps,
		loyalty.Reminder{
			ID: "near", On: loyalty.NearReward, Within: 50, Channels: []loyalty.Channel{loyalty.Email},
			Purpose: loyalty.Marketing,
		},
		loyalty.Reminder{
			ID: "idle", On: loyalty.AfterIdle, Leads: []calendar.Period{{Days: 60}},
			Channels: []loyalty.Channel{loyalty.Email}, Purpose: loyalty.Marketing,
		},
		loyalty.Reminder{
			ID: "away", On: loyalty.AfterAbsence, Leads: []calendar.Period{{Days: 90}},
			Channels: []loyalty.Channel{loyalty.Email}, Purpose: loyalty.Marketing,
		},
		loyalty.Reminder{
			ID: "birthday", On: loyalty.OnBirthday, Channels: []loyalty.Channel{loyalty.Email},
			Purpose: loyalty.Marketing,
		})
	p.Rewards = []loyalty.Reward{{ID: "mug", Cost: 130}, {ID: "gift", Cost: 900}}
	p.Reminders.FrequencyCaps = []loyalty.FrequencyCap{
		{Channel: loyalty.Email, Times: 2, Per: loyalty.PerWeek}, {Channel: "", Times: 3, Per: loyalty.PerWeek},
	}
	acc := whoHas(
		loyalty.Lot{Expires: 20270331, Points: 50}, loyalty.Lot{Expires: 20270430, Points: 30},
		loyalty.Lot{Expires: 20270531, Points: 20},
	)
	acc.Traits = loyalty.Traits{Birthday: 302, Zone: "America/New_York"}
	now := utc("2027-03-02T16:00")
	b.ReportAllocs()
	for b.Loop() {
		plan := remind.Remind(RemindRules(p), acc, anybody, remind.Reminded{}, now)
		if len(plan.Send) < 2 {
			b.Fatal(plan)
		}
		if then := remind.Remind(
			RemindRules(p), acc, anybody,
			remind.Reminded{}.RecordSent(&p.Compiled, p.Zone, acc, plan.Send[0], "m", now), now,
		); len(then.Send) != len(plan.Send)-1 {
			b.Fatal(then)
		}
	}
	b.ReportMetric(60/(b.Elapsed().Seconds()/float64(b.N)), "members/min")
}
