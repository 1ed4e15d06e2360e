package engine

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// A typical order: three line items, two of one category, by a member of a level with a multiplier and a typical
// account.
func BenchmarkDecideThreeLineOrder(b *testing.B) {
	p := testProgram(b)
	acc := typical(b, p)
	o := paid(
		"EUR", loyalty.Line{SKU: "BEAN-1", Category: "coffee-beans", Amount: 1299},
		loyalty.Line{SKU: "BEAN-2", Category: "coffee-beans", Amount: 899},
		loyalty.Line{SKU: "MUG-01", Category: "mugs", Amount: 1450},
	)
	o.ID, o.Tenders = "1043", []loyalty.Tender{{Kind: loyalty.TenderCard, Amount: 3648}}
	b.ReportAllocs()
	for b.Loop() {
		adv, err := Advance(p, acc, noon)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := award.PlaceOrder(p, adv.Account, nil, p, o, nil, noon); err != nil {
			b.Fatal(err)
		}
	}
}

// typical returns the account of a silver member after two years, with 24 monthly lots, two pending orders and metrics.
func typical(tb testing.TB, p *loyalty.Program) loyalty.Account {
	acc := joined(tb, p, noon.AddDate(-2, 0, 0))
	acc.Past = []loyalty.Standing{acc.Tier}
	acc.Tier = loyalty.Standing{Level: "silver", Since: noon.AddDate(0, -4, 0), Until: noon.AddDate(0, 8, 0)}
	for i := range 24 {
		acc.Lots = append(
			acc.Lots,
			loyalty.Lot{Expires: calendar.DateOf(noon.AddDate(0, i+1, 0), p.Zone), Points: loyalty.Points(137 + i)},
		)
	}
	for i := range 13 {
		acc.Metrics = append(
			acc.Metrics,
			loyalty.Metric{
				Month: calendar.DateOf(noon.AddDate(0, i-12, 0), p.Zone).Month(), Points: loyalty.Points(40 + i),
				Orders: 2,
			},
		)
	}
	for i, id := range []string{"1040", "1041"} {
		acc.Pending = append(acc.Pending, loyalty.Pending{
			Cause: loyalty.Cause{Kind: loyalty.CauseOrder, ID: id}, ActiveAt: noon.AddDate(0, 0, 3+i),
			Expires: acc.Lots[12].Expires, Points: 42,
		})
	}
	return acc
}
