package exact

import (
	"math"
	"math/big"
	"testing"
)

func TestSignsOfExactNumbers(t *testing.T) {
	huge := new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), 70))
	for _, c := range []struct {
		x    Number
		want int
	}{
		{Whole(1), 1},
		{Whole(0), 0},
		{Whole(-1), -1},
		{Of(huge), 1},
		{Of(new(big.Rat).Neg(huge)), -1},
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
		got, want Number
	}{
		{"a fraction", Of(big.NewRat(6, 4)), Number{Num: 3, Den: 2}},
		{"a text", Parse("2.50"), Number{Num: 5, Den: 2}},
		{"no number", Parse("x"), Whole(0)},
		{"a product", Number{Num: -3, Den: 4}.Mul(Number{Num: 2, Den: 9}), Number{Num: -1, Den: 6}},
		{"a product of zero", Whole(0).Mul(Number{Num: -2, Den: 9}), Whole(0)},
		{"a sum", Number{Num: 1, Den: 6}.Add(Number{Num: 1, Den: 3}), Number{Num: 1, Den: 2}},
		{"a sum of zero", Number{Num: 1, Den: 6}.Add(Number{Num: -1, Den: 6}), Whole(0)},
		{"a difference", Whole(2).Sub(Number{Num: 1, Den: 3}), Number{Num: 5, Den: 3}},
		{"a quotient", Whole(3).Quo(Whole(-6)), Number{Num: -1, Den: 2}},
		{"a quotient of fractions", Number{Num: 2, Den: 3}.Quo(Number{Num: 4, Den: 9}), Number{Num: 3, Den: 2}},
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
		if got := gcd(a, b); got != 6 {
			t.Errorf("the greatest common divisor of %d and %d is %d", a, b, got)
		}
	}
	for _, c := range [][3]int64{{0, 0, 1}, {0, -7, 7}, {-7, 0, 7}, {math.MinInt64, 0, 1}} {
		if got := gcd(c[0], c[1]); got != c[2] {
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
	a, b, zero, most := Number{Num: -2999, Den: 100}, Number{Num: 7, Den: 30}, Whole(0), Whole(math.MaxInt64)
	for name, f := range map[string]func() Number{
		"a product":                func() Number { return a.Mul(b) },
		"a sum":                    func() Number { return a.Add(b) },
		"a sum of zero":            func() Number { return a.Add(zero) },
		"a sum with zero":          func() Number { return zero.Add(b) },
		"a difference":             func() Number { return b.Sub(a) },
		"a quotient":               func() Number { return a.Quo(b) },
		"the largest number":       func() Number { return most.Mul(Whole(1)) },
		"the largest number's sum": func() Number { return most.Add(zero) },
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
		x     Number
		want  int64
		whole bool
	}{
		{Whole(3), 3, true},
		{Whole(-3), -3, true},
		{Whole(0), 0, true},
		{Number{Num: 7, Den: 2}, 3, false},
		{Number{Num: -7, Den: 2}, -4, false},
		{Number{Num: -1, Den: 3}, -1, false},
		{Of(huge), math.MaxInt64 / 2, false},
		{Of(new(big.Rat).Neg(huge)), -(math.MaxInt64 / 2), false},
		{Of(long), -1, false},
		{Number{Big: big.NewRat(-3, 1)}, -3, true},
	} {
		if got, whole := c.x.Floor(); got != c.want || whole != c.whole {
			t.Errorf("the floor of %s is %d, whole %t", c.x, got, whole)
		}
	}
}

func TestTextsOfExactNumbers(t *testing.T) {
	deep := new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Lsh(big.NewInt(1), 70))
	third := new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Exp(big.NewInt(3), big.NewInt(50), nil))
	for _, c := range []struct {
		x    Number
		want string
	}{
		{Whole(0), "0"},
		{Whole(-150), "-150"},
		{Number{Num: 2999, Den: 100}, "29.99"},
		{Number{Num: -1, Den: 8}, "-0.125"},
		{Number{Num: 1, Den: 5}, "0.2"},
		{Number{Num: 2999, Den: 110}, "2999/110"},
		{Number{Num: 1, Den: 1_000_000_000_000_000_000}, "0.000000000000000001"},
		{Number{Num: 3, Den: 1 << 20}, "0.00000286102294921875"},
		{Number{Num: math.MaxInt64, Den: 2}, "4611686018427387903.5"},
		{Of(deep), deep.FloatString(70)},
		{Of(third), third.String()},
	} {
		if got := c.x.String(); got != c.want {
			t.Errorf("%+v is written as %q, want %q", c.x, got, c.want)
		}
	}
}
