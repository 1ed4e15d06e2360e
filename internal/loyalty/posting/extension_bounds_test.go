package posting

import (
	"slices"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

func TestPostponedPointsOfALot(t *testing.T) {
	lot := loyalty.Date(20270131)
	x := func(lot, from loyalty.Date, n loyalty.Points, times int) loyalty.Extended {
		return loyalty.Extended{Lot: lot, From: from, Points: n, Times: times}
	}
	for _, c := range []struct {
		name     string
		extended []loyalty.Extended
		lot      loyalty.Lot
		want     []loyalty.Extended
		passed   []loyalty.Extended // to another member
	}{
		{"none", nil, loyalty.Lot{Expires: lot, Points: 10}, []loyalty.Extended{x(lot, lot, 10, 0)}, nil},
		{"none of an empty lot", nil, loyalty.Lot{Expires: lot, Points: 0}, nil, nil},
		{
			"some",
			[]loyalty.Extended{x(lot, 20261231, 4, 1)},
			loyalty.Lot{Expires: lot, Points: 10},
			[]loyalty.Extended{x(lot, 20261231, 4, 1), x(lot, lot, 6, 0)},
			[]loyalty.Extended{x(lot, 20261231, 4, 1)},
		},
		{
			"all",
			[]loyalty.Extended{x(lot, 20261231, 10, 1)},
			loyalty.Lot{Expires: lot, Points: 10},
			[]loyalty.Extended{x(lot, 20261231, 10, 1)},
			[]loyalty.Extended{x(lot, 20261231, 10, 1)},
		},
		{
			"those of another lot",
			[]loyalty.Extended{x(20270228, 20261231, 4, 1)},
			loyalty.Lot{Expires: lot, Points: 10},
			[]loyalty.Extended{x(lot, lot, 10, 0)},
			nil,
		},
		{
			"more than the lot has",
			[]loyalty.Extended{x(lot, 20261130, 7, 2), x(lot, 20261231, 7, 1)},
			loyalty.Lot{Expires: lot, Points: 10},
			[]loyalty.Extended{x(lot, 20261130, 3, 2), x(lot, 20261231, 7, 1)},
			[]loyalty.Extended{x(lot, 20261231, 7, 1), x(lot, 20261130, 3, 2)},
		},
		{
			"none is left for the first",
			[]loyalty.Extended{x(lot, 20261130, 7, 2), x(lot, 20261231, 10, 1)},
			loyalty.Lot{Expires: lot, Points: 10},
			[]loyalty.Extended{x(lot, 20261231, 10, 1)},
			[]loyalty.Extended{x(lot, 20261231, 10, 1)},
		},
	} {
		acc := loyalty.Account{Extended: c.extended}
		if got := extensionsOf(acc, c.lot); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
		if got := PassedOn(acc, c.lot); !slices.Equal(got, c.passed) {
			t.Errorf("%s: passed on %+v, want %+v", c.name, got, c.passed)
		}
	}
}

func TestPostponedPointsThatAnAccountRemembers(t *testing.T) {
	x := func(lot, from loyalty.Date, n loyalty.Points, times int) loyalty.Extended {
		return loyalty.Extended{Lot: lot, From: from, Points: n, Times: times}
	}
	all := []loyalty.Extended{x(20261129, 20261101, 1, 1), x(20261130, 20261101, 2, 1), x(20270131, 20261231, 3, 1)}
	for _, c := range []struct {
		name string
		add  loyalty.Extended
		want []loyalty.Extended
	}{
		{"of another lot", x(20270228, 20270131, 4, 1), append(slices.Clip(all[1:]), x(20270228, 20270131, 4, 1))},
		{"of the same lot", x(20270131, 20270101, 4, 1), []loyalty.Extended{all[1], x(20270131, 20261231, 7, 1)}},
		{"of the first lot", x(20261130, 20261001, 4, 1), []loyalty.Extended{x(20261130, 20261001, 6, 1), all[2]}},
		{
			"postponed another time", x(20270131, 20270101, 4, 2),
			append(slices.Clip(all[1:]), x(20270131, 20270101, 4, 2)),
		},
	} {
		if got := addExtended(all, c.add, loyaltytest.Noon); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
	var full []loyalty.Extended
	for i := range maxExtended + 1 {
		full = addExtended(full, x(20270131, 20261231, 1, i+1), loyaltytest.Noon)
	}
	if len(full) != maxExtended || full[0].Times != 2 {
		t.Errorf("it remembers %d, from %+v on", len(full), full[0])
	}
}
