package engine

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
)

func TestLotIsReportedAtTheLatestDueStep(t *testing.T) {
	p, acc := reminding(t, lapseSteps), whoHas(loyalty.Lot{Expires: 20270331, Points: 200})
	for now, want := range map[string]string{
		"2027-02-28T12:00": "", "2027-03-02T07:59": "", "2027-03-02T08:00": "0", "2027-03-20T12:00": "0",
		"2027-03-25T07:00": "",
		"2027-03-25T08:00": "1", "2027-03-29T12:00": "1", "2027-03-31T07:00": "2", "2027-04-01T08:00": "",
	} {
		plan := remind.Remind(RemindRules(p), acc, anybody, remind.Reminded{}, utc(now))
		got := ""
		for _, n := range plan.Send {
			got += fmt.Sprint(n.Step)
			if n.Day != 20270331 || n.Points != 200 {
				t.Errorf("%s: %+v", now, n)
			}
		}
		if got != want {
			t.Errorf("%s: step %q, not %q; next %s", now, got, want, plan.Next)
		}
		if !plan.Next.After(utc(now)) {
			t.Errorf("%s: the next visit is %s", now, plan.Next)
		}
	}
}

func TestDaysUseTheMembersTimeZone(t *testing.T) {
	p, acc, now := reminding(t, lapseSteps), whoHas(
		loyalty.Lot{Expires: 20270331, Points: 200},
	), utc("2027-03-30T20:00")
	acc.Traits.Zone = "America/Los_Angeles"
	plan := remind.Remind(RemindRules(p), acc, anybody, remind.Reminded{}, now)
	if len(plan.Send) != 1 || plan.Send[0].Zone.String() != acc.Traits.Zone || !plan.Send[0].At.Equal(now) {
		t.Fatalf("%+v", plan.Send)
	}
	ends := plan.Send[0].Until // 31 March, 15:00 there
	for now, want := range map[string]calendar.Date{
		"2027-03-30T20:00": 20270330, "2027-03-31T06:59": 20270330, "2027-03-31T07:00": 0, "2027-03-31T21:59": 0,
	} {
		day, ok := calendar.LastDay(ends, utc(now), plan.Send[0].Zone)
		if ok != (want != 0) || ok && day != want {
			t.Errorf("%s: %s, %t", now, day, ok)
		}
	}
	if day, ok := calendar.LastDay(ends, utc("2027-03-31T21:59"), p.Zone); !ok || day != 20270331 {
		t.Errorf("%s, %t", day, ok)
	}
}

// A member who never ordered has no last order, and neither has a member whose only order was canceled.
func TestAnAbsenceSaysWhetherThereWasAnOrder(t *testing.T) {
	p := reminding(
		t,
		loyalty.Reminder{
			ID: "away", On: loyalty.AfterAbsence, Leads: []calendar.Period{{Days: 60}},
			Channels: []loyalty.Channel{loyalty.Email},
		},
	)
	for _, c := range []struct {
		what    string
		metrics []loyalty.Metric
		ordered bool
	}{
		{"no order", nil, false},
		{"one", []loyalty.Metric{{Month: 202601, Orders: 1}}, true},
		{"one, long ago", []loyalty.Metric{{Orders: 1}}, true},
		{"one that was canceled", []loyalty.Metric{{Month: 202601, Orders: 1}, {Month: 202602, Orders: -1}}, false},
	} {
		acc := whoHas()
		acc.Metrics = c.metrics
		plan := remind.Remind(RemindRules(p), acc, anybody, remind.Reminded{}, utc("2026-06-01T10:00"))
		if len(plan.Send) != 1 || plan.Send[0].Ordered != c.ordered {
			t.Errorf("%s: %+v", c.what, plan.Send)
		}
	}
}

