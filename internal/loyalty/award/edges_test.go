package award

import (
	"maps"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

func TestBudgetsAfterSpends(t *testing.T) {
	was := earn.Budgets{"a": 10, "b": 5}
	if got, want := budgetsAfter(
		was, []posting.Spend{{Rule: "a", Points: 3}, {Rule: "c", Points: 1}, {Rule: "a", Points: -1}},
	), (earn.Budgets{"a": 8, "b": 5}); !maps.Equal(
		got,
		want,
	) ||
		was["a"] != 10 {
		t.Errorf("%v are left, want %v", got, want)
	}
}

func TestOrdersAfterAnOrderWithWhatTheyUse(t *testing.T) {
	entry := func(id string, minutes int, n int64) loyalty.Entry {
		o := loyalty.Order{ID: id, PlacedAt: loyaltytest.Noon.Add(time.Duration(minutes) * time.Minute)}
		return loyalty.Entry{
			Detail: loyalty.Detail{
				Subject:    loyalty.Subject{Order: &loyalty.OrderState{Order: o}},
				Remembered: loyalty.Remembered{Usage: []loyalty.Usage{{Rule: "r", Per: loyalty.PerEver, N: n}}},
			},
		}
	}
	got := LaterThan(
		loyalty.PlacedOrder{At: loyaltytest.Noon, ID: "b"},
		[]loyalty.Entry{
			entry("b", 0, 1),
			{},
			entry("a", 0, 2),
			entry("c", 0, 4),
			entry("d", 5, 8),
			entry("c", 0, 16),
			entry("d", 5, -3),
		},
	)
	if len(got.All) != 2 || got.All[0].Order.ID != "c" || got.All[0].Usage[0].N != 20 || got.All[1].Order.ID != "d" ||
		got.All[1].Usage[0].N != 5 {
		t.Errorf("%+v", got.All)
	}
}
