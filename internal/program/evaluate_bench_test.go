package program_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/program"
)

// manyRules returns a program with the given numbers of rules and campaigns. Each campaign has a condition.
func manyRules(b *testing.B, rules, campaigns int) *loyalty.Program {
	var s strings.Builder
	head := `version: 1
program: bench
name: Bench
points: { one: point, other: points }
timezone: Europe/Berlin
earn:
  purchase:
    rates: { EUR: 1 per 1.00, USD: 1 per 1.10 }
    pending: 14 days
    expires: { after: 12 months }
  categories:
    - { id: cat-2, category: category-2, multiply: 2 }
`
	s.WriteString(head)
	if rules > 0 {
		s.WriteString("  rules:\n")
	}
	for i := range rules {
		fmt.Fprintf(&s, "    - { id: rule-%d, %s", i, []string{
			"per_unit: 2", "per_amount: { EUR: 2 per 1.00 }", "fixed: 5", "multiply: 1.5",
			"steps: { EUR: [\"5 from 20.00\", \"20 from 50.00\"] }",
		}[i%5])
		switch i % 6 {
		case 0, 1:
			fmt.Fprintf(&s, ", categories: [category-%d]", i%30)
		case 2:
			fmt.Fprintf(&s, ", skus: [SKU-%d]", i)
		case 3:
			fmt.Fprintf(&s, ", channels: [store], min_spend: { EUR: %d.00 }", i)
		case 4:
			fmt.Fprintf(&s, ", brands: [brand-%d], tiers: [silver]", i%7)
		case 5:
			fmt.Fprintf(&s, ", min_spend: { EUR: %d.00 }", 10+i)
		}
		fmt.Fprintf(&s, ", priority: %d }\n", i)
	}
	if campaigns > 0 {
		s.WriteString("campaigns:\n")
	}
	for i := range campaigns {
		fmt.Fprintf(&s,
			"  - { id: campaign-%d, multiply: 1.%d, from: 2026-11-01T00:00, until: 2027-01-01T00:00, when: '%s' }\n", i,
			i+1, []string{
				`order.channel == "web" && order.total >= 20`, `any(order.items, .category == "category-7")`,
				`sum(order.items, .amount) >= 50`,
				`member.tier == "silver" || order.first`, `at.weekday == "tue" && order.total > 10.50`,
			}[i%5])
	}
	s.WriteString(`tiers:
  qualify: { by: points_earned, window: 12 months rolling }
  keep_for: 12 months
  levels:
    - { id: bronze, name: Bronze, from: 0 }
    - { id: silver, name: Silver, from: 500, multiply: 1.25 }
`)
	f, problems := program.Parse([]byte(s.String()))
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	return f.Program
}

func bigOrder(lines int) (loyalty.Account, loyalty.Order, time.Time) {
	now := time.Date(2026, 12, 1, 11, 0, 0, 0, time.UTC)
	o := loyalty.Order{
		ID: "1042", Member: "mem_ada", PlacedAt: now, Currency: "EUR", Channel: "web", Status: loyalty.OrderPaid,
	}
	for i := range lines {
		o.Lines = append(o.Lines, loyalty.Line{
			ID: fmt.Sprint(i), SKU: fmt.Sprint("SKU-", i), Category: fmt.Sprint("category-", i%10),
			Brand:    fmt.Sprint("brand-", i%5),
			Quantity: 1 + int64(i%3), Amount: 499 + 100*int64(i),
		})
	}
	acc := loyalty.Account{
		Member: "mem_ada", Status: loyalty.Active, Joined: now.AddDate(-1, 0, 0),
		Tier: loyalty.Standing{Level: "silver", Since: now.AddDate(0, -1, 0), Until: now.AddDate(1, 0, 0)},
	}
	return acc, o, now
}

// BenchmarkEvaluateTwentyLines measures an order of 20 line items under various numbers of rules, and up to 10
// campaigns.
func BenchmarkEvaluateTwentyLines(b *testing.B) {
	for _, n := range []int{0, 60, 125, 250, 500} {
		campaigns := 10
		if n == 0 {
			campaigns = 0
		}
		b.Run(fmt.Sprintf("rules=%d,campaigns=%d", n, campaigns), func(b *testing.B) {
			p := manyRules(b, n, campaigns)
			acc, o, now := bigOrder(20)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := award.PlaceOrder(engine.Begin(p, acc, now), nil, engine.EarnRules(p), o, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
