package engine

import (
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func TestARuleIsAboutTheLinesThatItNames(t *testing.T) {
	shelf := bought(
		"EUR", loyalty.Line{SKU: "A", Category: "mugs", Brand: "north", Quantity: 2, Amount: 2000},
		loyalty.Line{SKU: "B", Category: "mugs", Brand: "south", Quantity: 3, Amount: 3000},
		loyalty.Line{SKU: "C", Category: "tea", Brand: "north", Quantity: 5, Amount: 1000},
	)
	for _, c := range []sale{
		{
			name: "of a category", rules: each(loyalty.Match{Categories: []string{"mugs"}}), order: shelf,
			want: 65, because: `
	earn.purchase: 60.00 EUR x 1 per 1.00 = 60
	earn.rules.each: 5 x 1 = 5`,
		},
		{
			name: "of either of two categories", rules: each(loyalty.Match{Categories: []string{"mugs", "tea"}}),
			order: shelf, want: 70, because: `
	earn.purchase: 60.00 EUR x 1 per 1.00 = 60
	earn.rules.each: 10 x 1 = 10`,
		},
		{name: "of a SKU", rules: each(loyalty.Match{SKUs: []string{"B"}}), order: shelf, want: 63, because: `
	earn.purchase: 60.00 EUR x 1 per 1.00 = 60
	earn.rules.each: 3 x 1 = 3`},
		{name: "of a brand", rules: each(loyalty.Match{Brands: []string{"north"}}), order: shelf, want: 67, because: `
	earn.purchase: 60.00 EUR x 1 per 1.00 = 60
	earn.rules.each: 7 x 1 = 7`},
		{
			name:  "of a category and a brand, which one line must have together",
			rules: each(loyalty.Match{Categories: []string{"mugs"}, Brands: []string{"north"}}), order: shelf,
			want: 62, because: `
	earn.purchase: 60.00 EUR x 1 per 1.00 = 60
	earn.rules.each: 2 x 1 = 2`,
		},
		{
			name:  "of a category and a SKU that only different lines have",
			rules: each(loyalty.Match{Categories: []string{"mugs"}, SKUs: []string{"C"}}), order: shelf,
			want: 60, because: `
	earn.purchase: 60.00 EUR x 1 per 1.00 = 60`,
		},
		{
			name:  "of a category, a SKU and a brand",
			rules: each(loyalty.Match{Categories: []string{"tea"}, SKUs: []string{"C"}, Brands: []string{"north"}}),
			order: shelf, want: 65, because: `
	earn.purchase: 60.00 EUR x 1 per 1.00 = 60
	earn.rules.each: 5 x 1 = 5`,
		},
		{
			name: "without a word on lines it is about all", rules: each(loyalty.Match{}), order: shelf,
			want: 70, because: `
	earn.purchase: 60.00 EUR x 1 per 1.00 = 60
	earn.rules.each: 10 x 1 = 10`,
		},
		{
			name:  "the discount of the order lowers the matching lines in proportion",
			order: with(shelf, func(o *loyalty.Order) { o.Discount = 600 }),
			rules: []loyalty.Rule{
				{
					ID: "double", Match: loyalty.Match{Categories: []string{"mugs"}},
					Give: loyalty.Multiply{By: big.NewRat(2, 1)},
				},
			},
			want: 99, because: `
	earn.purchase: 54.00 EUR x 1 per 1.00 = 54
	earn.rules.double: 45 x 2 = 45`,
		},
		{
			name: "a category that earns nothing is not paid for by any rule", want: 11, because: `
	earn.purchase: 60.00 EUR x 1 per 1.00 = 60
	earn.categories.no-gift-cards: 50.00 EUR x 0 = -50
	earn.rules.each: 1 x 1 = 1`,
			rules: []loyalty.Rule{
				{ID: "each", Give: loyalty.PerUnit{Points: big.NewRat(1, 1)}},
				{
					ID: "cards", Match: loyalty.Match{Categories: []string{"gift-cards"}},
					Give: loyalty.Fixed{Points: 100},
				},
				{
					ID: "brand", Match: loyalty.Match{Brands: []string{"north"}},
					Give: loyalty.PerAmount{
						Rates: map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(9, 1), Per: 100}},
					},
				},
				{ID: "triple", Give: loyalty.Multiply{By: big.NewRat(3, 1)}, Group: "off"},
			},
			program: func(p *loyalty.Program) {
				p.Groups = []loyalty.Group{{ID: "off", Mode: loyalty.Best}}
				p.Earn.Rules[3].Match.SKUs = []string{"card-50"}
			},
			order: bought(
				"EUR", loyalty.Line{SKU: "card-50", Category: "gift-cards", Brand: "north", Quantity: 4, Amount: 5000},
				loyalty.Line{Amount: 1000},
			),
		},
		{
			name: "an order of which nothing earns has no fixed points", rules: seven(loyalty.Match{}),
			want: 0, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.categories.no-gift-cards: 50.00 EUR x 0 = -50`,
			order: bought("EUR", loyalty.Line{Category: "gift-cards", Amount: 5000}),
		},
	} {
		t.Run(c.name, c.run)
	}
}

func TestARuleIsAboutThePartThatATenderPaid(t *testing.T) {
	split := func(tenders ...loyalty.Tender) loyalty.Order {
		return with(bought("EUR", loyalty.Line{Amount: 10_000}), func(o *loyalty.Order) { o.Tenders = tenders })
	}
	for _, c := range []sale{
		{
			name: "all of it", rules: linked("card"),
			order: split(loyalty.Tender{Kind: loyalty.TenderCard, Amount: 10_000}), want: 500, because: `
	earn.purchase: 100.00 EUR x 1 per 1.00 = 100
	earn.rules.linked: 100.00 EUR x 4 per 1.00 = 400`,
		},
		{
			name: "the card's part of a split payment", rules: linked("card"),
			order: split(
				loyalty.Tender{Kind: loyalty.TenderCard, Amount: 2_500},
				loyalty.Tender{Kind: loyalty.TenderCash, Amount: 7_500},
			),
			want: 200, because: `
	earn.purchase: 100.00 EUR x 1 per 1.00 = 100
	earn.rules.linked: 25.00 EUR x 4 per 1.00 = 100`,
		},
		{
			name: "a card by its name", rules: linked("house-card"),
			order: split(
				loyalty.Tender{Kind: loyalty.TenderCard, Name: "house-card", Amount: 3_000},
				loyalty.Tender{Kind: loyalty.TenderCard, Amount: 7_000},
			),
			want: 220, because: `
	earn.purchase: 100.00 EUR x 1 per 1.00 = 100
	earn.rules.linked: 30.00 EUR x 4 per 1.00 = 120`,
		},
		{
			name: "two tenders that it names", rules: linked("card", "cash"),
			order: split(
				loyalty.Tender{Kind: loyalty.TenderCard, Amount: 1_000},
				loyalty.Tender{Kind: loyalty.TenderCash, Amount: 1_000},
			),
			want: 180, because: `
	earn.purchase: 100.00 EUR x 1 per 1.00 = 100
	earn.rules.linked: 20.00 EUR x 4 per 1.00 = 80`,
		},
		{
			name: "of what the gift card leaves", rules: linked("card"),
			order: split(
				loyalty.Tender{Kind: loyalty.TenderGiftCard, Amount: 5_000},
				loyalty.Tender{Kind: loyalty.TenderCard, Amount: 5_000},
			),
			want: 250, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.linked: 50.00 EUR x 4 per 1.00 = 200`,
		},
		{
			name: "amounts paid by gift card earn nothing under any name", rules: linked("gift_card", "mine"),
			order: split(loyalty.Tender{Kind: loyalty.TenderGiftCard, Name: "mine", Amount: 5_000}),
			want:  50, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50`,
		},
		{
			name: "another tender", rules: linked("cash"),
			order: split(loyalty.Tender{Kind: loyalty.TenderCard, Amount: 10_000}), want: 100, because: `
	earn.purchase: 100.00 EUR x 1 per 1.00 = 100`,
		},
		{name: "the tenders are unknown", rules: linked("card"), order: split(), want: 100, because: `
	earn.purchase: 100.00 EUR x 1 per 1.00 = 100`},
		{
			name: "after a refund of half the card's part is half as much", rules: linked("card"),
			order: split(
				loyalty.Tender{Kind: loyalty.TenderCard, Amount: 2_500},
				loyalty.Tender{Kind: loyalty.TenderCash, Amount: 7_500},
			),
			then: []func(*loyalty.Order){func(o *loyalty.Order) { o.Refunds = []loyalty.Refund{back("1", 5_000)} }},
			want: 100, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.linked: 12.50 EUR x 4 per 1.00 = 50
	revision: awarded by earlier revisions = -200`,
		},
	} {
		t.Run(c.name, c.run)
	}
}

