package loyalty

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"time"
)

// drawnProgram draws a program with every kind of rule that does not need another member.
func drawnProgram(t interface{ Fatal(...any) }, r *rand.Rand) *Program {
	for range 100 {
		zone, err := time.LoadLocation(pick(r, "UTC", "Europe/Berlin", "America/New_York"))
		if err != nil {
			t.Fatal(err)
		}
		p := &Program{
			ID: "drawn", Version: 1, Zone: zone, Earn: drawnEarn(r), Tiers: drawnTiers(r),
			Groups: []Group{{"best", Best}, {"sum", Sum}, {"first", First}, {"only", Exclusive}},
			Exchange: Exchange{
				Base:  "EUR",
				Rates: []ExchangeRate{{From: 20260101, Rates: map[Currency]*big.Rat{"CHF": big.NewRat(105, 100)}}},
			},
			Milestones: []Milestone{{"one", 1, 11}, {"three", 3, 33}}[:r.IntN(3)],
			Clawback: pick(
				r,
				ClawbackDebt,
				ClawbackDebt,
				ClawbackWithinBalance,
				ClawbackPendingOnly,
				ClawbackUnlimited,
			),
			MaxDebt: pick[Points](r, 0, 0, 40), BirthdayLock: pick(r, Period{}, Period{Months: 6}),
			Goodwill: Goodwill{Extend: Period{Months: 24}, Reinstate: Period{Days: 90}},
			Hold:     pick(r, 30*time.Minute, 36*time.Hour), Reminders: drawnReminders(r),
		}
		p.Campaigns = []Rule{{ID: "club", Give: Fixed{35}, OptIn: true}}
		if r.IntN(3) == 0 {
			p.Campaigns = append(p.Campaigns, Rule{ID: "fund", Give: Fixed{30}, Budget: 90})
		}
		if r.IntN(3) == 0 {
			p.TierGroups = []TierGroup{{ID: "partner", Tiers: drawnTiers(r)}}
		}
		if r.IntN(3) == 0 {
			p.AdvanceNotice = AdvanceNotice{Period: Period{Days: 14}, MaxExtensions: 2}
		}
		p.Transfers = Transfers{
			Min: 10, Step: pick[Points](r, 0, 5), AtMost: []Cap{{200, PerMonth, false}}, Accept: pick(r, Period{}, Period{Days: 3}),
			Fee: pick(r, Fee{}, Fee{Points: 3}, Fee{Share: big.NewRat(1, 10)}),
		}
		p.Households = Households{
			Size:       3,
			Share:      pick(r, nil, big.NewRat(1, 3)),
			CoolingOff: pick(r, Period{}, Period{Days: 60}),
		}
		p.drawSpending(r)
		if p.Compile() == nil {
			return p
		}
	}
	t.Fatal("no program compiles")
	return nil
}

func (p *Program) drawSpending(r *rand.Rand) {
	if r.IntN(8) == 0 {
		return // nothing can be spent, and there is no other wallet
	}
	p.Wallets = []Wallet{{
		ID: "miles", Rates: map[Currency]Rate{"EUR": {Points: big.NewRat(1, 1), Per: 250, Full: r.IntN(2) == 0}}, Pending: pick(r, Wait{}, Wait{For: Period{Days: 5}}),
		Expires: pick(
			r,
			Expiry{},
			Expiry{After: Period{Months: 6}, RoundTo: EndOfDay},
		), Clawback: pick(r, ClawbackDebt, ClawbackWithinBalance),
	}}
	p.Earn.Actions = append(p.Earn.Actions, Action{ID: "air", Event: "visit.completed", Points: 9, Wallet: "miles"})
	p.Conversions = []Conversion{
		{
			ID:               "fly",
			To:               "miles",
			Rate:             pick(r, big.NewRat(1, 3), big.NewRat(2, 1)),
			Min:              10,
			ReversibleWithin: Period{Days: 30},
			Limits:           []Limit{{2, PerMonth}},
		},
	}
	p.Rewards = []Reward{
		{
			ID:     "mug",
			Type:   "free_product",
			Cost:   60,
			Prices: map[string]Points{"gold": 50},
			Limits: []Limit{{2, PerDay}},
			Codes:  drawnCodes(r),
		},
		{ID: "miles", Type: "wallet_points", Cost: 40, Wallet: "miles", Points: 90},
		{
			ID: "tour", Type: "experience", Cost: 30, Segments: pick(r, nil, []string{"card"}), MinOrder: map[Currency]int64{"EUR": 2500},
			Active: Span{
				From:  noon.AddDate(0, 0, 20),
				Until: pick(r, time.Time{}, noon.AddDate(1, 0, 0)),
			}, StockBatches: []StockBatch{{Quantity: 1}, {At: noon.AddDate(0, 3, 0), Quantity: 2}},
			When: pick[Condition](r, nil, atLeast(2000)),
		},
		{ID: "perk", Type: Perk, Tiers: []string{"silver", "gold"}, Limits: []Limit{{1, PerMonth}}},
	}
	p.Redemption = RedemptionTerms{
		PerOrder: pick[int64](
			r,
			0,
			1,
		), OnRefund: pick(r, AllBack, ShareBack, NoneBack), Grace: pick(r, Period{}, Period{Days: 10}), CodeValid: pick(r, Period{}, Period{Days: 30}),
		Pay: Pay{
			Rates: map[Currency]Rate{"EUR": {Points: big.NewRat(100, 1), Per: 100}},
			Min:   pick[Points](r, 0, 100),
			Step:  pick[Points](r, 0, 50),
			Share: pick(r, nil, big.NewRat(1, 2)),
		},
	}
	if r.IntN(5) == 0 {
		p.Rewards = append(p.Rewards, Reward{ID: "gift", Type: "free_product", Cost: 100})
		p.Redemption.Auto = Auto{Reward: "gift", At: 120, Limit: 2}
	}
}

