package engine

import (
	"math/big"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func gives(s loyalty.Strategy) []loyalty.Rule { return []loyalty.Rule{{ID: "give", Give: s}} }

func TestHowARuleGives(t *testing.T) {
	two := func(c loyalty.Currency, per int64) loyalty.PerAmount {
		return loyalty.PerAmount{Rates: map[loyalty.Currency]loyalty.Rate{c: {Points: big.NewRat(2, 1), Per: per}}}
	}
	five := bought("EUR", loyalty.Line{Quantity: 5, Amount: 5000})
	silver := func(a *loyalty.Account) { a.Tier.Level = "silver" }
	steps := gives(
		loyalty.Steps{
			Bands: map[loyalty.Currency][]loyalty.Band{
				"EUR": {{From: 2000, Points: 5}, {From: 5000, Points: 20}}, "JPY": {{From: 0, Points: 1}},
			},
		},
	)
	returned := func(pieces, cents int64) []func(*loyalty.Order) {
		return []func(*loyalty.Order){func(o *loyalty.Order) {
			o.Refunds = []loyalty.Refund{back("1", cents, loyalty.RefundLine{ID: "1", Quantity: pieces, Amount: cents})}
		}}
	}
	for _, c := range []sale{
		{
			name: "per amount, beside the base and rounded with it", rules: gives(two("EUR", 100)),
			order: bought("EUR", loyalty.Line{Amount: 2999}), want: 89, because: `
	earn.purchase: 29.99 EUR x 1 per 1.00 = 29.99
	earn.rules.give: 29.99 EUR x 2 per 1.00 = 59.98
	rounding: down = -0.97`,
		},
		{
			name: "per amount in a currency that it does not know", rules: gives(two("USD", 100)), order: five,
			want: 50, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50`,
		},
		{
			name: "per amount, without a share in the level", rules: gives(two("EUR", 100)), member: silver,
			order: five,
			want:  162, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	tiers.silver: x 1.25 = 12.5
	earn.rules.give: 50.00 EUR x 2 per 1.00 = 100
	rounding: down = -0.5`,
		},
		{
			name: "per amount of dinars", rules: gives(two("KWD", 1000)),
			order: bought("KWD", loyalty.Line{Amount: 1500}),
			want:  7, because: `
	earn.purchase: 1.500 KWD x 3 per 1.000 = 4.5
	earn.rules.give: 1.500 KWD x 2 per 1.000 = 3
	rounding: down = -0.5`,
		},
		{name: "per unit", rules: gives(loyalty.PerUnit{Points: big.NewRat(1, 2)}), order: five, want: 52, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 5 x 0.5 = 2.5
	rounding: down = -0.5`},
		{
			name: "per unit that did not come back", rules: gives(loyalty.PerUnit{Points: big.NewRat(3, 1)}),
			order: five,
			then:  returned(2, 2000), want: 39, because: `
	earn.purchase: 30.00 EUR x 1 per 1.00 = 30
	earn.rules.give: 3 x 3 = 9
	revision: awarded by earlier revisions = -65`,
		},
		{
			name: "per whole unit, as half of one came back", rules: gives(loyalty.PerUnit{Points: big.NewRat(3, 1)}),
			order: five, then: returned(0, 500), want: 57, because: `
	earn.purchase: 45.00 EUR x 1 per 1.00 = 45
	earn.rules.give: 4 x 3 = 12
	revision: awarded by earlier revisions = -65`,
		},
		{
			name: "per unit of a discounted order", rules: gives(loyalty.PerUnit{Points: big.NewRat(3, 1)}),
			order: with(five, func(o *loyalty.Order) { o.Discount = 1000 }),
			then:  returned(2, 1600), want: 33, because: `
	earn.purchase: 24.00 EUR x 1 per 1.00 = 24
	earn.rules.give: 3 x 3 = 9
	revision: awarded by earlier revisions = -55`,
		},
		{
			name:  "per unit, as a part of the order was refunded without a word on which",
			rules: gives(loyalty.PerUnit{Points: big.NewRat(3, 1)}), order: five,
			then: []func(*loyalty.Order){func(o *loyalty.Order) { o.Refunds = []loyalty.Refund{back("1", 2500)} }},
			want: 31, because: `
	earn.purchase: 25.00 EUR x 1 per 1.00 = 25
	earn.rules.give: 2 x 3 = 6
	revision: awarded by earlier revisions = -65`,
		},
		{
			name:  "per unit that was free, of which some came back",
			rules: gives(loyalty.PerUnit{Points: big.NewRat(3, 1)}),
			order: bought("EUR", loyalty.Line{Quantity: 4}, loyalty.Line{Amount: 1000}),
			then:  returned(3, 0), want: 16, because: `
	earn.purchase: 10.00 EUR x 1 per 1.00 = 10
	earn.rules.give: 2 x 3 = 6
	revision: awarded by earlier revisions = -25`,
		},
		{name: "per visit", rules: gives(loyalty.PerVisit{Points: 8}), order: five, want: 58, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 8 = 8`},
		{
			name: "per visit, but once a day", rules: gives(loyalty.PerVisit{Points: 8}),
			before: []loyalty.Order{placed("2026-12-01T00:00:00+01:00")}, order: five, want: 50, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 1 per day = 0`,
		},
		{
			name: "per visit again on the next day, which is the program's", rules: gives(loyalty.PerVisit{Points: 8}),
			before: []loyalty.Order{placed("2026-11-30T23:59:59+01:00")}, order: five, want: 58, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 8 = 8`,
		},
		{
			name:  "per visit that came to nothing, so that the next one counts",
			rules: gives(loyalty.PerVisit{Points: 8}),
			before: []loyalty.Order{
				with(
					placed("2026-12-01T00:00:00+01:00"),
					func(o *loyalty.Order) { o.Refunds = []loyalty.Refund{back("1", 1000)} },
				),
			},
			order: five, want: 58, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 8 = 8`,
		},
		{name: "fixed", rules: gives(loyalty.Fixed{Points: 25}), order: five, want: 75, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 25 = 25`},
		{
			name: "fixed, whatever is left", rules: gives(loyalty.Fixed{Points: 25}), order: five,
			then: returned(4, 4999),
			want: 25, because: `
	earn.purchase: 0.01 EUR x 1 per 1.00 = 0.01
	earn.rules.give: 25 = 25
	rounding: down = -0.01
	revision: awarded by earlier revisions = -75`,
		},
		{
			name: "fixed, but not once everything came back", rules: gives(loyalty.Fixed{Points: 25}),
			order: with(five, func(o *loyalty.Order) { o.Shipping = 490 }), then: returned(5, 5000), want: 0, because: `
	earn.purchase: 0.00 EUR x 1 per 1.00 = 0
	revision: awarded by earlier revisions = -75`,
		},
		{
			name: "below the first step", rules: steps, order: bought("EUR", loyalty.Line{Amount: 1999}),
			want: 19, because: `
	earn.purchase: 19.99 EUR x 1 per 1.00 = 19.99
	rounding: down = -0.99`,
		},
		{name: "on the first step", rules: steps, order: bought("EUR", loyalty.Line{Amount: 2000}), want: 25, because: `
	earn.purchase: 20.00 EUR x 1 per 1.00 = 20
	earn.rules.give: 20.00 EUR, from 20.00 EUR: 5 = 5`},
		{
			name: "just below the second step", rules: steps, order: bought("EUR", loyalty.Line{Amount: 4999}),
			want: 54, because: `
	earn.purchase: 49.99 EUR x 1 per 1.00 = 49.99
	earn.rules.give: 49.99 EUR, from 20.00 EUR: 5 = 5
	rounding: down = -0.99`,
		},
		{name: "on the second step", rules: steps, order: five, want: 70, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 50.00 EUR, from 50.00 EUR: 20 = 20`},
		{name: "on the first step after a refund", rules: steps, order: five, then: returned(1, 1), want: 54, because: `
	earn.purchase: 49.99 EUR x 1 per 1.00 = 49.99
	earn.rules.give: 49.99 EUR, from 20.00 EUR: 5 = 5
	rounding: down = -0.99
	revision: awarded by earlier revisions = -70`},
		{name: "on a step of yen", rules: steps, order: bought("JPY", loyalty.Line{Amount: 150}), want: 2, because: `
	earn.purchase: 150 JPY x 1 per 150 = 1
	earn.rules.give: 150 JPY, from 0 JPY: 1 = 1`},
		{
			name: "on no step of dollars", rules: steps, order: bought("USD", loyalty.Line{Amount: 11000}),
			want: 100, because: `
	earn.purchase: 110.00 USD x 1 per 1.10 = 100`,
		},
		{
			name:  "a multiplier of what rate, category and level give",
			rules: gives(loyalty.Multiply{By: big.NewRat(3, 1)}), member: silver,
			order: bought("EUR", loyalty.Line{Category: "coffee-beans", Amount: 1000}, loyalty.Line{Amount: 2000}),
			want:  150, because: `
	earn.purchase: 30.00 EUR x 1 per 1.00 = 30
	earn.categories.beans-x2: 10.00 EUR x 2 = 10
	tiers.silver: x 1.25 = 10
	earn.rules.give: 50 x 3 = 100`,
		},
		{
			name: "a multiplier of its own lines",
			rules: []loyalty.Rule{
				{
					ID: "give", Match: loyalty.Match{Categories: []string{"coffee-beans"}},
					Give: loyalty.Multiply{By: big.NewRat(3, 1)},
				},
			},
			member: silver,
			order:  bought("EUR", loyalty.Line{Category: "coffee-beans", Amount: 1000}, loyalty.Line{Amount: 2000}),
			want:   100, because: `
	earn.purchase: 30.00 EUR x 1 per 1.00 = 30
	earn.categories.beans-x2: 10.00 EUR x 2 = 10
	tiers.silver: x 1.25 = 10
	earn.rules.give: 25 x 3 = 50`,
		},
		{
			name: "a multiplier by a half, which takes", rules: gives(loyalty.Multiply{By: big.NewRat(1, 2)}),
			order: five,
			want:  25, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 50 x 0.5 = -25`,
		},
		{
			name: "a multiplier by nothing", rules: gives(loyalty.Multiply{By: new(big.Rat)}), order: five,
			want: 0, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 50 x 0 = -50`,
		},
		{
			name: "a multiplier by one, which is none", rules: gives(loyalty.Multiply{By: big.NewRat(1, 1)}),
			order: five,
			want:  50, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50`,
		},
		{
			name:  "a multiplier of shipping and tax, where they count",
			rules: gives(loyalty.Multiply{By: big.NewRat(2, 1)}), want: 130, because: `
	earn.purchase: 65.00 EUR x 1 per 1.00 = 65
	earn.rules.give: 65 x 2 = 65`,
			program: func(p *loyalty.Program) {
				p.Earn.Counts = loyalty.Counts{
					Items: true, Shipping: true, Tax: true,
				}
			},
			order: with(five, func(o *loyalty.Order) { o.Shipping, o.Tax = 500, 1000 }),
		},
		{
			name: "a multiplier of what a card paid",
			rules: []loyalty.Rule{
				{
					ID: "give", Match: loyalty.Match{Tenders: []string{"card"}},
					Give: loyalty.Multiply{By: big.NewRat(2, 1)},
				},
			},
			want: 60, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 10 x 2 = 10`,
			order: with(five, func(o *loyalty.Order) {
				o.Tenders = []loyalty.Tender{
					{Kind: loyalty.TenderCard, Amount: 1000}, {Kind: loyalty.TenderCash, Amount: 4000},
				}
			}),
		},
	} {
		t.Run(c.name, c.run)
	}
}

func TestStrategiesThatGiveLessThanNothingAreRefused(t *testing.T) {
	for _, s := range []loyalty.Strategy{
		nil,
		loyalty.PerAmount{Rates: map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(-1, 1), Per: 100}}},
		loyalty.PerAmount{Rates: map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(1, 1), Per: 0}}},
		loyalty.PerAmount{Rates: map[loyalty.Currency]loyalty.Rate{"eur": {Points: big.NewRat(1, 1), Per: 100}}},
		loyalty.PerUnit{},
		loyalty.PerUnit{Points: big.NewRat(-1, 1)},
		loyalty.PerVisit{Points: -1},
		loyalty.Fixed{Points: -1},
		loyalty.Fixed{Points: loyalty.MaxPoints + 1},
		loyalty.Steps{Bands: map[loyalty.Currency][]loyalty.Band{"EUR": {}}},
		loyalty.Steps{
			Bands: map[loyalty.Currency][]loyalty.Band{"EUR": {{From: 200, Points: 5}, {From: 100, Points: 6}}},
		},
		loyalty.Steps{
			Bands: map[loyalty.Currency][]loyalty.Band{"EUR": {{From: 100, Points: 5}, {From: 200, Points: 4}}},
		},
		loyalty.Multiply{},
		loyalty.Multiply{By: big.NewRat(-1, 2)},
	} {
		p := testProgram(t)
		if p.Earn.Rules = gives(s); Compile(p) == nil {
			t.Errorf("%T %+v was taken", s, s)
		}
	}
}