func TestLotsThatExpireCloseToEachOtherAreOneMessage(t *testing.T) {
	p := reminding(t, lapseSteps)
	acc, now := whoHas(
		loyalty.Lot{Expires: 20270331, Points: 100}, loyalty.Lot{Expires: 20270403, Points: 50},
		loyalty.Lot{Expires: 20270430, Points: 70},
	), utc("2027-03-02T10:00")
	plan := remind.Remind(RemindRules(p), acc, anybody, remind.Reminded{}, now)
	if len(plan.Send) != 1 || plan.Send[0].Points != 150 || len(plan.Send[0].Lots) != 2 {
		t.Fatalf("%+v", plan.Send)
	}
	s := remind.Reminded{}.RecordSent(&p.Compiled, p.Zone, acc, plan.Send[0], "msg", now)
	for d := range 22 { // the second is not sent again at the step at which it was reported, and both are at the next
		now := now.AddDate(0, 0, d)
		if plan := remind.Remind(RemindRules(p), acc, anybody, s, now); len(plan.Send) > 0 {
			t.Errorf("%s: %+v", now, plan.Send)
		}
	}
	limited := *p
	limited.Reminders.Messages = []loyalty.Reminder{lapseSteps}
	limited.Reminders.Messages[0].Limits = []loyalty.Limit{{Times: 1, Per: loyalty.PerYear}}
	if plan := remind.Remind(RemindRules(&limited), acc, anybody, s, utc("2027-03-25T10:00")); len(plan.Send) != 1 {
		t.Errorf("a limit lets points expire in silence: %+v", plan)
	}
	if at := s.Noticed(20270403); !at.Equal(now) {
		t.Errorf("noticed at %s", at)
	}
	if plan := remind.Remind(RemindRules(p), acc, anybody, s, utc("2027-03-25T10:00")); len(plan.Send) != 1 ||
		plan.Send[0].Step != 1 {
		t.Errorf("%+v", plan.Send)
	}
	if at := s.Noticed(20270430); !at.IsZero() {
		t.Errorf("noticed at %s", at)
	}
}

func TestABirthdayIsWishedOnTheDayAndOnNoOther(t *testing.T) {
	p := reminding(
		t,
		loyalty.Reminder{
			ID: "b", On: loyalty.OnBirthday, Channels: []loyalty.Channel{loyalty.Email}, Purpose: loyalty.Marketing,
		},
	)
	acc := whoHas(loyalty.Lot{Expires: 0, Points: 5})
	acc.Traits = loyalty.Traits{Birthday: 229, Zone: "America/New_York"}
	for now, want := range map[string]bool{
		"2027-02-28T13:59": false, "2027-02-28T14:00": true, "2027-02-28T23:00": true, "2027-03-01T15:00": false,
		"2027-02-27T15:00": false,
		"2028-02-28T15:00": false, "2028-02-29T15:00": true,
	} {
		if plan := remind.Remind(
			RemindRules(p), acc, anybody, remind.Reminded{}, utc(now),
		); (len(plan.Send) == 1) != want {
			t.Errorf("%s: %+v", now, plan.Send)
		}
	}
}

func TestAGiftCardThatIsUsedInPartIsNotCalledUnusedAndStillEnds(t *testing.T) {
	unused := loyalty.Reminder{
		ID: "unused", On: loyalty.AfterClaim, Leads: []calendar.Period{{Days: 7}},
		Channels: []loyalty.Channel{loyalty.Email}, Purpose: loyalty.Marketing,
	}
	ending := loyalty.Reminder{
		ID: "ending", On: loyalty.BeforeCode, Leads: []calendar.Period{{Days: 20}},
		Channels: []loyalty.Channel{loyalty.Email}, Purpose: loyalty.Transactional,
	}
	p, now := reminding(t, unused, ending), utc("2027-03-15T10:00")
	for begun, want := range map[bool]string{false: "ending unused ", true: "ending "} {
		who, got := anybody, ""
		who.Codes = []remind.UnusedCode{
			{Redemption: "rd", Code: "C", At: now.AddDate(0, 0, -10), Until: now.AddDate(0, 0, 18)},
		}
		if begun {
			who.Begun = []string{"rd"}
		}
		for _, n := range remind.Remind(RemindRules(p), whoHas(), who, remind.Reminded{}, now).Send {
			got += n.Reminder + " "
		}
		if got != want {
			t.Errorf("begun %v: %q", begun, got)
		}
	}
}