func drawnCodes(r *rand.Rand) Codes {
	return Codes{
		From:  GeneratedCode,
		Wait:  pick(r, Period{}, Period{Days: 2}),
		Valid: pick(r, Period{}, Period{Days: 20}),
	}
}

func drawnEarn(r *rand.Rand) Earn {
	e := Earn{
		Rates: map[Currency]Rate{
			"EUR": {
				Points: big.NewRat(pick[int64](r, 1, 2, 7), pick[int64](r, 1, 3)),
				Per:    pick[int64](r, 100, 250),
				Full:   r.IntN(4) == 0,
			},
			"JPY": {Points: big.NewRat(1, 1), Per: 150},
		},
		Counts: Counts{Items: true, Shipping: r.IntN(2) == 0, Tax: r.IntN(3) == 0},
		Rounding: pick(
			r,
			Down,
			Nearest,
			Up,
			HalfEven,
		), Carry: r.IntN(4) == 0, CountPlaced: r.IntN(4) == 0, TaxIncluded: r.IntN(4) == 0,
		Pending: pick(
			r,
			Wait{},
			Wait{},
			Wait{For: Period{Days: 14}},
			Wait{On: []Day{101, 615}},
			Wait{Manual: true},
			Wait{Until: WhenDelivered, For: Period{Days: 2}, Within: Period{Days: 30}},
		),
		Expires: pick(
			r,
			Expiry{},
			Expiry{After: Period{Months: 2}, RoundTo: EndOfMonth},
			Expiry{After: Period{Days: 40}, RoundTo: EndOfDay},
			Expiry{
				On:    []Day{630, 1231},
				After: Period{Months: 1},
			},
			Expiry{After: Period{Months: 5}, Anniversary: OfJoining},
			Expiry{
				After:    Period{Months: 3},
				Inactive: true,
				RoundTo:  EndOfDay,
				ResetBy:  []string{"order", "redemption", "visit.completed"},
			},
		),
		Categories: []CategoryRule{
			{ID: "beans", Category: "beans", Multiply: big.NewRat(2, 1)},
			{ID: "cards", Category: "cards", Multiply: new(big.Rat)},
		},
		Actions: []Action{
			{ID: "visit", Event: "visit.completed", Points: 40, Limits: []Limit{{2, PerMonth}}},
			{ID: "review", Event: "review.approved", Points: 25, Cooldown: Period{Days: 3}},
			{ID: "birthday", Event: EventBirthday, Points: 30},
			{ID: "year", Event: EventAnniversary, Points: 15},
		},
	}
	for i := range r.IntN(4) {
		e.Rules = append(e.Rules, drawnRule(r, fmt.Sprint("r", i)))
	}
	for _, per := range []CapPeriod{PerOrder, PerDay, PerWeek, PerMonth, PerEver} {
		if r.IntN(6) == 0 {
			e.Caps = append(e.Caps, Cap{pick[Points](r, 20, 100, 250), per, r.IntN(4) == 0})
		}
	}
	return e
}

