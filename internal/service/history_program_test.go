package service_test

import (
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
)

// asked is a condition that a test defines.
type asked struct {
	source  string
	holds   func(*loyalty.Facts) (bool, error)
	numbers int // the greatest order number that it uses
}

func (a asked) Holds(f *loyalty.Facts) (bool, error) { return a.holds(f) }

func (a asked) OrderNumbers() int { return a.numbers }

func (a asked) String() string { return a.source }

func pick[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }

// historyProgram returns the program of the bench with all features of programs. It draws features that exclude each
// other or can be combined differently.
func historyProgram(tb testing.TB, p *loyalty.Program, rng *rand.Rand) *loyalty.Program {
	days := func(n int) calendar.Period { return calendar.Period{Days: n} }
	p.Earn.Pending = pick(rng,
		calendar.Wait{For: days(14)}, calendar.Wait{Manual: true}, calendar.Wait{On: []calendar.Day{101, 229, 701}},
		calendar.Wait{Until: calendar.WhenDelivered, For: days(14), Within: days(45)},
		calendar.Wait{Until: calendar.WhenShipped, Within: days(9)})
	p.Earn.Expires = pick(rng,
		calendar.Expiry{After: calendar.Period{Months: 12}, RoundTo: calendar.EndOfMonth},
		calendar.Expiry{
			After: calendar.Period{Months: 3}, Inactive: true,
			ResetBy: []string{"order", "redemption", "visit.completed"},
		},
		calendar.Expiry{On: []calendar.Day{229, 630, 1231}, After: days(60)},
		calendar.Expiry{Anniversary: calendar.OfTier, After: days(30)})
	p.Earn.Rounding = pick(rng, loyalty.Down, loyalty.Nearest, loyalty.Up, loyalty.HalfEven)
	p.Earn.Carry = rng.IntN(2) == 0
	p.Earn.Counts = loyalty.Counts{Items: true, Shipping: rng.IntN(2) == 0, Tax: rng.IntN(2) == 0}
	p.Earn.Caps = pick(rng, nil, []loyalty.Cap{
		{Points: 120, Per: loyalty.PerOrder},
		{Points: 150, Per: loyalty.PerDay, Reject: rng.IntN(2) == 0},
		{Points: 900, Per: loyalty.PerMonth},
	})
	p.Clawback = pick(
		rng, loyalty.ClawbackDebt, loyalty.ClawbackWithinBalance, loyalty.ClawbackPendingOnly,
		loyalty.ClawbackUnlimited,
	)
	p.MaxDebt = pick[loyalty.Points](rng, 0, 100)
	historyTiers(p, rng)
	historyRules(p)
	historyActions(p)
	historyRewards(p, rng)
	p.Redemption.Auto = pick(rng, loyalty.Auto{}, loyalty.Auto{}, loyalty.Auto{Reward: "five-off", At: 700, Limit: 2})
	p.AdvanceNotice = loyalty.AdvanceNotice{
		Period: pick(rng, calendar.Period{}, calendar.Period{}, calendar.Period{Days: 20}), MaxExtensions: 2,
	}
	historyWallets(
		p, pick(rng, loyalty.ClawbackDebt, loyalty.ClawbackWithinBalance, loyalty.ClawbackPendingOnly),
		pick(rng, 0, 20, 20),
	)
	historyTransfers(p, rng)
	p.Households = loyalty.Households{
		Size: 4, Share: pick(rng, nil, big.NewRat(2, 5)),
		CoolingOff: pick(rng, calendar.Period{}, calendar.Period{Days: 2}),
	}
	if err := engine.Compile(p); err != nil {
		tb.Fatal(err)
	}
	return p
}

func historyTiers(p *loyalty.Program, rng *rand.Rand) {
	t := &p.Tiers
	t.By = pick(
		rng, loyalty.ByPointsEarned, loyalty.ByPointsEarned, loyalty.ByOrders, loyalty.BySpend,
		loyalty.ByQualifyingItems,
	)
	switch t.By {
	case loyalty.ByOrders:
		t.Levels[1].From, t.Levels[2].From = 5, 30
	case loyalty.BySpend:
		t.Currency, t.Levels[1].From, t.Levels[2].From = "EUR", 20_000, 200_000
	case loyalty.ByQualifyingItems:
		t.AtLeast = map[loyalty.Currency]int64{"EUR": 1_000, "USD": 1_000}
		t.Levels[1].From, t.Levels[2].From = 6, 40
	}
	switch rng.IntN(3) {
	case 0:
		t.Calendar, t.KeepYear, t.KeepFor, t.Months = true, 1+rng.IntN(2), calendar.Period{}, 0
	case 1:
		t.MoveDown = loyalty.ToQualified
	}
	historyTierGroups(t, rng)
	if rng.IntN(2) == 0 {
		t.Levels[2].Expires = new(calendar.Expiry) // gold never expires
	}
}

