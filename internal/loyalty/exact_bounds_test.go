package loyalty

import (
	"math"
	"math/big"
	"testing"
)

func TestSignsOfExactNumbers(t *testing.T) {
	huge := new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), 70))
	for _, c := range []struct {
		x    Exact
		want int
	}{
		{Whole(1), 1},
		{Whole(0), 0},
		{Whole(-1), -1},
		{ExactOf(huge), 1},
		{ExactOf(new(big.Rat).Neg(huge)), -1},
	} {
		if got := c.x.Sign(); got != c.want {
			t.Errorf("%s has the sign %d", c.x, got)
		}
	}
}

// Numbers that fit into two machine words are stored in lowest terms in these words.
func TestStoredFormOfExactNumbers(t *testing.T) {
	most := Whole(math.MaxInt64)
	for _, c := range []struct {
		name      string
		got, want Exact
	}{
		{"a fraction", ExactOf(big.NewRat(6, 4)), Exact{Num: 3, Den: 2}},
		{"a text", ExactFrom("2.50"), Exact{Num: 5, Den: 2}},
		{"no number", ExactFrom("x"), Whole(0)},
		{"a product", Exact{Num: -3, Den: 4}.Mul(Exact{Num: 2, Den: 9}), Exact{Num: -1, Den: 6}},
		{"a product of zero", Whole(0).Mul(Exact{Num: -2, Den: 9}), Whole(0)},
		{"a sum", Exact{Num: 1, Den: 6}.Add(Exact{Num: 1, Den: 3}), Exact{Num: 1, Den: 2}},
		{"a sum of zero", Exact{Num: 1, Den: 6}.Add(Exact{Num: -1, Den: 6}), Whole(0)},
		{"a difference", Whole(2).Sub(Exact{Num: 1, Den: 3}), Exact{Num: 5, Den: 3}},
		{"a quotient", Whole(3).Quo(Whole(-6)), Exact{Num: -1, Den: 2}},
		{"a quotient of fractions", Exact{Num: 2, Den: 3}.Quo(Exact{Num: 4, Den: 9}), Exact{Num: 3, Den: 2}},
		{"a quotient by the smallest number", Whole(math.MinInt64).Quo(Whole(math.MinInt64)), Whole(1)},
		{"zero of something", Whole(0).Quo(Whole(5)), Whole(0)},
		{"the most and its negative", most.Add(Whole(-math.MaxInt64)), Whole(0)},
		{"the most of one", most.Mul(Whole(1)), most},
	} {
		if c.got != c.want {
			t.Errorf("%s is %+v, want %+v", c.name, c.got, c.want)
		}
	}
	for a, b := range map[int64]int64{12: 18, -12: 18, 18: -12} {
		if got := Gcd(a, b); got != 6 {
			t.Errorf("the greatest common divisor of %d and %d is %d", a, b, got)
		}
	}
	for _, c := range [][3]int64{{0, 0, 1}, {0, -7, 7}, {-7, 0, 7}, {math.MinInt64, 0, 1}} {
		if got := Gcd(c[0], c[1]); got != c[2] {
			t.Errorf("the greatest common divisor of %d and %d is %d", c[0], c[1], got)
		}
	}
}

func TestDivisionByZeroPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a division by zero returned a number")
		}
	}()
	Whole(1).Quo(Whole(0))
}

// Arithmetic with small numbers allocates nothing, because it needs no big.Rat.
func TestSmallNumbersAllocateNothing(t *testing.T) {
	a, b, zero, most := Exact{Num: -2999, Den: 100}, Exact{Num: 7, Den: 30}, Whole(0), Whole(math.MaxInt64)
	for name, f := range map[string]func() Exact{
		"a product":                func() Exact { return a.Mul(b) },
		"a sum":                    func() Exact { return a.Add(b) },
		"a sum of zero":            func() Exact { return a.Add(zero) },
		"a sum with zero":          func() Exact { return zero.Add(b) },
		"a difference":             func() Exact { return b.Sub(a) },
		"a quotient":               func() Exact { return a.Quo(b) },
		"the largest number":       func() Exact { return most.Mul(Whole(1)) },
		"the largest number's sum": func() Exact { return most.Add(zero) },
	} {
		if n := testing.AllocsPerRun(10, func() { f() }); n != 0 {
			t.Errorf("%s allocates %.0f times", name, n)
		}
	}
	if n := testing.AllocsPerRun(10, func() { _ = a.String() }); n > 2 {
		t.Errorf("formatting allocates %.0f times", n)
	}
}

