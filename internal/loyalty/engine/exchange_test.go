package engine

import (
	"errors"
	"math/big"
	"reflect"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
)

func rates(p *loyalty.Program) {
	p.Exchange = loyalty.Exchange{Base: "EUR", Rates: []loyalty.ExchangeRate{
		{
			From: 20261001,
			Rates: map[loyalty.Currency]*big.Rat{
				"JPY": big.NewRat(62, 10_000), "CHF": big.NewRat(106, 100), "BHD": big.NewRat(245, 100),
			},
		},
		{
			From: 20261201,
			Rates: map[loyalty.Currency]*big.Rat{
				"CHF": big.NewRat(110, 100), "BHD": big.NewRat(250, 100), "JPY": big.NewRat(1, 160),
			},
		},
		{From: 20261202, Rates: map[loyalty.Currency]*big.Rat{"CHF": big.NewRat(2, 1)}},
	}}
	delete(p.Earn.Rates, "JPY")
}

func TestAnOrderInACurrencyWithoutARateIsConverted(t *testing.T) {
	for _, c := range []sale{
		{name: "at the rate of its day", order: bought("CHF", loyalty.Line{Amount: 10_000}), want: 110, because: `
	exchange: 1 CHF is 1.1 EUR = 0
	earn.purchase: 110.00 EUR x 1 per 1.00 = 110`},
		{
			name:  "at the rate of an earlier day, in the program's zone",
			order: with(placed("2026-11-30T22:59:59Z"), func(o *loyalty.Order) { o.Currency = "CHF" }),
			want:  10, because: `
	exchange: 1 CHF is 1.06 EUR = 0
	earn.purchase: 10.60 EUR x 1 per 1.00 = 10.6
	rounding: down = -0.6`,
		},
		{
			name:  "yen, which have no cents, into euros, which have",
			order: bought("JPY", loyalty.Line{Amount: 16_080}),
			want:  100, because: `
	exchange: 1 JPY is 0.00625 EUR = 0
	earn.purchase: 100.50 EUR x 1 per 1.00 = 100.5
	rounding: down = -0.5`,
		},
		{
			name: "dinars, which have three decimals", order: bought("BHD", loyalty.Line{Amount: 1_234}),
			want: 3, because: `
	exchange: 1 BHD is 2.5 EUR = 0
	earn.purchase: 3.085 EUR x 1 per 1.00 = 3.085
	rounding: down = -0.085`,
		},
		{
			name: "not if it has a rate of its own", order: bought("USD", loyalty.Line{Amount: 11_000}),
			want: 100, because: `
	earn.purchase: 110.00 USD x 1 per 1.10 = 100`,
		},
		{
			name:  "and rules count in the program's currency",
			order: bought("CHF", loyalty.Line{Category: "coffee-beans", Amount: 5_000}), want: 136, because: `
	exchange: 1 CHF is 1.1 EUR = 0
	earn.purchase: 55.00 EUR x 1 per 1.00 = 55
	earn.categories.beans-x2: 55.00 EUR x 2 = 55
	earn.rules.spend: 5 = 5
	earn.rules.rate: 55.00 EUR x 1 per 11.00 = 5
	earn.rules.steps: 55.00 EUR, from 55.00 EUR: 16 = 16`,
			rules: []loyalty.Rule{
				{
					ID: "spend", Give: loyalty.Fixed{Points: 5},
					Match: loyalty.Match{MinSpend: euros(55), Currencies: []loyalty.Currency{"CHF"}},
				},
				{
					ID: "rate",
					Give: loyalty.PerAmount{
						Rates: map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(1, 1), Per: 1100}},
					},
				},
				{
					ID:   "steps",
					Give: loyalty.Steps{Bands: map[loyalty.Currency][]loyalty.Band{"EUR": {{From: 5_500, Points: 16}}}},
				},
			},
		},
		{
			name: "and refunds at the rate that it had", order: bought("JPY", loyalty.Line{Amount: 32_000}),
			want: 100, because: `
	exchange: 1 JPY is 0.00625 EUR = 0
	earn.purchase: 100.00 EUR x 1 per 1.00 = 100
	revision: awarded by earlier revisions = -200`,
			then: []func(*loyalty.Order){func(o *loyalty.Order) { o.Refunds = []loyalty.Refund{back("1", 16_000)} }},
		},
	} {
		c.program = rates
		t.Run(c.name, c.run)
	}
}

func TestRefundsGoByTheRateThatTheOrderHad(t *testing.T) {
	p := made(t, rates)
	s := newShop(t, p)
	o := bought("CHF", loyalty.Line{Amount: 10_000})
	s.sell(o, nil)
	s.want(t, o.ID, 110)
	s.p = made(t, func(p *loyalty.Program) {
		rates(p)
		p.Version, p.Exchange.Rates = 2, []loyalty.ExchangeRate{
			{From: 20260101, Rates: map[loyalty.Currency]*big.Rat{"CHF": big.NewRat(3, 1)}},
		}
	})
	o.Refunds = []loyalty.Refund{back("1", 5_000)}
	s.sell(o, nil)
	s.want(t, o.ID, 55)
	o.Refunds = append(o.Refunds, back("2", 5_000))
	s.sell(o, nil)
	if s.want(t, o.ID, 0); s.acc.Balance() != (loyalty.Balance{}) {
		t.Errorf("a converted order that came back leaves %+v", s.acc.Balance())
	}
}