// historyRules adds rules of each kind, groups of each mode, and campaigns with budgets that are used up.
func historyRules(p *loyalty.Program) {
	third, zone := big.NewRat(1, 3), loyalty.MemberClock
	brief := loyalty.Life{
		Pending: &calendar.Wait{For: calendar.Period{Days: 3}},
		Expires: &calendar.Expiry{After: calendar.Period{Days: 40}},
	}
	sent := loyalty.Life{Pending: &calendar.Wait{Until: calendar.WhenShipped, Within: calendar.Period{Days: 9}}}
	large := asked{
		source: "order.total >= 20", holds: func(f *loyalty.Facts) (bool, error) { return f.Total >= 2_000, nil },
	}
	p.Groups = []loyalty.Group{
		{ID: "best", Mode: loyalty.Best},
		{ID: "first", Mode: loyalty.First},
		{ID: "only", Mode: loyalty.Exclusive},
		{ID: "sum", Mode: loyalty.Sum},
	}
	p.Earn.Rules = []loyalty.Rule{
		{ID: "visit", Give: loyalty.PerVisit{Points: 3}},
		{
			ID: "mugs", Give: loyalty.PerUnit{Points: third}, Match: loyalty.Match{Categories: []string{"mugs"}},
			Group: "sum",
		},
		{
			ID: "steps",
			Give: loyalty.Steps{
				Bands: map[loyalty.Currency][]loyalty.Band{
					"EUR": {{From: 2_000, Points: 5}, {From: 6_000, Points: 20}},
				},
			},
			Group: "sum", Limits: []loyalty.Limit{{Times: 2, Per: loyalty.PerWeek}},
		},
		{
			ID: "brief", Give: loyalty.Fixed{Points: 15},
			Match: loyalty.Match{MinSpend: map[loyalty.Currency]int64{"EUR": 3_000}}, Life: brief,
			Caps: []loyalty.Cap{{Points: 70, Per: loyalty.PerMonth}},
		},
		{
			ID: "first", Give: loyalty.Fixed{Points: 40}, Match: loyalty.Match{FirstOrder: true}, Group: "only",
			Limits: []loyalty.Limit{{Times: 1, Per: loyalty.PerEver}},
		},
		{
			ID:    "card",
			Give:  loyalty.PerAmount{Rates: map[loyalty.Currency]loyalty.Rate{"EUR": {Points: third, Per: 100}}},
			Match: loyalty.Match{Tenders: []string{"house-card"}},
			Caps:  []loyalty.Cap{{Points: 11, Per: loyalty.PerOrder}, {Points: 40, Per: loyalty.PerYear, Reject: true}},
		},
		{
			ID: "hours", Give: loyalty.Multiply{By: big.NewRat(3, 2)},
			Match: loyalty.Match{
				Weekdays: []time.Weekday{0, 5, 6}, HoursFrom: 1_200, HoursUntil: 600, TimezoneOf: zone,
			},
			Group: "first", Priority: 2,
		},
		{ID: "large", Give: loyalty.Fixed{Points: 7}, Match: loyalty.Match{When: large}, Group: "first"},
	}
	p.Campaigns = []loyalty.Rule{
		{ID: "double", Give: loyalty.Multiply{By: big.NewRat(2, 1)}, Budget: 2_003, Group: "best"},
		{
			ID: "party", Give: loyalty.Multiply{By: big.NewRat(4, 1)},
			Match: loyalty.Match{BirthdayMonth: true, TimezoneOf: zone}, Group: "best", Priority: 1,
		},
		{
			ID: "joined",
			Give: loyalty.PerAmount{
				Rates: map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(2, 3), Per: 100}},
			},
			OptIn: true, Budget: 701, Limits: []loyalty.Limit{{Times: 3, Per: loyalty.PerWeek}},
		},
		{
			ID: "tiny", Give: loyalty.Fixed{Points: 9}, Budget: 37,
			Caps: []loyalty.Cap{{Points: 20, Per: loyalty.PerEver}}, Life: brief,
		},
		{
			ID: "sent", Give: loyalty.Fixed{Points: 12}, Budget: 500, Life: sent,
			Match: loyalty.Match{Segments: []string{"vip"}},
		},
		{ID: "shadow", Give: loyalty.Multiply{By: big.NewRat(9, 1)}, Shadow: true, Budget: 100},
	}
}

