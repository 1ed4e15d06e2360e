package engine

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// drawnProgram draws a program with every kind of rule that does not need another member.
func drawnProgram(t interface{ Fatal(...any) }, r *rand.Rand) *loyalty.Program {
	for range 100 {
		zone, err := time.LoadLocation(pick(r, "UTC", "Europe/Berlin", "America/New_York"))
		if err != nil {
			t.Fatal(err)
		}
		p := &loyalty.Program{ID: "drawn", Version: 1, Zone: zone}
		p.Earn, p.Tiers = drawnEarn(r), drawnTiers(r)
		p.Groups = []loyalty.Group{
			{ID: "best", Mode: loyalty.Best},
			{ID: "sum", Mode: loyalty.Sum},
			{ID: "first", Mode: loyalty.First},
			{ID: "only", Mode: loyalty.Exclusive},
		}
		p.Exchange = loyalty.Exchange{
			Base: "EUR",
			Rates: []loyalty.ExchangeRate{
				{From: 20260101, Rates: map[loyalty.Currency]*big.Rat{"CHF": big.NewRat(105, 100)}},
			},
		}
		p.Milestones = []loyalty.Milestone{
			{ID: "one", Target: 1, Points: 11}, {ID: "three", Target: 3, Points: 33},
		}[:r.IntN(3)]
		p.Clawback = pick(
			r,
			loyalty.ClawbackDebt,
			loyalty.ClawbackDebt,
			loyalty.ClawbackWithinBalance,
			loyalty.ClawbackPendingOnly,
			loyalty.ClawbackUnlimited,
		)
		p.MaxDebt = pick[loyalty.Points](r, 0, 0, 40)
		p.BirthdayLock = pick(r, calendar.Period{}, calendar.Period{Months: 6})
		p.Goodwill = loyalty.Goodwill{Extend: calendar.Period{Months: 24}, Reinstate: calendar.Period{Days: 90}}
		p.Hold, p.Reminders = pick(r, 30*time.Minute, 36*time.Hour), drawnReminders(r)
		p.Campaigns = []loyalty.Rule{{ID: "club", Give: loyalty.Fixed{Points: 35}, OptIn: true}}
		if r.IntN(3) == 0 {
			p.Campaigns = append(p.Campaigns, loyalty.Rule{ID: "fund", Give: loyalty.Fixed{Points: 30}, Budget: 90})
		}
		if r.IntN(3) == 0 {
			p.TierGroups = []loyalty.TierGroup{{ID: "partner", Tiers: drawnTiers(r)}}
		}
		if r.IntN(3) == 0 {
			p.AdvanceNotice = loyalty.AdvanceNotice{Period: calendar.Period{Days: 14}, MaxExtensions: 2}
		}
		p.Transfers = loyalty.Transfers{
			Min: 10, Step: pick[loyalty.Points](r, 0, 5),
			AtMost: []loyalty.Cap{{Points: 200, Per: loyalty.PerMonth, Reject: false}},
			Accept: pick(r, calendar.Period{}, calendar.Period{Days: 3}),
			Fee:    pick(r, loyalty.Fee{}, loyalty.Fee{Points: 3}, loyalty.Fee{Share: big.NewRat(1, 10)}),
		}
		p.Households = loyalty.Households{
			Size:       3,
			Share:      pick(r, nil, big.NewRat(1, 3)),
			CoolingOff: pick(r, calendar.Period{}, calendar.Period{Days: 60}),
		}
		drawSpending(p, r)
		if Compile(p) == nil {
			return p
		}
	}
	t.Fatal("no program compiles")
	return nil
}