// A reminder with a condition is for members for whom the condition holds. If the condition cannot be evaluated, the
// reminder is for no member.
func TestAReminderIsForWhomItsConditionHolds(t *testing.T) {
	now := utc("2027-03-02T10:00")
	for what, c := range map[string]struct {
		when condition
		said bool
	}{
		"holds": {
			func(f *loyalty.Facts) (bool, error) { return f.Buyer.Orders == 3 && f.Buyer.Segments[0] == "vip", nil },
			true,
		},
		"does not": {func(f *loyalty.Facts) (bool, error) { return f.Buyer.Orders > 3, nil }, false},
		"fails":    {func(*loyalty.Facts) (bool, error) { return true, errors.New("too much work") }, false},
	} {
		p := reminding(
			t,
			loyalty.Reminder{
				ID: "joined", On: loyalty.AfterJoining, Channels: []loyalty.Channel{loyalty.Email},
				Purpose: loyalty.Marketing, When: c.when,
			},
		)
		acc := whoHas()
		acc.Joined = now.AddDate(0, 0, -1)
		acc.Metrics, acc.Traits.Segments = []loyalty.Metric{{Month: 202703, Orders: 3}}, []string{"vip"}
		if plan := remind.Remind(
			RemindRules(p), acc, anybody, remind.Reminded{}, now,
		); (len(plan.Send) == 1) != c.said {
			t.Errorf("%s: %+v", what, plan.Send)
		}
	}
}

// The next reward is one that the member can redeem: an event with a future date and remaining capacity, but not a full
// or past one.
func TestTheNextRewardIsOneThatCanBeHad(t *testing.T) {
	now := utc("2027-03-02T10:00")
	tasting := func(days int) loyalty.Reward {
		return loyalty.Reward{
			ID: "tasting", Cost: 130, Dates: []loyalty.RewardDate{{ID: "d", At: now.AddDate(0, 0, days), Capacity: 2}},
		}
	}
	for what, c := range map[string]struct {
		reward loyalty.Reward
		left   earn.Budgets
		near   bool
	}{
		"a date ahead":        {tasting(3), nil, true},
		"a date with places":  {tasting(3), earn.Budgets{"rewards.tasting@d": 1}, true},
		"a date without":      {tasting(3), earn.Budgets{"rewards.tasting@d": 0}, false},
		"a date that is past": {tasting(-3), nil, false},
		"units left": {
			loyalty.Reward{ID: "mug", Cost: 130, StockBatches: []loyalty.StockBatch{{Quantity: 5}}},
			earn.Budgets{"rewards.mug": 1},
			true,
		},
		"none left": {
			loyalty.Reward{ID: "mug", Cost: 130, StockBatches: []loyalty.StockBatch{{Quantity: 5}}},
			earn.Budgets{"rewards.mug": 0},
			false,
		},
		"none released so far": {
			loyalty.Reward{
				ID: "mug", Cost: 130, StockBatches: []loyalty.StockBatch{{At: now.Add(time.Hour), Quantity: 5}},
			},
			nil, false,
		},
		"as many as anybody wants": {loyalty.Reward{ID: "mug", Cost: 130}, nil, true},
	} {
		p := reminding(
			t,
			loyalty.Reminder{
				ID: "near", On: loyalty.NearReward, Within: 50, Channels: []loyalty.Channel{loyalty.Email},
				Purpose: loyalty.Marketing,
			},
		)
		p.Rewards = []loyalty.Reward{c.reward}
		who := anybody
		who.Left = c.left
		if plan := remind.Remind(
			RemindRules(p), whoHas(loyalty.Lot{Expires: 0, Points: 100}), who, remind.Reminded{}, now,
		); (len(plan.Send) == 1) != c.near {
			t.Errorf("%s: %+v", what, plan.Send)
		}
	}
}
