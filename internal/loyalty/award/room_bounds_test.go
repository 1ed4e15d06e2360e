package award

import (
	"slices"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

func TestUsageOfALaterOrderInTheSameCommand(t *testing.T) {
	x := loyalty.LaterOrder{
		Order: loyalty.PlacedOrder{At: loyaltytest.Noon, ID: "3"}, Usage: []loyalty.Usage{loyaltytest.Monthly(10)},
	}
	entry := func(id string, n int64) loyalty.Entry {
		return loyalty.Entry{
			Detail: loyalty.Detail{
				Subject: loyalty.Subject{
					Order: &loyalty.OrderState{Order: loyalty.Order{ID: id, PlacedAt: loyaltytest.Noon}},
				},
				Remembered: loyalty.Remembered{Usage: []loyalty.Usage{loyaltytest.Monthly(n)}},
			},
		}
	}
	got := laterOf(
		loyalty.LaterOrders{}, x,
		[]loyalty.Entry{
			{Detail: loyalty.Detail{Remembered: loyalty.Remembered{Usage: []loyalty.Usage{loyaltytest.Monthly(100)}}}},
			entry("3", 5), entry("4", 50), entry("3", -1),
		},
	)
	if want := []loyalty.Usage{loyaltytest.Monthly(14)}; !slices.Equal(got, want) || x.Usage[0].N != 10 {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestUsageWithoutThatOfAnOrder(t *testing.T) {
	acc := loyalty.Account{Usage: []loyalty.Usage{{Rule: "a", N: 5}, {Rule: "b", N: 5}, {Rule: "c", N: 5}}}
	got := without(acc, []loyalty.Usage{{Rule: "a", N: 2}, {Rule: "b", N: 9}, {Rule: "d", N: 1}}).Usage
	if want := []loyalty.Usage{
		{Rule: "a", N: 3},
		{Rule: "b"},
		{Rule: "c", N: 5},
	}; !slices.Equal(got, want) ||
		acc.Usage[0].N != 5 {
		t.Errorf("%+v, want %+v", got, want)
	}
}
