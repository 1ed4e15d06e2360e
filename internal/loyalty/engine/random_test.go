package engine

import (
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
	"pgregory.net/rapid"
)

// randomProgram draws a program with rules of every kind, groups of every mode, caps, limits and budgets.
func randomProgram(t *rapid.T) *loyalty.Program {
	zone := rapid.SampledFrom([]string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"}).Draw(t, "zone")
	where, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	p := &loyalty.Program{
		ID:      "random",
		Version: 1,
		Zone:    where,
		Earning: loyalty.Earning{
			Earn: loyalty.Earn{
				Rates: map[loyalty.Currency]loyalty.Rate{
					"EUR": {
						Points: randomRate(t, "rate"),
						Per:    rapid.SampledFrom([]int64{100, 110, 250, 1000}).Draw(t, "per"),
						Full:   rapid.IntRange(0, 3).Draw(t, "full steps") == 0,
					},
					"JPY": {Points: randomRate(t, "yen"), Per: 150},
				},
				Counts: loyalty.Counts{
					Items: true, Shipping: rapid.Bool().Draw(t, "shipping counts"),
					Tax: rapid.Bool().Draw(t, "tax counts"),
				},
				Rounding: rapid.SampledFrom(
					[]loyalty.Rounding{loyalty.Down, loyalty.Nearest, loyalty.Up, loyalty.HalfEven},
				).Draw(t, "rounding"),
				Carry: rapid.IntRange(0, 3).Draw(t, "carry") == 0,
				Pending: rapid.SampledFrom(
					[]calendar.Wait{
						{}, {For: calendar.Period{Days: 14}}, {On: []calendar.Day{101, 615}}, {Manual: true},
					},
				).Draw(t, "pending"),
				Expires: rapid.SampledFrom([]calendar.Expiry{
					{},
					{After: calendar.Period{Months: 12}, RoundTo: calendar.EndOfMonth},
					{On: []calendar.Day{630, 1231}, After: calendar.Period{Months: 3}},
					{After: calendar.Period{Months: 6}, Inactive: true, ResetBy: []string{"order"}},
				}).Draw(t, "expires"),
				Categories: []loyalty.CategoryRule{
					{ID: "beans", Category: "beans", Multiply: big.NewRat(2, 1)},
					{ID: "cards", Category: "cards", Multiply: new(big.Rat)},
				},
			},
			Groups: []loyalty.Group{
				{ID: "best", Mode: loyalty.Best},
				{ID: "sum", Mode: loyalty.Sum},
				{ID: "first", Mode: loyalty.First},
				{ID: "only", Mode: loyalty.Exclusive},
			},
			Exchange: loyalty.Exchange{
				Base: "EUR",
				Rates: []loyalty.ExchangeRate{
					{From: 20260101, Rates: map[loyalty.Currency]*big.Rat{"CHF": big.NewRat(105, 100)}},
				},
			},
		},
		Corrections: loyalty.Corrections{Clawback: rapid.SampledFrom(
			[]loyalty.ClawbackPolicy{loyalty.ClawbackDebt, loyalty.ClawbackUnlimited},
		).Draw(t, "take back")},
	}
	for i := range rapid.IntRange(0, 8).Draw(t, "rules") {
		p.Earn.Rules = append(p.Earn.Rules, randomRule(t, fmt.Sprint("r", i)))
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "campaigns") {
		p.Campaigns = append(p.Campaigns, randomRule(t, fmt.Sprint("c", i)))
	}
	for _, per := range []loyalty.CapPeriod{loyalty.PerOrder, loyalty.PerDay, loyalty.PerEver} {
		if rapid.IntRange(0, 3).Draw(t, "capped") == 0 {
			p.Earn.Caps = append(
				p.Earn.Caps,
				loyalty.Cap{
					Points: loyalty.Points(rapid.IntRange(0, 400).Draw(t, "cap")), Per: per,
					Reject: rapid.Bool().Draw(t, "refuse"),
				},
			)
		}
	}
	if rapid.IntRange(0, 2).Draw(t, "wallet") == 0 {
		p.Wallets = []loyalty.Wallet{{
			ID: "miles",
			Rates: map[loyalty.Currency]loyalty.Rate{
				"EUR": {
					Points: randomRate(t, "miles"), Per: 100, Full: rapid.IntRange(0, 3).Draw(t, "full miles") == 0,
				},
			},
			Expires: calendar.Expiry{After: calendar.Period{Months: 6}},
			Pending: rapid.SampledFrom([]calendar.Wait{{}, {For: calendar.Period{Days: 5}}}).Draw(t, "miles pending"),
			Clawback: rapid.SampledFrom(
				[]loyalty.ClawbackPolicy{loyalty.ClawbackDebt, loyalty.ClawbackUnlimited},
			).Draw(t, "miles back"),
		}}
	}
	if err := Compile(p); err != nil {
		t.Fatal(err)
	}
	return p
}

func randomRate(t *rapid.T, name string) *big.Rat {
	return big.NewRat(rapid.Int64Range(0, 30).Draw(t, name), rapid.SampledFrom([]int64{1, 3, 10}).Draw(t, name+" of"))
}

func randomRule(t *rapid.T, id string) loyalty.Rule {
	pick := func(name string, of ...string) []string {
		if rapid.IntRange(0, 2).Draw(t, name) > 0 {
			return nil
		}
		return rapid.SliceOfNDistinct(rapid.SampledFrom(of), 1, len(of), rapid.ID).Draw(t, name+" which")
	}
	r := loyalty.Rule{
		ID: id, Group: rapid.SampledFrom([]string{"", "best", "sum", "first", "only"}).Draw(t, "group"),
		Priority: rapid.IntRange(0, 2).Draw(t, "priority"), Shadow: rapid.IntRange(0, 9).Draw(t, "shadow") == 0,
		Give: randomStrategy(t),
		Match: loyalty.Match{
			Categories: pick("categories", "beans", "mugs", "cards"), SKUs: pick("skus", "a", "b"),
			Tenders:    pick("tenders", "card", "cash", "house-card"),
			FirstOrder: rapid.IntRange(0, 5).Draw(t, "first order") == 0,
		},
	}
	if rapid.IntRange(0, 2).Draw(t, "min spend") == 0 {
		r.Match.MinSpend = map[loyalty.Currency]int64{"EUR": rapid.Int64Range(1, 6000).Draw(t, "least")}
	}
	if rapid.IntRange(0, 3).Draw(t, "caps") == 0 {
		r.Caps = []loyalty.Cap{
			{
				Points: loyalty.Points(rapid.IntRange(0, 100).Draw(t, "cap")),
				Per: rapid.SampledFrom(
					[]loyalty.CapPeriod{loyalty.PerOrder, loyalty.PerDay, loyalty.PerEver},
				).Draw(t, "cap per"),
				Reject: rapid.Bool().Draw(t, "refuse"),
			},
		}
	}
	if rapid.IntRange(0, 4).Draw(t, "limits") == 0 {
		r.Limits = []loyalty.Limit{
			{
				Times: 1,
				Per:   rapid.SampledFrom([]loyalty.CapPeriod{loyalty.PerDay, loyalty.PerEver}).Draw(t, "limit per"),
			},
		}
	}
	if rapid.IntRange(0, 3).Draw(t, "budget") == 0 {
		r.Budget = loyalty.Points(rapid.IntRange(1, 200).Draw(t, "budget of"))
	}
	if m, ok := r.Give.(loyalty.Multiply); rapid.IntRange(0, 3).Draw(t, "life") == 0 && (!ok ||
		m.By.Cmp(big.NewRat(1, 1)) >= 0) {
		r.Life = loyalty.Life{
			Pending: &calendar.Wait{For: calendar.Period{Days: 3}},
			Expires: &calendar.Expiry{After: calendar.Period{Days: 40}},
		}
	}
	return r
}

func randomStrategy(t *rapid.T) loyalty.Strategy {
	switch rapid.IntRange(0, 5).Draw(t, "strategy") {
	case 0:
		return loyalty.PerAmount{
			Rates: map[loyalty.Currency]loyalty.Rate{
				"EUR": {
					Points: randomRate(t, "rate"), Per: 100, Full: rapid.IntRange(0, 3).Draw(t, "full amounts") == 0,
				},
			},
		}
	case 1:
		return loyalty.PerUnit{Points: randomRate(t, "each")}
	case 2:
		return loyalty.PerVisit{Points: loyalty.Points(rapid.IntRange(0, 20).Draw(t, "visit"))}
	case 3:
		return loyalty.Fixed{Points: loyalty.Points(rapid.IntRange(0, 100).Draw(t, "fixed"))}
	case 4:
		return loyalty.Steps{
			Bands: map[loyalty.Currency][]loyalty.Band{
				"EUR": {{From: 0, Points: 5}, {From: 2000, Points: 10}, {From: 5000, Points: 30}},
			},
		}
	}
	return loyalty.Multiply{
		By: big.NewRat(rapid.Int64Range(0, 12).Draw(t, "by"), rapid.SampledFrom([]int64{1, 3, 4}).Draw(t, "of")),
	}
}

// randomOrder draws an order with up to five line items, and tenders that pay a part of it.
func randomOrder(t *rapid.T, id string) loyalty.Order {
	o := loyalty.Order{
		ID: id, Member: "mem_ada", PlacedAt: noon, Status: loyalty.OrderPaid, Channel: "web",
		Currency: rapid.SampledFrom([]loyalty.Currency{"EUR", "EUR", "JPY", "CHF"}).Draw(t, "currency"),
	}
	for i := range rapid.IntRange(1, 5).Draw(t, "lines") {
		o.Lines = append(o.Lines, loyalty.Line{
			ID: fmt.Sprint(i), Category: rapid.SampledFrom([]string{"beans", "mugs", "cards"}).Draw(t, "category"),
			SKU:      rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "sku"),
			Quantity: rapid.Int64Range(1, 5).Draw(t, "quantity"),
			Amount:   rapid.Int64Range(0, 6000).Draw(t, "amount"),
		})
	}
	o.Discount = rapid.Int64Range(0, receipt.ItemTotal(o)/3).Draw(t, "discount")
	o.Shipping = rapid.Int64Range(0, 500).Draw(t, "shipping")
	o.Tax = rapid.Int64Range(0, 500).Draw(t, "tax")
	rest := receipt.OrderTotal(o)
	for _, kind := range []loyalty.TenderKind{loyalty.TenderGiftCard, loyalty.TenderPoints, loyalty.TenderCard} {
		if n := rapid.Int64Range(0, rest).Draw(t, "tender"); rapid.Bool().Draw(t, "pays") {
			o.Tenders = append(
				o.Tenders,
				loyalty.Tender{
					Kind: kind, Amount: n, Name: rapid.SampledFrom([]string{"", "house-card"}).Draw(t, "card"),
				},
			)
			rest -= n
		}
	}
	return o
}