func TestARuleIsForSomeOrdersAndMembers(t *testing.T) {
	ten := bought("EUR", loyalty.Line{Amount: 1000})
	ordered := func(n int) (before []loyalty.Order) {
		for range n {
			before = append(before, ten)
		}
		return before
	}
	first := loyalty.Match{FirstOrder: true}
	for _, c := range []sale{
		{
			name: "in a currency", rules: seven(loyalty.Match{Currencies: []loyalty.Currency{"USD", "EUR"}}), order: ten,
			want: 17, because: `
	earn.purchase: 10.00 EUR x 1 per 1.00 = 10
	earn.rules.seven: 7 = 7`,
		},
		{
			name: "in another currency", rules: seven(loyalty.Match{Currencies: []loyalty.Currency{"USD"}}), order: ten,
			want: 10, because: `
	earn.purchase: 10.00 EUR x 1 per 1.00 = 10`,
		},
		{
			name: "by a channel", rules: seven(loyalty.Match{Channels: []string{"app"}}),
			order: with(ten, func(o *loyalty.Order) { o.Channel = "app" }), want: 17, because: `
	earn.purchase: 10.00 EUR x 1 per 1.00 = 10
	earn.rules.seven: 7 = 7`,
		},
		{
			name: "by another channel", rules: seven(loyalty.Match{Channels: []string{"app"}}),
			order: with(ten, func(o *loyalty.Order) { o.Channel = "web" }), want: 10, because: `
	earn.purchase: 10.00 EUR x 1 per 1.00 = 10`,
		},
		{name: "by no channel", rules: seven(loyalty.Match{Channels: []string{"app"}}), order: ten, want: 10, because: `
	earn.purchase: 10.00 EUR x 1 per 1.00 = 10`},
		{
			name: "in a store", rules: seven(loyalty.Match{Stores: []string{"b-1"}}),
			order: with(ten, func(o *loyalty.Order) { o.Store = "b-1" }), want: 17, because: `
	earn.purchase: 10.00 EUR x 1 per 1.00 = 10
	earn.rules.seven: 7 = 7`,
		},
		{
			name: "in another store", rules: seven(loyalty.Match{Stores: []string{"b-1"}}),
			order: with(ten, func(o *loyalty.Order) { o.Store = "b-2" }), want: 10, because: `
	earn.purchase: 10.00 EUR x 1 per 1.00 = 10`,
		},
		{
			name: "for the member's level", rules: seven(loyalty.Match{Tiers: []string{"silver"}}),
			member: func(a *loyalty.Account) { a.Tier.Level = "silver" }, order: ten, want: 19, because: `
	earn.purchase: 10.00 EUR x 1 per 1.00 = 10
	tiers.silver: x 1.25 = 2.5
	earn.rules.seven: 7 = 7
	rounding: down = -0.5`,
		},
		{
			name: "for another level", rules: seven(loyalty.Match{Tiers: []string{"gold"}}),
			member: func(a *loyalty.Account) { a.Tier.Level = "silver" }, order: ten, want: 12, because: `
	earn.purchase: 10.00 EUR x 1 per 1.00 = 10
	tiers.silver: x 1.25 = 2.5
	rounding: down = -0.5`,
		},
		{
			name: "by the level before the order's own upgrade", rules: seven(loyalty.Match{Tiers: []string{"bronze"}}),
			want: 607, because: `
	earn.purchase: 600.00 EUR x 1 per 1.00 = 600
	earn.rules.seven: 7 = 7
	revision: awarded by earlier revisions = -607`,
			order: bought("EUR", loyalty.Line{Amount: 60_000}),
			then:  []func(*loyalty.Order){func(o *loyalty.Order) { o.Channel = "web" }},
		},
		{
			name: "for any of the segments", rules: seven(loyalty.Match{Segments: []string{"vip", "staff"}}),
			member: func(a *loyalty.Account) { a.Traits.Segments = []string{"local", "staff"} }, order: ten,
			want: 17, because: `
	earn.purchase: 10.00 EUR x 1 per 1.00 = 10
	earn.rules.seven: 7 = 7`,
		},
		{
			name: "for other segments", rules: seven(loyalty.Match{Segments: []string{"vip"}}),
			member: func(a *loyalty.Account) { a.Traits.Segments = []string{"local"} }, order: ten, want: 10, because: `
	earn.purchase: 10.00 EUR x 1 per 1.00 = 10`,
		},
		{name: "for the first order", rules: seven(first), order: ten, want: 17, because: `
	earn.purchase: 10.00 EUR x 1 per 1.00 = 10
	earn.rules.seven: 7 = 7`},
		{name: "not for the second", rules: seven(first), before: ordered(1), order: ten, want: 10, because: `
	earn.purchase: 10.00 EUR x 1 per 1.00 = 10`},
		{
			name: "for the second if the first was refunded in full", rules: seven(first),
			before: []loyalty.Order{
				with(ten, func(o *loyalty.Order) { o.Refunds = []loyalty.Refund{back("1", 1000)} }),
			},
			order: ten, want: 17, because: `
	earn.purchase: 10.00 EUR x 1 per 1.00 = 10
	earn.rules.seven: 7 = 7`,
		},
		{
			name: "for the second if the first was canceled", rules: seven(first),
			before: []loyalty.Order{with(ten, func(o *loyalty.Order) { o.Status = loyalty.OrderCanceled })}, order: ten,
			want: 17, because: `
	earn.purchase: 10.00 EUR x 1 per 1.00 = 10
	earn.rules.seven: 7 = 7`,
		},
		{
			name: "for the first that is paid", rules: seven(first),
			before: []loyalty.Order{with(ten, func(o *loyalty.Order) { o.Status = loyalty.OrderPlaced })}, order: ten,
			want: 17, because: `
	earn.purchase: 10.00 EUR x 1 per 1.00 = 10
	earn.rules.seven: 7 = 7`,
		},
		{
			name: "still for the first once it is sent again", rules: seven(first), order: ten,
			then: []func(*loyalty.Order){func(o *loyalty.Order) { o.Channel = "web" }}, want: 17, because: `
	earn.purchase: 10.00 EUR x 1 per 1.00 = 10
	earn.rules.seven: 7 = 7
	revision: awarded by earlier revisions = -17`,
		},
		{
			name: "in the birthday's month", rules: seven(loyalty.Match{BirthdayMonth: true}),
			member: func(a *loyalty.Account) { a.Traits.Birthday = 1224 },
			order:  ten, want: 17, because: `
	earn.purchase: 10.00 EUR x 1 per 1.00 = 10
	earn.rules.seven: 7 = 7`,
		},
		{
			name: "in another month", rules: seven(loyalty.Match{BirthdayMonth: true}),
			member: func(a *loyalty.Account) { a.Traits.Birthday = 1124 }, order: ten, want: 10, because: `
	earn.purchase: 10.00 EUR x 1 per 1.00 = 10`,
		},
		{name: "an unknown birthday", rules: seven(loyalty.Match{BirthdayMonth: true}), order: ten, want: 10, because: `
	earn.purchase: 10.00 EUR x 1 per 1.00 = 10`},
		{
			name:   "in the month where the member lives",
			rules:  seven(loyalty.Match{BirthdayMonth: true, TimezoneOf: loyalty.MemberClock}),
			order:  placed("2026-11-30T12:00:00Z"),
			member: func(a *loyalty.Account) { a.Traits.Birthday, a.Traits.Zone = 1224, "Pacific/Auckland" },
			want:   17, because: `
	earn.purchase: 10.00 EUR x 1 per 1.00 = 10
	earn.rules.seven: 7 = 7`,
		},
		{
			name:   "of a member who registered",
			rules:  []loyalty.Rule{{ID: "seven", Give: loyalty.Fixed{Points: 7}, OptIn: true}},
			member: func(a *loyalty.Account) { a.Traits.OptIns = []loyalty.OptIn{{Campaign: "seven"}} }, order: ten,
			want: 17, because: `
	earn.purchase: 10.00 EUR x 1 per 1.00 = 10
	earn.rules.seven: 7 = 7`,
		},
		{
			name:  "of a member who did not",
			rules: []loyalty.Rule{{ID: "seven", Give: loyalty.Fixed{Points: 7}, OptIn: true}}, order: ten,
			want: 10, because: `
	earn.purchase: 10.00 EUR x 1 per 1.00 = 10
	earn.rules.seven: not applied: the member has not registered = 0`,
		},
		{
			name: "in the shadow", rules: []loyalty.Rule{{ID: "seven", Give: loyalty.Fixed{Points: 7}, Shadow: true}},
			order: ten, want: 10, because: `
	earn.purchase: 10.00 EUR x 1 per 1.00 = 10
	earn.rules.seven: shadow: would give 7 = 0`,
		},
	} {
		t.Run(c.name, c.run)
	}
}

