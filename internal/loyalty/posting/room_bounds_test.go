package posting

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

// An account stores the orders that were cut. It forgets those whose periods are closed, and if there are too many, the
// order whose periods end first; of several, the one placed last.
func TestCutOrdersThatAnAccountStores(t *testing.T) {
	x := func(n int, ends calendar.Date) loyalty.CutOrder {
		return loyalty.CutOrder{Order: loyaltytest.Numbered(n), Ends: ends}
	}
	entry := func(n int, cut ...loyalty.Usage) loyalty.Entry {
		o := loyaltytest.Numbered(n)
		return loyalty.Entry{
			Effective: loyaltytest.Noon,
			Detail: loyalty.Detail{
				Subject: loyalty.Subject{
					Order: &loyalty.OrderState{Order: loyalty.Order{ID: o.ID, PlacedAt: o.At}, Cut: cut},
				},
			},
		}
	}
	ever := loyalty.Usage{Per: loyalty.PerEver}
	year := loyalty.Usage{Per: loyalty.PerYear, Ends: 20271231}
	oldest := calendar.DateOf(loyaltytest.Noon.Add(-UsageRetention), time.UTC)
	for _, c := range []struct {
		name  string
		was   []loyalty.CutOrder
		entry loyalty.Entry
		want  []loyalty.CutOrder
	}{
		{
			"an order is cut",
			[]loyalty.CutOrder{x(1, 20261231), x(3, 20261231)},
			entry(2, loyaltytest.Monthly(0)),
			[]loyalty.CutOrder{x(1, 20261231), x(2, 20261231), x(3, 20261231)},
		},
		{
			"by the longest of several periods", nil,
			entry(2, loyaltytest.Monthly(0), year, loyaltytest.MonthlyTimes(0)),
			[]loyalty.CutOrder{x(2, 20271231)},
		},
		{"by a period without an end", nil, entry(2, loyaltytest.Monthly(0), ever, year), []loyalty.CutOrder{x(2, 0)}},
		{
			"an order is cut again",
			[]loyalty.CutOrder{x(2, 20261231)},
			entry(2, year),
			[]loyalty.CutOrder{x(2, 20271231)},
		},
		{
			"an order is no longer cut",
			[]loyalty.CutOrder{x(1, 20261231), x(2, 20261231)},
			entry(2),
			[]loyalty.CutOrder{x(1, 20261231)},
		},
		{"the only order is no longer cut", []loyalty.CutOrder{x(2, 20261231)}, entry(2), nil},
		{
			"no order",
			[]loyalty.CutOrder{x(1, 20261231)},
			loyalty.Entry{Effective: loyaltytest.Noon},
			[]loyalty.CutOrder{x(1, 20261231)},
		},
		{
			"another order",
			[]loyalty.CutOrder{x(1, oldest.Plus(-1)), x(3, oldest), x(4, 0)},
			entry(2),
			[]loyalty.CutOrder{x(3, oldest), x(4, 0)},
		},
	} {
		acc := loyalty.Account{Cut: c.was}
		if noteCut(&acc, c.entry); !reflect.DeepEqual(acc.Cut, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, acc.Cut, c.want)
		}
	}
	var full []loyalty.CutOrder
	for i := range MaxCut {
		full = append(full, x(i, 20270131))
	}
	full[4].Ends, full[7].Ends, full[9].Ends = 20261231, 20261231, 0
	acc := loyalty.Account{Cut: slices.Clone(full)}
	if noteCut(
		&acc, entry(50, year),
	); !slices.Equal(acc.Cut, append(slices.Delete(slices.Clone(full), 7, 8), x(50, 20271231))) {
		t.Errorf("it stores %+v", acc.Cut)
	}
	acc.Cut = slices.Clone(full[1:])
	if noteCut(&acc, entry(50, year)); !slices.Equal(acc.Cut, append(slices.Clone(full[1:]), x(50, 20271231))) {
		t.Errorf("up to the limit it stores %+v", acc.Cut)
	}
}
