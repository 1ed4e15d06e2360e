package posting

import (
	"reflect"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

func TestFirstOrdersAfterAChange(t *testing.T) {
	for _, c := range []struct {
		name        string
		known       []int
		order       int
		counts, all bool
		want        []int
	}{
		{"one starts to count in the middle", []int{1, 3}, 2, true, false, []int{1, 2, 3}},
		{"one starts to count at the end of all", []int{1, 3}, 4, true, true, []int{1, 3, 4}},
		{"one starts to count behind those that are known", []int{1, 3}, 4, true, false, []int{1, 3}},
		{"one counts already", []int{1, 3}, 3, true, true, []int{1, 3}},
		{"one stops counting", []int{1, 3}, 1, false, true, []int{3}},
		{"one did not count", []int{1, 3}, 2, false, true, []int{1, 3}},
		{"the only one stops counting", []int{1}, 1, false, true, nil},
		{"more than are remembered", []int{1, 2, 4, 5, 6, 7}, 3, true, true, []int{1, 2, 3, 4, 5, 6}},
	} {
		got := AddFirst(
			loyalty.FirstOrders{Most: 2, Orders: loyaltytest.NumberedOrders(c.known...)}, loyaltytest.Numbered(c.order),
			c.counts, c.all,
		)
		if want := (loyalty.FirstOrders{
			Most: 2, Orders: loyaltytest.NumberedOrders(c.want...),
		}); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, want)
		}
	}
}

func TestFirstOrdersThatAnEntryRecords(t *testing.T) {
	x := loyaltytest.Numbered(2)
	order := &loyalty.OrderState{Order: loyalty.Order{ID: x.ID, PlacedAt: x.At}, Counted: true}
	for _, c := range []struct {
		name  string
		was   loyalty.FirstOrders
		entry loyalty.Entry
		want  loyalty.FirstOrders
	}{
		{
			"no order",
			loyalty.FirstOrders{Most: 2, Orders: loyaltytest.NumberedOrders(1)},
			loyalty.Entry{Detail: loyalty.Detail{Remembered: loyalty.Remembered{Numbers: 2}}},
			loyalty.FirstOrders{Most: 2, Orders: loyaltytest.NumberedOrders(1)},
		},
		{
			"no rule uses numbers",
			loyalty.FirstOrders{},
			loyalty.Entry{Detail: loyalty.Detail{Subject: loyalty.Subject{Order: order}}},
			loyalty.FirstOrders{},
		},
		{
			"a rule uses numbers",
			loyalty.FirstOrders{Orders: loyaltytest.NumberedOrders(1)},
			loyalty.Entry{
				Detail: loyalty.Detail{
					Subject: loyalty.Subject{Order: order}, Remembered: loyalty.Remembered{Numbers: 2},
				},
			},
			loyalty.FirstOrders{Most: 2, Orders: loyaltytest.NumberedOrders(1, 2)},
		},
		{
			"a milestone does",
			loyalty.FirstOrders{Orders: loyaltytest.NumberedOrders(1)},
			loyalty.Entry{
				Detail: loyalty.Detail{
					Subject: loyalty.Subject{Order: order}, Remembered: loyalty.Remembered{Target: 5},
				},
			},
			loyalty.FirstOrders{Orders: loyaltytest.NumberedOrders(1, 2)},
		},
		{
			"orders that were read",
			loyalty.FirstOrders{Most: 2, Loaded: true, Orders: loyaltytest.NumberedOrders(9)},
			loyalty.Entry{
				Detail: loyalty.Detail{
					Subject:    loyalty.Subject{Order: order},
					Remembered: loyalty.Remembered{Numbers: 2, First: loyaltytest.NumberedOrders(1, 2)},
				},
			},
			loyalty.FirstOrders{Most: 2, Orders: loyaltytest.NumberedOrders(1, 2)},
		},
		{
			"orders that were read for a milestone",
			loyalty.FirstOrders{Loaded: true, Orders: loyaltytest.NumberedOrders(1)},
			loyalty.Entry{
				Detail: loyalty.Detail{
					Subject: loyalty.Subject{Order: order}, Remembered: loyalty.Remembered{Target: 5},
				},
			},
			loyalty.FirstOrders{Orders: loyaltytest.NumberedOrders(1, 2)},
		},
		{
			"orders that were read for the referral",
			loyalty.FirstOrders{Loaded: true, Orders: loyaltytest.NumberedOrders(1)},
			loyalty.Entry{Detail: loyalty.Detail{Subject: loyalty.Subject{Order: order}}},
			loyalty.FirstOrders{},
		},
	} {
		acc := loyalty.Account{First: c.was, Metrics: []loyalty.Metric{{Month: 202612, Orders: 1}}}
		if noteOrder(&acc, c.entry); !reflect.DeepEqual(acc.First, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, acc.First, c.want)
		}
	}
}