// Two orders are placed and paid later: the one that was placed first is the first, whichever is paid first.
func TestOfTwoOrdersTheOnePlacedFirstIsTheFirst(t *testing.T) {
	for _, turn := range [][]string{{"1", "2"}, {"2", "1"}} {
		s := newShop(t, made(t, func(p *loyalty.Program) { p.Earn.Rules = seven(loyalty.Match{FirstOrder: true}) }))
		for _, id := range []string{"1", "2"} {
			o := bought("EUR", loyalty.Line{Amount: 1000})
			o.ID, o.Status = id, loyalty.OrderPlaced
			s.submit(o, noon)
		}
		for _, id := range append(turn, turn...) {
			o := s.states[id].Order
			o.Status = loyalty.OrderPaid
			s.submit(o, noon.Add(time.Hour))
		}
		s.want(t, "1", 17)
		s.want(t, "2", 10)
	}
}

func TestARuleIsForATime(t *testing.T) {
	at := func(s string) time.Time { return placed(s).PlacedAt }
	while := seven(loyalty.Match{From: at("2026-12-05T00:00:00Z"), Until: at("2026-12-07T00:00:00Z")})
	night := loyalty.Match{HoursFrom: 22 * 60, HoursUntil: 6*60 + 30}
	store := func(o loyalty.Order) loyalty.Order {
		return with(o, func(o *loyalty.Order) { o.Clock = zone(t, "America/New_York") })
	}
	kiwi := func(a *loyalty.Account) { a.Traits.Zone = "Pacific/Auckland" }
	by := func(m loyalty.Match, z loyalty.TimezoneOf) []loyalty.Rule { m.TimezoneOf = z; return seven(m) }
	for name, c := range map[string]struct {
		rules  []loyalty.Rule
		order  loyalty.Order
		member func(*loyalty.Account)
		given  bool
	}{
		"before it begins":               {while, placed("2026-12-04T23:59:59Z"), nil, false},
		"as it begins":                   {while, placed("2026-12-05T00:00:00Z"), nil, true},
		"as it ends, which is not in it": {while, placed("2026-12-07T00:00:00Z"), nil, false},
		"just before it ends":            {while, placed("2026-12-06T23:59:59Z"), nil, true},
		"on a weekday": {
			seven(loyalty.Match{Weekdays: []time.Weekday{time.Tuesday}}), placed("2026-12-01T11:00:00Z"), nil, true,
		},
		"on another weekday": {
			seven(loyalty.Match{Weekdays: []time.Weekday{time.Monday}}), placed("2026-12-01T11:00:00Z"), nil, false,
		},
		"on the weekday of the program's zone": {
			seven(loyalty.Match{Weekdays: []time.Weekday{time.Wednesday}}), placed("2026-12-01T23:30:00Z"), nil, true,
		},
		"in the hours": {
			seven(loyalty.Match{HoursFrom: 9 * 60, HoursUntil: 12 * 60}), placed("2026-12-01T08:00:00Z"), nil, true,
		},
		"as the hours end, which is not in them": {
			seven(loyalty.Match{HoursFrom: 9 * 60, HoursUntil: 12 * 60}), placed("2026-12-01T11:00:00Z"), nil, false,
		},
		"a minute before the hours": {
			seven(loyalty.Match{HoursFrom: 9 * 60, HoursUntil: 12 * 60}), placed("2026-12-01T07:59:59Z"), nil, false,
		},
		"in hours over midnight, before it": {seven(night), placed("2026-12-01T21:00:00Z"), nil, true},
		"in hours over midnight, after it":  {seven(night), placed("2026-12-01T05:29:59Z"), nil, true},
		"as hours over midnight end":        {seven(night), placed("2026-12-01T05:30:00Z"), nil, false},
		"between hours over midnight":       {seven(night), placed("2026-12-01T20:59:59Z"), nil, false},
		"in the store's time zone": {
			by(night, loyalty.StoreClock), store(placed("2026-12-02T03:00:00Z")), nil, true,
		},
		"in the store's time zone, which is not ours": {
			by(night, loyalty.StoreClock), store(placed("2026-12-01T22:00:00Z")), nil, false,
		},
		"by the clock of a store that has none": {
			by(night, loyalty.StoreClock), placed("2026-12-01T22:00:00Z"), nil, true,
		},
		"in the store's time zone though only ours goes": {
			seven(night), store(placed("2026-12-02T06:00:00Z")), nil, false,
		},
		"in the member's time zone": {
			by(night, loyalty.MemberClock), placed("2026-12-01T09:00:00Z"), kiwi, true,
		},
		"by the clock of a member who lives nowhere": {
			by(night, loyalty.MemberClock), placed("2026-12-01T22:00:00Z"), nil, true,
		},
		"by the clock of a zone that does not exist": {
			by(night, loyalty.MemberClock), placed("2026-12-01T22:00:00Z"),
			func(a *loyalty.Account) { a.Traits.Zone = "Pacific/Atlantis" }, true,
		},
		"on the member's weekday": {
			by(loyalty.Match{Weekdays: []time.Weekday{time.Wednesday}}, loyalty.MemberClock),
			placed("2026-12-01T12:00:00Z"), kiwi, true,
		},
	} {
		s := sale{
			name: name, rules: c.rules, member: c.member, order: c.order, want: 10,
			because: "earn.purchase: 10.00 EUR x 1 per 1.00 = 10",
		}
		if c.given {
			s.want, s.because = 17, s.because+"\nearn.rules.seven: 7 = 7"
		}
		t.Run(name, s.run)
	}
}