func historyActions(p *loyalty.Program) {
	rated := asked{source: "event.rating >= 3", holds: func(f *loyalty.Facts) (bool, error) {
		n, ok := f.Event.Data["rating"].(*big.Rat)
		if !ok {
			return false, errors.New("the event has no rating")
		}
		return n.Cmp(big.NewRat(3, 1)) >= 0, nil
	}}
	monthly := loyalty.Life{Expires: &calendar.Expiry{After: calendar.Period{Days: 30}}}
	p.Events = []loyalty.EventType{{Name: "repair", States: []string{"brought", "done"}}}
	p.Earn.Actions = []loyalty.Action{
		{
			ID: "friends", Event: posting.EventConverted, Points: 90, Friend: 40,
			Limits: []loyalty.Limit{{Times: 2, Per: loyalty.PerYear}}, Life: monthly,
			When: asked{
				source: "order.total >= 30",
				holds:  func(f *loyalty.Facts) (bool, error) { return f.Total >= 3_000, nil },
			},
		},
		{
			ID: "advocates", Event: posting.EventConverted, Points: 10, Tiers: []string{"silver", "gold"},
			Life: loyalty.Life{Pending: &calendar.Wait{For: calendar.Period{Days: 20}}},
		},
		{
			ID: "welcome", Event: award.EventJoined, Points: 50,
			Limits: []loyalty.Limit{{Times: 1, Per: loyalty.PerEver}}, Life: monthly,
		},
		{ID: "birthday", Event: award.EventBirthday, Points: 100, Life: monthly},
		{
			ID: "anniversary", Event: award.EventAnniversary, Points: 70,
			Life: loyalty.Life{
				Expires: &calendar.Expiry{Anniversary: calendar.OfJoining, After: calendar.Period{Days: 1}},
			},
		},
		{ID: "visit", Event: "visit.completed", Points: 5, Cooldown: calendar.Period{Days: 7}},
		{
			ID: "review", Event: "review.approved", Points: 20,
			Limits: []loyalty.Limit{{Times: 2, Per: loyalty.PerMonth}}, When: rated,
		},
		{
			ID: "critic", Event: "review.approved", Points: 30,
			Limits: []loyalty.Limit{{Times: 5, Per: loyalty.PerYear}}, Cooldown: calendar.Period{Days: 2},
			Life: loyalty.Life{Pending: &calendar.Wait{Manual: true}},
		},
		{
			ID: "repair", Event: "repair.done", Points: 8, Segments: []string{"vip"},
			Life: loyalty.Life{Pending: &calendar.Wait{For: calendar.Period{Days: 20}}},
		},
	}
	p.Milestones = []loyalty.Milestone{{ID: "third", Target: 3, Points: 33}, {ID: "fiftieth", Target: 50, Points: 120}}
	p.Exchange = loyalty.Exchange{Base: "EUR", Rates: []loyalty.ExchangeRate{
		{From: 20251201, Rates: map[loyalty.Currency]*big.Rat{"CHF": big.NewRat(105, 100)}},
		{From: 20270301, Rates: map[loyalty.Currency]*big.Rat{"CHF": big.NewRat(97, 91)}},
	}}
	p.Goodwill = loyalty.Goodwill{Reinstate: calendar.Period{Days: 90}, Extend: calendar.Period{Months: 12}}
	p.BirthdayLock = calendar.Period{Months: 12}
}

// publish publishes the next version. Orders and events keep the version of their first report.
func (h *history) publish(rng *rand.Rand) {
	next := historyProgram(h.t, servicetest.Program(h.t), rng)
	next.Version = len(h.rules) + 1
	next.Rewards[slices.IndexFunc(
		next.Rewards, func(r loyalty.Reward) bool { return r.ID == "more-miles" },
	)].Points = milesOf(next.Version)
	if last := len(h.rules) - 1; last >= 0 {
		next.Tiers = h.rules[last].Tiers // metrics that count for levels must continue to count
		next.Campaigns = slices.DeleteFunc(next.Campaigns, func(r loyalty.Rule) bool { return r.ID == "tiny" })
		next.Earn.Actions = slices.DeleteFunc(
			next.Earn.Actions, func(a loyalty.Action) bool { return a.ID == "critic" },
		)
		if err := engine.Compile(next); err != nil {
			h.t.Fatal(err)
		}
		engine.Supersede(next, h.rules[last], h.Now(), "")
	}
	h.rules, h.P = append(h.rules, next), next
	e := next.Earn
	h.versions = append(h.versions, fmt.Sprintf("version %d at %s: pending %+v, expires %+v, carry %t, %d caps, by "+
		"%s, take back %d",
		next.Version, h.Now(), e.Pending, e.Expires, e.Carry, len(e.Caps), next.Tiers.By, next.Clawback))
}