func TestACurrencyThatTheTableDoesNotKnowYetIsRefused(t *testing.T) {
	p := made(t, rates)
	for _, o := range []loyalty.Order{
		bought("SEK", loyalty.Line{Amount: 100}),
		with(placed("2026-09-30T12:00:00Z"), func(o *loyalty.Order) { o.Currency = "CHF" }),
	} {
		acc := joined(t, p, noon)
		acc.Joined = noon.AddDate(-1, 0, 0)
		if _, err := award.PlaceOrder(
			Begin(p, acc, noon), nil, EarnRules(p), o, nil,
		); !errors.Is(err, loyalty.CurrencyUnsupported) {
			t.Errorf("an order in %s of %s was answered with %v", o.Currency, o.PlacedAt, err)
		}
	}
}

func TestHowAnOrderIsRounded(t *testing.T) {
	for _, c := range []struct {
		cents                    int64
		down, nearest, up, evens loyalty.Points
	}{
		{100, 1, 1, 1, 1},
		{101, 1, 1, 2, 1},
		{149, 1, 1, 2, 1},
		{150, 1, 2, 2, 2},
		{250, 2, 3, 3, 2},
		{251, 2, 3, 3, 3},
		{299, 2, 3, 3, 3},
		{1, 0, 0, 1, 0},
		{50, 0, 1, 1, 0},
		{0, 0, 0, 0, 0},
	} {
		var got []loyalty.Points
		for _, r := range []loyalty.Rounding{loyalty.Down, loyalty.Nearest, loyalty.Up, loyalty.HalfEven} {
			s := newShop(t, made(t, func(p *loyalty.Program) { p.Earn.Rounding = r }))
			got = append(got, s.sell(bought("EUR", loyalty.Line{Amount: c.cents}), nil).Order.Worth)
		}
		if want := []loyalty.Points{c.down, c.nearest, c.up, c.evens}; !reflect.DeepEqual(got, want) {
			t.Errorf("%d cents are worth %v, want %v", c.cents, got, want)
		}
	}
}

// The fraction that rounding leaves counts for the next order, to the millionth: ten orders of 0.70 are 7 points.
func TestFractionsAreCarriedOn(t *testing.T) {
	carry := func(p *loyalty.Program) { p.Earn.Carry = true }
	of := func(cents int64) loyalty.Order { return bought("EUR", loyalty.Line{Amount: cents}) }
	for _, c := range []sale{
		{name: "of one order", program: carry, before: []loyalty.Order{of(170)}, order: of(170), want: 2, because: `
	earn.purchase: 1.70 EUR x 1 per 1.00 = 1.7
	carry: carried over from earlier orders = 0.7
	rounding: down = -0.4`},
		{
			name: "of two orders", program: carry, before: []loyalty.Order{of(60), of(60)}, order: of(60),
			want: 0, because: `
	earn.purchase: 0.60 EUR x 1 per 1.00 = 0.6
	carry: carried over from earlier orders = 0.2
	rounding: down = -0.8`,
		},
		{
			name: "of an order that came back are none", program: carry,
			before: []loyalty.Order{
				with(of(170), func(o *loyalty.Order) { o.Refunds = []loyalty.Refund{back("1", 170)} }),
			},
			order: of(170), want: 1, because: `
	earn.purchase: 1.70 EUR x 1 per 1.00 = 1.7
	rounding: down = -0.7`,
		},
		{
			name:    "as little as the other order gave too much",
			program: func(p *loyalty.Program) { carry(p); p.Earn.Rounding = loyalty.Up },
			before:  []loyalty.Order{of(120)}, order: of(190), want: 2, because: `
	earn.purchase: 1.90 EUR x 1 per 1.00 = 1.9
	carry: carried over from earlier orders = -0.8
	rounding: up = 0.9`,
		},
		{
			name: "are no debt if rules take more than there is", before: []loyalty.Order{of(5000)}, order: of(150),
			want: 0, because: `
	earn.purchase: 1.50 EUR x 1 per 1.00 = 1.5
	earn.rules.a: 1.5 x 0 = -1.5
	earn.rules.b: 1.5 x 0 = -1.5
	rounding: down = 1.5`,
			program: func(p *loyalty.Program) { carry(p); p.Groups = []loyalty.Group{{ID: "sum", Mode: loyalty.Sum}} },
			rules: []loyalty.Rule{
				{ID: "a", Group: "sum", Give: loyalty.Multiply{By: new(big.Rat)}},
				{ID: "b", Group: "sum", Give: loyalty.Multiply{By: new(big.Rat)}},
			},
		},
	} {
		t.Run(c.name, c.run)
	}
	s := newShop(t, made(t, carry))
	sum := loyalty.Points(0)
	for i := range 10 {
		sum += s.sell(
			with(of(70), func(o *loyalty.Order) { o.ID = loyalty.FormatPoints(loyalty.Points(i)) }), nil,
		).Order.Worth
	}
	if sum != 7 || s.acc.Carried != "" {
		t.Errorf("ten orders of 0.70 EUR are %d points, and %q is carried", sum, s.acc.Carried)
	}
	for i := range 10 { // the order that had the fractions of the others gives back all that it got
		o := s.states[loyalty.FormatPoints(loyalty.Points(i))].Order
		o.Refunds = []loyalty.Refund{back("1", 70)}
		s.sell(o, nil)
	}
	if b := s.acc.Balance(); b != (loyalty.Balance{}) || s.acc.Carried != "" {
		t.Errorf("all came back, and there are %+v, and %q is carried", b, s.acc.Carried)
	}
}