func drawSpending(p *loyalty.Program, r *rand.Rand) {
	if r.IntN(8) == 0 {
		return // nothing can be spent, and there is no other wallet
	}
	p.Wallets = []loyalty.Wallet{{
		ID:      "miles",
		Rates:   map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(1, 1), Per: 250, Full: r.IntN(2) == 0}},
		Pending: pick(r, calendar.Wait{}, calendar.Wait{For: calendar.Period{Days: 5}}),
		Expires: pick(
			r,
			calendar.Expiry{},
			calendar.Expiry{After: calendar.Period{Months: 6}, RoundTo: calendar.EndOfDay},
		), Clawback: pick(r, loyalty.ClawbackDebt, loyalty.ClawbackWithinBalance),
	}}
	p.Earn.Actions = append(
		p.Earn.Actions, loyalty.Action{ID: "air", Event: "visit.completed", Points: 9, Wallet: "miles"},
	)
	p.Conversions = []loyalty.Conversion{
		{
			ID:               "fly",
			To:               "miles",
			Rate:             pick(r, big.NewRat(1, 3), big.NewRat(2, 1)),
			Min:              10,
			ReversibleWithin: calendar.Period{Days: 30},
			Limits:           []loyalty.Limit{{Times: 2, Per: loyalty.PerMonth}},
		},
	}
	p.Rewards = []loyalty.Reward{
		{
			ID:     "mug",
			Type:   "free_product",
			Cost:   60,
			Prices: map[string]loyalty.Points{"gold": 50},
			Limits: []loyalty.Limit{{Times: 2, Per: loyalty.PerDay}},
			Codes:  drawnCodes(r),
		},
		{ID: "miles", Type: "wallet_points", Cost: 40, Wallet: "miles", Points: 90},
		{
			ID: "tour", Type: "experience", Cost: 30, Segments: pick(r, nil, []string{"card"}),
			MinOrder: map[loyalty.Currency]int64{"EUR": 2500},
			Active: calendar.Span{
				From:  noon.AddDate(0, 0, 20),
				Until: pick(r, time.Time{}, noon.AddDate(1, 0, 0)),
			}, StockBatches: []loyalty.StockBatch{{Quantity: 1}, {At: noon.AddDate(0, 3, 0), Quantity: 2}},
			When: pick[loyalty.Condition](r, nil, atLeast(2000)),
		},
		{
			ID: "perk", Type: redeem.Perk, Tiers: []string{"silver", "gold"},
			Limits: []loyalty.Limit{{Times: 1, Per: loyalty.PerMonth}},
		},
	}
	p.Redemption = loyalty.RedemptionTerms{
		PerOrder: pick[int64](
			r,
			0,
			1,
		), OnRefund: pick(r, loyalty.AllBack, loyalty.ShareBack, loyalty.NoneBack),
		Grace:     pick(r, calendar.Period{}, calendar.Period{Days: 10}),
		CodeValid: pick(r, calendar.Period{}, calendar.Period{Days: 30}),
		Pay: loyalty.Pay{
			Rates: map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(100, 1), Per: 100}},
			Min:   pick[loyalty.Points](r, 0, 100),
			Step:  pick[loyalty.Points](r, 0, 50),
			Share: pick(r, nil, big.NewRat(1, 2)),
		},
	}
	if r.IntN(5) == 0 {
		p.Rewards = append(p.Rewards, loyalty.Reward{ID: "gift", Type: "free_product", Cost: 100})
		p.Redemption.Auto = loyalty.Auto{Reward: "gift", At: 120, Limit: 2}
	}
}

func drawnCodes(r *rand.Rand) loyalty.Codes {
	return loyalty.Codes{
		From:  loyalty.GeneratedCode,
		Wait:  pick(r, calendar.Period{}, calendar.Period{Days: 2}),
		Valid: pick(r, calendar.Period{}, calendar.Period{Days: 20}),
	}
}

