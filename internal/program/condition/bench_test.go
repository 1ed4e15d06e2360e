package condition_test

import (
	"fmt"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/condition"
)

func twentyLines() *loyalty.Facts {
	facts := aboutOrder()
	facts.Order.Lines = nil
	for i := range 20 {
		facts.Order.Lines = append(facts.Order.Lines, loyalty.Line{
			SKU: fmt.Sprint("sku-", i), Category: "tea", Quantity: 1, Amount: 1999,
		})
	}
	return facts
}

func BenchmarkHolds(b *testing.B) {
	for _, source := range []string{
		`order.channel == "web" && order.total >= 20`,
		`any(order.items, .category == "coffee-beans")`,
		`any(order.items, .amount >= 20)`,
		`sum(order.items, .amount) >= 1000`,
		`"vip" in member.segments and at.weekday in ["sat", "sun"]`,
	} {
		c, err := condition.Compile(source, condition.Env{Order: true})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(source, func(b *testing.B) {
			facts := twentyLines()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Holds(facts); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkHoldsForNewFacts evaluates a condition without cached facts. Its difference from the same condition with
// cached facts is the time for deriving them.
func BenchmarkHoldsForNewFacts(b *testing.B) {
	c, err := condition.Compile(`order.first`, condition.Env{Order: true})
	if err != nil {
		b.Fatal(err)
	}
	facts := twentyLines()
	b.ReportAllocs()
	for b.Loop() {
		facts.Cached = nil
		if _, err := c.Holds(facts); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := condition.Compile(
			`order.channel == "web" && order.total >= 20`, condition.Env{Order: true},
		); err != nil {
			b.Fatal(err)
		}
	}
}
