package engine

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

// A typical order by a member of a level with a multiplier and a typical account.
func BenchmarkDecideThreeLineOrder(b *testing.B) {
	decide := decideUnder(b, testProgram(b))
	b.ReportAllocs()
	for b.Loop() {
		decide()
	}
}

// BenchmarkDecide measures the same order under campaigns of which only a few match it: none, 200 of which 2 match, and
// 5,000 of which 2 or 50 match. The campaigns differ in category, channel, segment and time.
func BenchmarkDecide(b *testing.B) {
	for _, c := range []struct{ campaigns, matching int }{{0, 0}, {200, 2}, {5000, 2}, {5000, 50}} {
		b.Run(fmt.Sprintf("campaigns=%d,matching=%d", c.campaigns, c.matching), func(b *testing.B) {
			decide := decideUnder(b, manyCampaigns(b, c.campaigns, c.matching))
			b.ReportAllocs()
			for b.Loop() {
				decide()
			}
		})
	}
}

// Campaigns that do not match cost no allocation. Those that match add their reasons.
func TestAllocationsUnderManyCampaigns(t *testing.T) {
	none := testing.AllocsPerRun(100, decideUnder(t, manyCampaigns(t, 0, 0)))
	for _, c := range []struct {
		campaigns, matching int
		most                float64
	}{{200, 0, 0}, {5000, 0, 0}, {200, 2, 9}, {5000, 2, 9}} {
		n := testing.AllocsPerRun(100, decideUnder(t, manyCampaigns(t, c.campaigns, c.matching)))
		if n > none+c.most {
			t.Errorf(
				"%d campaigns, %d of them matching: %v allocations, %v without campaigns", c.campaigns, c.matching, n,
				none,
			)
		}
	}
}

// These limits are the present numbers. Lower them after each improvement.
func TestAllocationsOfDecisions(t *testing.T) {
	p := made(t, func(p *loyalty.Program) {
		p.Rewards = []loyalty.Reward{{ID: "shipping", Type: "free_shipping", Cost: 300}}
	})
	acc, o := typical(t, p), typicalOrder()
	placed, err := award.PlaceOrder(Begin(p, acc, noon), nil, EarnRules(p), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	prior := placed.Entries[len(placed.Entries)-1].Order
	refunded := o
	refunded.Refunds = []loyalty.Refund{{
		ID: "r1", At: noon, Status: loyalty.RefundSucceeded, Amount: 1450,
		Lines: []loyalty.RefundLine{{ID: o.Lines[2].ID, Amount: 1450}},
	}}
	for _, c := range []struct {
		name   string
		most   float64
		decide func() error
	}{
		{"nothing is due", 0, func() error {
			_, err := Advance(p, acc, noon)
			return err
		}},
		{"an order", 31, func() error {
			_, err := award.PlaceOrder(Begin(p, acc, noon), nil, EarnRules(p), o, nil)
			return err
		}},
		{"a refund", 66, func() error {
			_, err := award.PlaceOrder(Begin(p, placed.Account, noon), prior, EarnRules(p), refunded, nil)
			return err
		}},
		{"a redemption", 18, func() error {
			_, err := redeem.Redeem(Begin(p, acc, noon), loyalty.Redemption{ID: "rd_1", Reward: "shipping"}, true, nil)
			return err
		}},
	} {
		if err := c.decide(); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if n := testing.AllocsPerRun(100, func() { _ = c.decide() }); n > c.most {
			t.Errorf("%s: %v allocations, at most %v are allowed", c.name, n, c.most)
		}
	}
}

// manyCampaigns returns a program with campaigns that multiply points. All but the matching ones exclude typicalOrder.
func manyCampaigns(tb testing.TB, n, matching int) *loyalty.Program {
	return made(tb, func(p *loyalty.Program) {
		for i := range n {
			m := loyalty.Match{From: noon.AddDate(0, 0, -7), Until: noon.AddDate(0, 0, 7)}
			switch {
			case i*matching/n < (i+1)*matching/n:
				m.Categories = []string{"mugs"}
			case i%4 == 0:
				m.Categories = []string{fmt.Sprint("category-", i)}
			case i%4 == 1:
				m.Categories, m.Channels = []string{fmt.Sprint("category-", i)}, []string{"app"}
			case i%4 == 2:
				m.Categories, m.Segments = []string{fmt.Sprint("category-", i)}, []string{fmt.Sprint("segment-", i)}
			default:
				m.From = noon.AddDate(0, 0, i%300-400)
				m.Until = m.From.AddDate(0, 0, 7)
			}
			p.Campaigns = append(p.Campaigns, loyalty.Rule{
				ID: fmt.Sprint("c", i), Match: m, Give: loyalty.Multiply{By: big.NewRat(2, 1)},
			})
		}
	})
}

// decideUnder returns a function that decides typicalOrder.
func decideUnder(tb testing.TB, p *loyalty.Program) func() {
	acc, o := typical(tb, p), typicalOrder()
	return func() {
		adv, err := Advance(p, acc, noon)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := award.PlaceOrder(Begin(p, adv.Account, noon), nil, EarnRules(p), o, nil); err != nil {
			tb.Fatal(err)
		}
	}
}

// typicalOrder returns an order of three line items, two of one category.
func typicalOrder() loyalty.Order {
	o := paid(
		"EUR", loyalty.Line{SKU: "BEAN-1", Category: "coffee-beans", Amount: 1299},
		loyalty.Line{SKU: "BEAN-2", Category: "coffee-beans", Amount: 899},
		loyalty.Line{SKU: "MUG-01", Category: "mugs", Amount: 1450},
	)
	o.ID, o.Tenders = "1043", []loyalty.Tender{{Kind: loyalty.TenderCard, Amount: 3648}}
	return o
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