// randomFacts draws refunds and disputes of an order: by line item, by sum, of shipping.
func randomFacts(t *rapid.T, o loyalty.Order) (refunds []loyalty.Refund, disputes []loyalty.Dispute) {
	rest, lines := receipt.OrderTotal(o), slices.Clone(o.Lines)
	for i := range rapid.IntRange(0, 4).Draw(t, "refunds") {
		r := loyalty.Refund{ID: fmt.Sprint("re", i), At: noon, Status: loyalty.RefundSucceeded}
		if len(lines) > 0 && rapid.Bool().Draw(t, "by line") && o.Discount == 0 {
			l := lines[0]
			lines = lines[1:]
			r.Lines, r.Amount = []loyalty.RefundLine{{ID: l.ID, Quantity: l.Quantity, Amount: l.Amount}}, l.Amount
		} else {
			lines = nil // or what is refunded of lines and of the sum could be more than was paid
			r.Amount = rapid.Int64Range(0, rest).Draw(t, "refund")
		}
		if r.Amount > rest {
			break
		}
		rest -= r.Amount
		nameTender(o, t, &r, refunds)
		refunds = append(refunds, r)
	}
	if rapid.IntRange(0, 3).Draw(t, "disputed") == 0 {
		disputes = append(
			disputes,
			loyalty.Dispute{
				ID: "dp", At: noon, Status: loyalty.DisputeOpen,
				Amount: rapid.Int64Range(0, receipt.OrderTotal(o)).Draw(t, "dispute"),
			},
		)
	}
	return refunds, disputes
}

// nameTender lets a refund name a tender at times, if the tender is the only one of its kind and paid enough.
func nameTender(o loyalty.Order, t *rapid.T, r *loyalty.Refund, earlier []loyalty.Refund) {
	if len(o.Tenders) == 0 || rapid.IntRange(0, 2).Draw(t, "names a tender") > 0 {
		return
	}
	kind := string(rapid.SampledFrom(o.Tenders).Draw(t, "tender").Kind)
	rest := int64(0)
	for _, x := range o.Tenders {
		if string(x.Kind) != kind {
			continue
		}
		if rest != 0 {
			return
		}
		rest = x.Amount
	}
	for _, x := range earlier {
		if x.Tender == kind {
			rest -= x.Amount
		}
	}
	if r.Amount <= rest {
		r.Tender = kind
	}
}