func drawnEarn(r *rand.Rand) loyalty.Earn {
	e := loyalty.Earn{
		Rates: map[loyalty.Currency]loyalty.Rate{
			"EUR": {
				Points: big.NewRat(pick[int64](r, 1, 2, 7), pick[int64](r, 1, 3)),
				Per:    pick[int64](r, 100, 250),
				Full:   r.IntN(4) == 0,
			},
			"JPY": {Points: big.NewRat(1, 1), Per: 150},
		},
		Counts: loyalty.Counts{Items: true, Shipping: r.IntN(2) == 0, Tax: r.IntN(3) == 0},
		Rounding: pick(
			r,
			loyalty.Down,
			loyalty.Nearest,
			loyalty.Up,
			loyalty.HalfEven,
		), Carry: r.IntN(4) == 0, CountPlaced: r.IntN(4) == 0, TaxIncluded: r.IntN(4) == 0,
		Pending: pick(
			r,
			calendar.Wait{},
			calendar.Wait{},
			calendar.Wait{For: calendar.Period{Days: 14}},
			calendar.Wait{On: []calendar.Day{101, 615}},
			calendar.Wait{Manual: true},
			calendar.Wait{
				Until: calendar.WhenDelivered, For: calendar.Period{Days: 2}, Within: calendar.Period{Days: 30},
			},
		),
		Expires: pick(
			r,
			calendar.Expiry{},
			calendar.Expiry{After: calendar.Period{Months: 2}, RoundTo: calendar.EndOfMonth},
			calendar.Expiry{After: calendar.Period{Days: 40}, RoundTo: calendar.EndOfDay},
			calendar.Expiry{
				On:    []calendar.Day{630, 1231},
				After: calendar.Period{Months: 1},
			},
			calendar.Expiry{After: calendar.Period{Months: 5}, Anniversary: calendar.OfJoining},
			calendar.Expiry{
				After:    calendar.Period{Months: 3},
				Inactive: true,
				RoundTo:  calendar.EndOfDay,
				ResetBy:  []string{"order", "redemption", "visit.completed"},
			},
		),
		Categories: []loyalty.CategoryRule{
			{ID: "beans", Category: "beans", Multiply: big.NewRat(2, 1)},
			{ID: "cards", Category: "cards", Multiply: new(big.Rat)},
		},
		Actions: []loyalty.Action{
			{
				ID: "visit", Event: "visit.completed", Points: 40,
				Limits: []loyalty.Limit{{Times: 2, Per: loyalty.PerMonth}},
			},
			{ID: "review", Event: "review.approved", Points: 25, Cooldown: calendar.Period{Days: 3}},
			{ID: "birthday", Event: award.EventBirthday, Points: 30},
			{ID: "year", Event: award.EventAnniversary, Points: 15},
		},
	}
	for i := range r.IntN(4) {
		e.Rules = append(e.Rules, drawnRule(r, fmt.Sprint("r", i)))
	}
	for _, per := range []loyalty.CapPeriod{
		loyalty.PerOrder, loyalty.PerDay, loyalty.PerWeek, loyalty.PerMonth, loyalty.PerEver,
	} {
		if r.IntN(6) == 0 {
			e.Caps = append(
				e.Caps, loyalty.Cap{Points: pick[loyalty.Points](r, 20, 100, 250), Per: per, Reject: r.IntN(4) == 0},
			)
		}
	}
	return e
}

