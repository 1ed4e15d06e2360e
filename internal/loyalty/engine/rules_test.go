package engine

import (
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
			name: "in a currency", rules: seven(loyalty.Match{Currencies: []loyalty.Currency{"USD", "EUR"}}),
			order: ten,
			want:  17, because: `
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

// Of two orders that are paid later, the one that was placed first is the first order, regardless of which is paid
// first.
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