func TestFloorsOfExactNumbers(t *testing.T) {
	huge := new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), 70))
	long := new(big.Rat).SetFrac(big.NewInt(-5), new(big.Int).Lsh(big.NewInt(1), 70))
	for _, c := range []struct {
		x     Exact
		want  int64
		whole bool
	}{
		{Whole(3), 3, true},
		{Whole(-3), -3, true},
		{Whole(0), 0, true},
		{Exact{Num: 7, Den: 2}, 3, false},
		{Exact{Num: -7, Den: 2}, -4, false},
		{Exact{Num: -1, Den: 3}, -1, false},
		{ExactOf(huge), math.MaxInt64 / 2, false},
		{ExactOf(new(big.Rat).Neg(huge)), -(math.MaxInt64 / 2), false},
		{ExactOf(long), -1, false},
		{Exact{Big: big.NewRat(-3, 1)}, -3, true},
	} {
		if got, whole := c.x.Floor(); got != c.want || whole != c.whole {
			t.Errorf("the floor of %s is %d, whole %t", c.x, got, whole)
		}
	}
}

func TestRoundingAtTheBounds(t *testing.T) {
	frac := func(num, den int64) Exact { return Exact{Num: num, Den: den} }
	for _, c := range []struct {
		x                       Exact
		down, nearest, even, up Points
	}{
		{Whole(2), 2, 2, 2, 2},
		{Whole(-2), -2, -2, -2, -2},
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
			if got, ok := c.x.Round(r); got != want || !ok {
				t.Errorf("%s rounded %s is %d, want %d", c.x, r, got, want)
			}
		}
	}
	for n, want := range map[int64]bool{
		int64(MaxPoints): true, int64(MaxPoints) + 1: false, -int64(MaxPoints): true, -int64(MaxPoints) - 1: false,
	} {
		if _, ok := Whole(n).Round(Down); ok != want {
			t.Errorf("%d points are within the bounds: %t", n, ok)
		}
	}
}

func TestTextsOfExactNumbers(t *testing.T) {
	deep := new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Lsh(big.NewInt(1), 70))
	third := new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Exp(big.NewInt(3), big.NewInt(50), nil))
	for _, c := range []struct {
		x    Exact
		want string
	}{
		{Whole(0), "0"},
		{Whole(-150), "-150"},
		{Exact{Num: 2999, Den: 100}, "29.99"},
		{Exact{Num: -1, Den: 8}, "-0.125"},
		{Exact{Num: 1, Den: 5}, "0.2"},
		{Exact{Num: 2999, Den: 110}, "2999/110"},
		{Exact{Num: 1, Den: 1_000_000_000_000_000_000}, "0.000000000000000001"},
		{Exact{Num: 3, Den: 1 << 20}, "0.00000286102294921875"},
		{Exact{Num: math.MaxInt64, Den: 2}, "4611686018427387903.5"},
		{ExactOf(deep), deep.FloatString(70)},
		{ExactOf(third), third.String()},
	} {
		if got := c.x.String(); got != c.want {
			t.Errorf("%+v is written as %q, want %q", c.x, got, c.want)
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
		x    Exact
		c    Currency
		want string
	}{
		{Whole(2999), "EUR", "29.99 EUR"},
		{Exact{Num: 1, Den: 2}, "EUR", "0.005 EUR"},
		{Exact{Num: 1, Den: 3}, "EUR", "1/300 EUR"},
		{Exact{Num: 3, Den: 2}, "JPY", "1.5 JPY"},
		{Exact{Big: big.NewRat(5, 1)}, "EUR", "0.05 EUR"},
	} {
		if got := AmountText(c.x, c.c); got != c.want {
			t.Errorf("%s minor units are written as %q, want %q", c.x, got, c.want)
		}
	}
}