func drawnRule(r *rand.Rand, id string) loyalty.Rule {
	x := loyalty.Rule{
		ID:       id,
		Group:    pick(r, "", "best", "sum", "first", "only"),
		Priority: r.IntN(3),
		Shadow:   r.IntN(9) == 0,
		Give: pick[loyalty.Strategy](
			r,
			loyalty.Fixed{Points: 24},
			loyalty.PerVisit{Points: 7},
			loyalty.PerUnit{Points: big.NewRat(5, 2)},
			loyalty.Multiply{By: big.NewRat(5, 2)},
			loyalty.Steps{
				Bands: map[loyalty.Currency][]loyalty.Band{
					"EUR": {{From: 0, Points: 5}, {From: 1000, Points: 10}, {From: 5000, Points: 30}},
				},
			},
			loyalty.PerAmount{Rates: map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(1, 2), Per: 100}}},
		),
	}
	switch r.IntN(8) {
	case 0:
		x.Match.Categories = []string{"beans", "cards"}
	case 1:
		x.Match.SKUs = []string{"a"}
	case 2:
		x.Match.Tenders = []string{"card", "house"}
	case 3:
		x.Match.FirstOrder = true
	case 4:
		x.Match.MinSpend = map[loyalty.Currency]int64{"EUR": pick[int64](r, 999, 1000, 5000)}
	case 5:
		x.Match.Tiers = []string{"silver", "gold"}
	case 6:
		x.Match.BirthdayDays, x.Match.Segments = pick(r, 0, 7), pick(r, nil, []string{"card"})
	}
	switch r.IntN(12) {
	case 0:
		x.Match.Channels = []string{"shop"}
	case 1:
		x.Match.Stores = []string{"east"}
	case 2:
		x.Match.Currencies = []loyalty.Currency{"JPY", "CHF"}
	case 3:
		x.Match.HoursFrom, x.Match.HoursUntil, x.Match.TimezoneOf = 22*60, 11*60, pick(
			r,
			loyalty.ProgramClock,
			loyalty.StoreClock,
			loyalty.MemberClock,
		)
	case 4:
		x.Match.Weekdays, x.Match.HoursFrom, x.Match.HoursUntil = []time.Weekday{
			time.Monday,
			time.Saturday,
		}, 6*60, pick(
			r,
			5*60,
			13*60,
		)
	case 5:
		x.Match.BirthdayMonth = true
	case 6:
		x.Match.From, x.Match.Until = noon.AddDate(0, 0, 8), noon.AddDate(0, 6, 8)
	case 7:
		x.Match.When = atLeast(2500)
	}
	if r.IntN(3) == 0 {
		x.Caps = []loyalty.Cap{
			{
				Points: pick[loyalty.Points](r, 10, 30, 60),
				Per:    pick(r, loyalty.PerOrder, loyalty.PerDay, loyalty.PerMonth, loyalty.PerEver),
				Reject: r.IntN(3) == 0,
			},
		}
	}
	if r.IntN(4) == 0 {
		x.Limits = []loyalty.Limit{{Times: 1, Per: pick(r, loyalty.PerDay, loyalty.PerMonth, loyalty.PerEver)}}
	}
	if _, multiplies := x.Give.(loyalty.Multiply); r.IntN(4) == 0 && !multiplies {
		x.Life = loyalty.Life{
			Pending: &calendar.Wait{For: calendar.Period{Days: 3}},
			Expires: &calendar.Expiry{After: calendar.Period{Days: 40}, RoundTo: calendar.EndOfDay},
		}
	}
	return x
}

// atLeast is the condition that at least this amount of an order remains.
type atLeast int64

func (n atLeast) Holds(f *loyalty.Facts) (bool, error) { return f.Total >= int64(n), nil }
func (n atLeast) OrderNumbers() int                    { return 0 }
func (n atLeast) String() string                       { return fmt.Sprint("order.total >= ", int64(n)) }