func drawnRule(r *rand.Rand, id string) Rule {
	x := Rule{
		ID:       id,
		Group:    pick(r, "", "best", "sum", "first", "only"),
		Priority: r.IntN(3),
		Shadow:   r.IntN(9) == 0,
		Give: pick[Strategy](
			r,
			Fixed{24},
			PerVisit{7},
			PerUnit{big.NewRat(5, 2)},
			Multiply{big.NewRat(5, 2)},
			Steps{map[Currency][]Band{"EUR": {{0, 5}, {1000, 10}, {5000, 30}}}},
			PerAmount{map[Currency]Rate{"EUR": {Points: big.NewRat(1, 2), Per: 100}}},
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
		x.Match.MinSpend = map[Currency]int64{"EUR": pick[int64](r, 999, 1000, 5000)}
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
		x.Match.Currencies = []Currency{"JPY", "CHF"}
	case 3:
		x.Match.HoursFrom, x.Match.HoursUntil, x.Match.TimezoneOf = 22*60, 11*60, pick(
			r,
			ProgramClock,
			StoreClock,
			MemberClock,
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
		x.Caps = []Cap{{pick[Points](r, 10, 30, 60), pick(r, PerOrder, PerDay, PerMonth, PerEver), r.IntN(3) == 0}}
	}
	if r.IntN(4) == 0 {
		x.Limits = []Limit{{1, pick(r, PerDay, PerMonth, PerEver)}}
	}
	if _, multiplies := x.Give.(Multiply); r.IntN(4) == 0 && !multiplies {
		x.Life = Life{
			Pending: &Wait{For: Period{Days: 3}},
			Expires: &Expiry{After: Period{Days: 40}, RoundTo: EndOfDay},
		}
	}
	return x
}

// atLeast is the condition that so much remains of an order.
type atLeast int64

func (n atLeast) Holds(f *Facts) (bool, error) { return f.Total >= int64(n), nil }
func (n atLeast) OrderNumbers() int            { return 0 }
func (n atLeast) String() string               { return fmt.Sprint("order.total >= ", int64(n)) }

func drawnTiers(r *rand.Rand) Tiers {
	t := Tiers{
		Levels: []Level{
			{ID: "bronze"},
			{ID: "silver", EntryBonus: pick[Points](r, 0, 25)},
			{ID: "gold", EntryBonus: pick[Points](r, 0, 50)},
		},
		By: pick(
			r,
			ByPointsEarned,
			ByOrders,
			BySpend,
			ByQualifyingItems,
			ByVisits,
		), Currency: "EUR", AtLeast: map[Currency]int64{"EUR": 1000}, Visit: "visit.completed",
		SkippedLevels: pick(
			r,
			HighestOnly,
			EachLevel,
		), RepeatEntryBonus: r.IntN(2) == 0, MoveDown: pick(r, OneStep, ToQualified, ToQualified, StayUp),
		Grace: pick(r, Period{}, Period{}, Period{Days: 30}), KeepOnRefund: r.IntN(4) == 0,
		Minimums: []Minimum{{Level: "silver", Segment: "card"}, {Level: "gold", Segment: "vip"}},
	}
	from := map[Measure][2]int64{ByPointsEarned: {100, 300}, ByOrders: {2, 4}, BySpend: {100_00, 300_00}, ByQualifyingItems: {2, 4}, ByVisits: {1, 2}}[t.By]
	t.Levels[1].From, t.Levels[2].From = from[0], from[1]
	t.Levels[1].Perks, t.Levels[2].Perks = []string{"tea"}, []string{"tea", "lounge"}
	t.Levels[1].Multiply, t.Levels[2].Multiply = pick(r, nil, big.NewRat(5, 4)), pick(r, nil, big.NewRat(3, 2))
	if r.IntN(4) == 0 {
		t.Ways, t.Brands = [][]Measure{{BySpend, ByBrands}, {ByOrders}}, []string{"east", "west"}
		t.Levels[1].From, t.Levels[2].From = 0, 0
		t.Levels[1].Needs = []Need{{BySpend, 80_00}, {ByBrands, 1}, {ByOrders, 3}}
		t.Levels[2].Needs = []Need{{BySpend, 200_00}, {ByBrands, 2}, {ByOrders, 6}}
	}
	switch r.IntN(6) {
	case 0:
		t.Months = pick(r, 0, 1, 3, 12)
	case 1:
		t.Calendar = true
	case 2:
		t.Window = Window{Kind: CycleWindow, Months: pick(r, 1, 3, 6), From: pick[Day](r, 101, 229, 615)}
	case 3:
		t.Window = Window{Kind: JoinWindow, Months: pick(r, 3, 12)}
	case 4:
		t.Window = Window{Kind: OwnWindow, Months: 6}
	case 5:
		t.Window = Window{Kind: LevelWindow}
	}
	if r.IntN(3) == 0 {
		t.Levels[2].Expires = pick(
			r,
			&Expiry{},
			&Expiry{After: Period{Months: 9}, RoundTo: EndOfQuarter},
			&Expiry{After: Period{Months: 9}, RoundTo: EndOfYear},
		)
	}
	if r.IntN(6) == 0 {
		t.Levels = slices.Delete(t.Levels, 1, 2)
		t.Minimums = t.Minimums[1:]
	}
	_, cyclic := t.cycle()
	switch r.IntN(3) {
	case 0:
		t.KeepFor = pick(r, Period{Months: 2}, Period{Days: 45}, Period{})
	case 1:
		t.KeepYear = 1 + r.IntN(2)
	case 2:
		if t.KeepPeriods = 1 + r.IntN(2); !cyclic {
			t.KeepPeriods, t.KeepFor = 0, Period{Months: 3}
		}
	}
	if t.KeepFor.IsZero() {
		t.ExtendedBy = pick(r, Period{}, Period{Days: 31})
	}
	if cyclic && r.IntN(2) == 0 {
		t.MoveUp = NextPeriod
	}
	return t
}
