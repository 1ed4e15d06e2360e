package loyalty

import (
	"math/big"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
)

func TestRoundingAtTheBounds(t *testing.T) {
	frac := func(num, den int64) exact.Number { return exact.Number{Num: num, Den: den} }
	for _, c := range []struct {
		x                       exact.Number
		down, nearest, even, up Points
	}{
		{exact.Whole(2), 2, 2, 2, 2},
		{exact.Whole(-2), -2, -2, -2, -2},
		{frac(1, 2), 0, 1, 0, 1},
		{frac(3, 2), 1, 2, 2, 2},
		{frac(5, 2), 2, 3, 2, 3},
		{frac(-1, 2), -1, 0, 0, 0},
		{frac(-3, 2), -2, -1, -2, -1},
		{frac(49, 100), 0, 0, 0, 1},
		{frac(51, 100), 0, 1, 1, 1},
		{frac(151, 100), 1, 2, 2, 2},
		{frac(149, 100), 1, 1, 1, 2},
	} {
		for r, want := range map[Rounding]Points{Down: c.down, Nearest: c.nearest, HalfEven: c.even, Up: c.up} {
			if got, ok := RoundPoints(c.x, r); got != want || !ok {
				t.Errorf("%s rounded %s is %d, want %d", c.x, r, got, want)
			}
		}
	}
	for n, want := range map[int64]bool{
		int64(MaxPoints): true, int64(MaxPoints) + 1: false, -int64(MaxPoints): true, -int64(MaxPoints) - 1: false,
	} {
		if _, ok := RoundPoints(exact.Whole(n), Down); ok != want {
			t.Errorf("%d points are within the bounds: %t", n, ok)
		}
	}
}

func TestTextsOfAmounts(t *testing.T) {
	for _, c := range []struct {
		amount Money
		want   string
	}{
		{Money{2999, "EUR"}, "29.99 EUR"},
		{Money{5, "EUR"}, "0.05 EUR"},
		{Money{0, "EUR"}, "0.00 EUR"},
		{Money{-5, "EUR"}, "-0.05 EUR"},
		{Money{-100, "EUR"}, "-1.00 EUR"},
		{Money{150, "JPY"}, "150 JPY"},
		{Money{-150, "JPY"}, "-150 JPY"},
		{Money{1234, "KWD"}, "1.234 KWD"},
	} {
		if got := c.amount.String(); got != c.want {
			t.Errorf("%+v is written as %q, want %q", c.amount, got, c.want)
		}
	}
	for code, want := range map[Currency]int{
		"AED": 2, "EUR": 2, "ZWG": 2, "BIF": 0, "JPY": 0, "XPF": 0, "BHD": 3, "KWD": 3, "TND": 3,
		"": -1, "EU": -1, "EURO": -1, "ED ": -1, "IF ": -1, "HD ": -1, "XXX": -1, "eur": -1,
	} {
		if got, ok := code.Exponent(); ok != (want >= 0) || ok && got != want {
			t.Errorf("%q has %d decimals, %t", code, got, ok)
		}
	}
	for _, c := range []struct {
		x    exact.Number
		c    Currency
		want string
	}{
		{exact.Whole(2999), "EUR", "29.99 EUR"},
		{exact.Number{Num: 1, Den: 2}, "EUR", "0.005 EUR"},
		{exact.Number{Num: 1, Den: 3}, "EUR", "1/300 EUR"},
		{exact.Number{Num: 3, Den: 2}, "JPY", "1.5 JPY"},
		{exact.Number{Big: big.NewRat(5, 1)}, "EUR", "0.05 EUR"},
	} {
		if got := AmountText(c.x, c.c); got != c.want {
			t.Errorf("%s minor units are written as %q, want %q", c.x, got, c.want)
		}
	}
}

func TestRoundingOfWholeOrders(t *testing.T) {
	half := exact.Number{Num: 1, Den: 2}
	for _, c := range []struct {
		x    exact.Number
		r    Rounding
		want Points
	}{
		{exact.Number{Num: 2999, Den: 100}, Down, 29},
		{exact.Number{Num: 2999, Den: 100}, Nearest, 30},
		{exact.Number{Num: 2949, Den: 100}, Nearest, 29},
		{exact.Number{Num: 2901, Den: 100}, Up, 30},
		{exact.Whole(29), Up, 29},
		{half, Nearest, 1},
		{half, Down, 0},
		{exact.Number{Num: -1, Den: 4}, Down, -1},
		{exact.Number{Big: big.NewRat(2999, 100)}, Down, 29},
		{exact.Number{Big: big.NewRat(2999, 100)}, Up, 30},
	} {
		if got, ok := RoundPoints(c.x, c.r); got != c.want || !ok {
			t.Errorf("%s rounded %d: got %d, want %d", c.x, c.r, got, c.want)
		}
	}
	if _, ok := RoundPoints(exact.Whole(int64(MaxPoints)+1), Down); ok {
		t.Error("more than the most points of an operation were let through")
	}
}