func drawnTiers(r *rand.Rand) loyalty.Tiers {
	t := loyalty.Tiers{
		Levels: []loyalty.Level{
			{ID: "bronze"},
			{ID: "silver", EntryBonus: pick[loyalty.Points](r, 0, 25)},
			{ID: "gold", EntryBonus: pick[loyalty.Points](r, 0, 50)},
		},
		By: pick(
			r,
			loyalty.ByPointsEarned,
			loyalty.ByOrders,
			loyalty.BySpend,
			loyalty.ByQualifyingItems,
			loyalty.ByVisits,
		), Currency: "EUR", AtLeast: map[loyalty.Currency]int64{"EUR": 1000}, Visit: "visit.completed",
		SkippedLevels: pick(
			r,
			loyalty.HighestOnly,
			loyalty.EachLevel,
		), RepeatEntryBonus: r.IntN(2) == 0,
		MoveDown:     pick(r, loyalty.OneStep, loyalty.ToQualified, loyalty.ToQualified, loyalty.StayUp),
		Grace:        pick(r, calendar.Period{}, calendar.Period{}, calendar.Period{Days: 30}),
		KeepOnRefund: r.IntN(4) == 0,
		Minimums:     []loyalty.Minimum{{Level: "silver", Segment: "card"}, {Level: "gold", Segment: "vip"}},
	}
	from := map[loyalty.Measure][2]int64{
		loyalty.ByPointsEarned: {100, 300}, loyalty.ByOrders: {2, 4}, loyalty.BySpend: {100_00, 300_00},
		loyalty.ByQualifyingItems: {2, 4}, loyalty.ByVisits: {1, 2},
	}[t.By]
	t.Levels[1].From, t.Levels[2].From = from[0], from[1]
	t.Levels[1].Perks, t.Levels[2].Perks = []string{"tea"}, []string{"tea", "lounge"}
	t.Levels[1].Multiply, t.Levels[2].Multiply = pick(r, nil, big.NewRat(5, 4)), pick(r, nil, big.NewRat(3, 2))
	if r.IntN(4) == 0 {
		t.Ways, t.Brands = [][]loyalty.Measure{
			{loyalty.BySpend, loyalty.ByBrands}, {loyalty.ByOrders},
		}, []string{"east", "west"}
		t.Levels[1].From, t.Levels[2].From = 0, 0
		t.Levels[1].Needs = []loyalty.Need{
			{By: loyalty.BySpend, From: 80_00}, {By: loyalty.ByBrands, From: 1}, {By: loyalty.ByOrders, From: 3},
		}
		t.Levels[2].Needs = []loyalty.Need{
			{By: loyalty.BySpend, From: 200_00}, {By: loyalty.ByBrands, From: 2}, {By: loyalty.ByOrders, From: 6},
		}
	}
	switch r.IntN(6) {
	case 0:
		t.Months = pick(r, 0, 1, 3, 12)
	case 1:
		t.Calendar = true
	case 2:
		t.Window = loyalty.Window{
			Kind: loyalty.CycleWindow, Months: pick(r, 1, 3, 6), From: pick[calendar.Day](r, 101, 229, 615),
		}
	case 3:
		t.Window = loyalty.Window{Kind: loyalty.JoinWindow, Months: pick(r, 3, 12)}
	case 4:
		t.Window = loyalty.Window{Kind: loyalty.OwnWindow, Months: 6}
	case 5:
		t.Window = loyalty.Window{Kind: loyalty.LevelWindow}
	}
	if r.IntN(3) == 0 {
		t.Levels[2].Expires = pick(
			r,
			&calendar.Expiry{},
			&calendar.Expiry{After: calendar.Period{Months: 9}, RoundTo: calendar.EndOfQuarter},
			&calendar.Expiry{After: calendar.Period{Months: 9}, RoundTo: calendar.EndOfYear},
		)
	}
	if r.IntN(6) == 0 {
		t.Levels = slices.Delete(t.Levels, 1, 2)
		t.Minimums = t.Minimums[1:]
	}
	_, cyclic := tier.Cycle(&t)
	switch r.IntN(3) {
	case 0:
		t.KeepFor = pick(r, calendar.Period{Months: 2}, calendar.Period{Days: 45}, calendar.Period{})
	case 1:
		t.KeepYear = 1 + r.IntN(2)
	case 2:
		if t.KeepPeriods = 1 + r.IntN(2); !cyclic {
			t.KeepPeriods, t.KeepFor = 0, calendar.Period{Months: 3}
		}
	}
	if t.KeepFor.IsZero() {
		t.ExtendedBy = pick(r, calendar.Period{}, calendar.Period{Days: 31})
	}
	if cyclic && r.IntN(2) == 0 {
		t.MoveUp = loyalty.NextPeriod
	}
	return t
}
