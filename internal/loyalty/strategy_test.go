package loyalty

import (
	"math/big"
	"testing"
)

func gives(s Strategy) []Rule { return []Rule{{ID: "give", Give: s}} }

func TestHowARuleGives(t *testing.T) {
	two := func(c Currency, per int64) PerAmount {
		return PerAmount{map[Currency]Rate{c: {Points: big.NewRat(2, 1), Per: per}}}
	}
	five := bought("EUR", Line{Quantity: 5, Amount: 5000})
	silver := func(a *Account) { a.Tier.Level = "silver" }
	steps := gives(Steps{map[Currency][]Band{"EUR": {{2000, 5}, {5000, 20}}, "JPY": {{0, 1}}}})
	returned := func(pieces, cents int64) []func(*Order) {
		return []func(*Order){func(o *Order) { o.Refunds = []Refund{back("1", cents, RefundLine{"1", pieces, cents})} }}
	}
	for _, c := range []sale{
		{name: "per amount, beside the base and rounded with it", rules: gives(two("EUR", 100)), order: bought("EUR", Line{Amount: 2999}), want: 89, because: `
	earn.purchase: 29.99 EUR x 1 per 1.00 = 29.99
	earn.rules.give: 29.99 EUR x 2 per 1.00 = 59.98
	rounding: down = -0.97`},
		{name: "per amount in a currency that it does not know", rules: gives(two("USD", 100)), order: five, want: 50, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50`},
		{name: "per amount, without a share in the level", rules: gives(two("EUR", 100)), member: silver, order: five, want: 162, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	tiers.silver: x 1.25 = 12.5
	earn.rules.give: 50.00 EUR x 2 per 1.00 = 100
	rounding: down = -0.5`},
		{name: "per amount of dinars", rules: gives(two("KWD", 1000)), order: bought("KWD", Line{Amount: 1500}), want: 7, because: `
	earn.purchase: 1.500 KWD x 3 per 1.000 = 4.5
	earn.rules.give: 1.500 KWD x 2 per 1.000 = 3
	rounding: down = -0.5`},
		{name: "per unit", rules: gives(PerUnit{big.NewRat(1, 2)}), order: five, want: 52, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 5 x 0.5 = 2.5
	rounding: down = -0.5`},
		{name: "per unit that did not come back", rules: gives(PerUnit{big.NewRat(3, 1)}), order: five, then: returned(2, 2000), want: 39, because: `
	earn.purchase: 30.00 EUR x 1 per 1.00 = 30
	earn.rules.give: 3 x 3 = 9
	revision: awarded by earlier revisions = -65`},
		{name: "per whole unit, as half of one came back", rules: gives(PerUnit{big.NewRat(3, 1)}), order: five, then: returned(0, 500), want: 57, because: `
	earn.purchase: 45.00 EUR x 1 per 1.00 = 45
	earn.rules.give: 4 x 3 = 12
	revision: awarded by earlier revisions = -65`},
		{
			name: "per unit of a discounted order", rules: gives(PerUnit{big.NewRat(3, 1)}), order: five.with(func(o *Order) { o.Discount = 1000 }),
			then: returned(2, 1600), want: 33, because: `
	earn.purchase: 24.00 EUR x 1 per 1.00 = 24
	earn.rules.give: 3 x 3 = 9
	revision: awarded by earlier revisions = -55`,
		},
		{
			name: "per unit, as a part of the order was refunded without a word on which", rules: gives(PerUnit{big.NewRat(3, 1)}), order: five,
			then: []func(*Order){func(o *Order) { o.Refunds = []Refund{back("1", 2500)} }}, want: 31, because: `
	earn.purchase: 25.00 EUR x 1 per 1.00 = 25
	earn.rules.give: 2 x 3 = 6
	revision: awarded by earlier revisions = -65`,
		},
		{
			name: "per unit that was free, of which some came back", rules: gives(PerUnit{big.NewRat(3, 1)}), order: bought("EUR", Line{Quantity: 4}, Line{Amount: 1000}),
			then: returned(3, 0), want: 16, because: `
	earn.purchase: 10.00 EUR x 1 per 1.00 = 10
	earn.rules.give: 2 x 3 = 6
	revision: awarded by earlier revisions = -25`,
		},
		{name: "per visit", rules: gives(PerVisit{8}), order: five, want: 58, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 8 = 8`},
		{name: "per visit, but once a day", rules: gives(PerVisit{8}), before: []Order{placed("2026-12-01T00:00:00+01:00")}, order: five, want: 50, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 1 per day = 0`},
		{name: "per visit again on the next day, which is the program's", rules: gives(PerVisit{8}), before: []Order{placed("2026-11-30T23:59:59+01:00")}, order: five, want: 58, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 8 = 8`},
		{name: "per visit that came to nothing, so that the next one counts", rules: gives(PerVisit{8}), before: []Order{placed("2026-12-01T00:00:00+01:00").with(func(o *Order) { o.Refunds = []Refund{back("1", 1000)} })}, order: five, want: 58, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 8 = 8`},
		{name: "fixed", rules: gives(Fixed{25}), order: five, want: 75, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 25 = 25`},
		{name: "fixed, whatever is left", rules: gives(Fixed{25}), order: five, then: returned(4, 4999), want: 25, because: `
	earn.purchase: 0.01 EUR x 1 per 1.00 = 0.01
	earn.rules.give: 25 = 25
	rounding: down = -0.01
	revision: awarded by earlier revisions = -75`},
		{name: "fixed, but not once everything came back", rules: gives(Fixed{25}), order: five.with(func(o *Order) { o.Shipping = 490 }), then: returned(5, 5000), want: 0, because: `
	earn.purchase: 0.00 EUR x 1 per 1.00 = 0
	revision: awarded by earlier revisions = -75`},
		{name: "below the first step", rules: steps, order: bought("EUR", Line{Amount: 1999}), want: 19, because: `
	earn.purchase: 19.99 EUR x 1 per 1.00 = 19.99
	rounding: down = -0.99`},
		{name: "on the first step", rules: steps, order: bought("EUR", Line{Amount: 2000}), want: 25, because: `
	earn.purchase: 20.00 EUR x 1 per 1.00 = 20
	earn.rules.give: 20.00 EUR, from 20.00 EUR: 5 = 5`},
		{name: "just below the second step", rules: steps, order: bought("EUR", Line{Amount: 4999}), want: 54, because: `
	earn.purchase: 49.99 EUR x 1 per 1.00 = 49.99
	earn.rules.give: 49.99 EUR, from 20.00 EUR: 5 = 5
	rounding: down = -0.99`},
		{name: "on the second step", rules: steps, order: five, want: 70, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 50.00 EUR, from 50.00 EUR: 20 = 20`},
		{name: "on the first step after a refund", rules: steps, order: five, then: returned(1, 1), want: 54, because: `
	earn.purchase: 49.99 EUR x 1 per 1.00 = 49.99
	earn.rules.give: 49.99 EUR, from 20.00 EUR: 5 = 5
	rounding: down = -0.99
	revision: awarded by earlier revisions = -70`},
		{name: "on a step of yen", rules: steps, order: bought("JPY", Line{Amount: 150}), want: 2, because: `
	earn.purchase: 150 JPY x 1 per 150 = 1
	earn.rules.give: 150 JPY, from 0 JPY: 1 = 1`},
		{name: "on no step of dollars", rules: steps, order: bought("USD", Line{Amount: 11000}), want: 100, because: `
	earn.purchase: 110.00 USD x 1 per 1.10 = 100`},
		{
			name: "a multiplier of what rate, category and level give", rules: gives(Multiply{big.NewRat(3, 1)}), member: silver,
			order: bought("EUR", Line{Category: "coffee-beans", Amount: 1000}, Line{Amount: 2000}), want: 150, because: `
	earn.purchase: 30.00 EUR x 1 per 1.00 = 30
	earn.categories.beans-x2: 10.00 EUR x 2 = 10
	tiers.silver: x 1.25 = 10
	earn.rules.give: 50 x 3 = 100`,
		},
		{
			name: "a multiplier of its own lines", rules: []Rule{{ID: "give", Match: Match{Categories: []string{"coffee-beans"}}, Give: Multiply{big.NewRat(3, 1)}}}, member: silver,
			order: bought("EUR", Line{Category: "coffee-beans", Amount: 1000}, Line{Amount: 2000}), want: 100, because: `
	earn.purchase: 30.00 EUR x 1 per 1.00 = 30
	earn.categories.beans-x2: 10.00 EUR x 2 = 10
	tiers.silver: x 1.25 = 10
	earn.rules.give: 25 x 3 = 50`,
		},
		{name: "a multiplier by a half, which takes", rules: gives(Multiply{big.NewRat(1, 2)}), order: five, want: 25, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 50 x 0.5 = -25`},
		{name: "a multiplier by nothing", rules: gives(Multiply{new(big.Rat)}), order: five, want: 0, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 50 x 0 = -50`},
		{name: "a multiplier by one, which is none", rules: gives(Multiply{big.NewRat(1, 1)}), order: five, want: 50, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50`},
		{
			name: "a multiplier of shipping and tax, where they count", rules: gives(Multiply{big.NewRat(2, 1)}), want: 130, because: `
	earn.purchase: 65.00 EUR x 1 per 1.00 = 65
	earn.rules.give: 65 x 2 = 65`,
			program: func(p *Program) { p.Earn.Counts = Counts{Items: true, Shipping: true, Tax: true} },
			order:   five.with(func(o *Order) { o.Shipping, o.Tax = 500, 1000 }),
		},
		{
			name: "a multiplier of what a card paid", rules: []Rule{{ID: "give", Match: Match{Tenders: []string{"card"}}, Give: Multiply{big.NewRat(2, 1)}}}, want: 60, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 10 x 2 = 10`,
			order: five.with(func(o *Order) {
				o.Tenders = []Tender{{Kind: TenderCard, Amount: 1000}, {Kind: TenderCash, Amount: 4000}}
			}),
		},
	} {
		t.Run(c.name, c.run)
	}
}

func TestStrategiesThatGiveLessThanNothingAreRefused(t *testing.T) {
	for _, s := range []Strategy{
		nil,
		PerAmount{map[Currency]Rate{"EUR": {Points: big.NewRat(-1, 1), Per: 100}}},
		PerAmount{map[Currency]Rate{"EUR": {Points: big.NewRat(1, 1), Per: 0}}},
		PerAmount{map[Currency]Rate{"eur": {Points: big.NewRat(1, 1), Per: 100}}},
		PerUnit{},
		PerUnit{big.NewRat(-1, 1)},
		PerVisit{-1},
		Fixed{-1},
		Fixed{MaxPoints + 1},
		Steps{map[Currency][]Band{"EUR": {}}},
		Steps{map[Currency][]Band{"EUR": {{200, 5}, {100, 6}}}},
		Steps{map[Currency][]Band{"EUR": {{100, 5}, {200, 4}}}},
		Multiply{},
		Multiply{big.NewRat(-1, 2)},
	} {
		p := testProgram(t)
		if p.Earn.Rules = gives(s); p.Compile() == nil {
			t.Errorf("%T %+v was taken", s, s)
		}
	}
}