func TestARuleAsksForASpendAndForACondition(t *testing.T) {
	half := func(o *loyalty.Order) { o.Refunds = []loyalty.Refund{back("1", 2500)} }
	failed := func(o *loyalty.Order) {
		o.Refunds = []loyalty.Refund{back("1", 2500)}
		o.Refunds[0].Status = loyalty.RefundFailed
	}
	fifty := bought("EUR", loyalty.Line{Category: "mugs", Amount: 3000}, loyalty.Line{Category: "tea", Amount: 2000})
	spend := seven(loyalty.Match{MinSpend: euros(50)})
	asks := func(c condition) []loyalty.Rule { return seven(loyalty.Match{When: c}) }
	for _, c := range []sale{
		{name: "enough", rules: spend, order: fifty, want: 57, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.seven: 7 = 7`},
		{
			name: "a cent too little", rules: seven(loyalty.Match{MinSpend: map[loyalty.Currency]int64{"EUR": 5001}}),
			order: fifty, want: 50, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.seven: not applied: needs 50.01 EUR, has 50.00 EUR = 0`,
		},
		{
			name: "enough until half came back", rules: spend, order: fifty, then: []func(*loyalty.Order){half},
			want: 25, because: `
	earn.purchase: 25.00 EUR x 1 per 1.00 = 25
	earn.rules.seven: not applied: needs 50.00 EUR, has 25.00 EUR = 0
	revision: awarded by earlier revisions = -57`,
		},
		{
			name: "enough again once the refund has failed", rules: spend, order: fifty,
			then: []func(*loyalty.Order){half, failed}, want: 57, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.seven: 7 = 7
	revision: awarded by earlier revisions = -25`,
		},
		{
			name:  "too little of what it is about",
			rules: seven(loyalty.Match{MinSpend: euros(50), Categories: []string{"mugs"}}), order: fifty,
			want: 50, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.seven: not applied: needs 50.00 EUR, has 30.00 EUR = 0`,
		},
		{
			name: "too little after what a gift card paid", rules: spend,
			order: with(
				fifty,
				func(o *loyalty.Order) { o.Tenders = []loyalty.Tender{{Kind: loyalty.TenderGiftCard, Amount: 1}} },
			),
			want: 49, because: `
	earn.purchase: 49.99 EUR x 1 per 1.00 = 49.99
	earn.rules.seven: not applied: needs 50.00 EUR, has 49.99 EUR = 0
	rounding: down = -0.99`,
		},
		{
			name: "in a currency that it does not name", rules: spend, order: bought("JPY", loyalty.Line{Amount: 15_000}),
			want: 100, because: `
	earn.purchase: 15000 JPY x 1 per 150 = 100`,
		},
		{name: "a condition that holds", rules: asks(func(f *loyalty.Facts) (bool, error) {
			return f.Order.Lines[0].Category == "mugs" && f.Total == 5000, nil
		}), order: fifty, want: 57, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.seven: 7 = 7`},
		{
			name: "one that does not", rules: asks(func(*loyalty.Facts) (bool, error) { return false, nil }), order: fifty,
			want: 50, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50`,
		},
		{
			name:  "a condition that cannot be evaluated",
			rules: asks(func(*loyalty.Facts) (bool, error) { return true, errors.New("there is no such field") }),
			order: fifty, want: 50, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.seven: not applied: there is no such field = 0`,
		},
		{
			name: "one about what is left after a refund", order: fifty, then: []func(*loyalty.Order){half},
			want: 32, because: `
	earn.purchase: 25.00 EUR x 1 per 1.00 = 25
	earn.rules.seven: 7 = 7
	revision: awarded by earlier revisions = -57`,
			rules: asks(
				func(f *loyalty.Facts) (bool, error) { return f.Total <= 2500 == (f.Order.Lines[1].Amount == 1000), nil },
			),
		},
		{
			name:   "one about the member and the time",
			member: func(a *loyalty.Account) { a.Traits.Segments, a.Traits.Zone = []string{"vip"}, "Asia/Tokyo" },
			before: []loyalty.Order{fifty},
			rules: seven(loyalty.Match{When: numbering{func(f *loyalty.Facts) (bool, error) {
				return f.Buyer.Orders == 1 && f.Buyer.Segments[0] == "vip" && f.Buyer.Level == "bronze" &&
					f.At.Hour() == 12, nil
			}}}), order: fifty, want: 57, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.seven: 7 = 7`,
		},
		{
			name: "the best category whose condition holds counts", order: fifty, want: 90, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.categories.three: 20.00 EUR x 3 = 40`,
			program: func(p *loyalty.Program) {
				p.Earn.Categories = []loyalty.CategoryRule{
					{ID: "three", Category: "tea", Multiply: big.NewRat(3, 1)},
					{
						ID: "nine", Category: "tea", Multiply: big.NewRat(9, 1),
						When: condition(func(*loyalty.Facts) (bool, error) { return false, nil }),
					},
					{ID: "two", Category: "tea", Multiply: big.NewRat(2, 1)},
				}
			},
		},
	} {
		t.Run(c.name, c.run)
	}
}
