package loyalty

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func TestExactIsBigRat(t *testing.T) {
	edge := []int64{
		0, 1, -1, 2, 5, 10, 100, 110, math.MaxInt64, -math.MaxInt64, math.MaxInt64 - 1, math.MinInt64, 1 << 32,
	}
	number := rapid.OneOf(rapid.SampledFrom(edge), rapid.Int64Range(-5000, 5000), rapid.Int64())
	fraction := rapid.Custom(func(t *rapid.T) *big.Rat {
		den := number.Draw(t, "den")
		if den == 0 {
			den = 7
		}
		return new(big.Rat).SetFrac(big.NewInt(number.Draw(t, "num")), big.NewInt(den))
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := fraction.Draw(t, "a"), fraction.Draw(t, "b")
		same := func(what string, got Exact, want *big.Rat) {
			if got.rat().Cmp(want) != 0 {
				t.Fatalf("%s %s %s: got %s, want %s", a, what, b, got.rat(), want)
			}
			back, ok := new(big.Rat).SetString(got.String())
			if !ok || back.Cmp(want) != 0 {
				t.Fatalf("%s is written as %q", want, got)
			}
			if got.Sign() != want.Sign() {
				t.Fatalf("%s has sign %d", want, got.Sign())
			}
		}
		same("itself", ExactOf(a), a)
		same("times", ExactOf(a).Mul(ExactOf(b)), new(big.Rat).Mul(a, b))
		same("plus", ExactOf(a).Add(ExactOf(b)), new(big.Rat).Add(a, b))
		same("minus", ExactOf(a).Sub(ExactOf(b)), new(big.Rat).Sub(a, b))
	})
}

func TestRoundingOfWholeOrders(t *testing.T) {
	half := Exact{Num: 1, Den: 2}
	for _, c := range []struct {
		x    Exact
		r    Rounding
		want Points
	}{
		{Exact{Num: 2999, Den: 100}, Down, 29},
		{Exact{Num: 2999, Den: 100}, Nearest, 30},
		{Exact{Num: 2949, Den: 100}, Nearest, 29},
		{Exact{Num: 2901, Den: 100}, Up, 30},
		{Whole(29), Up, 29},
		{half, Nearest, 1},
		{half, Down, 0},
		{Exact{Num: -1, Den: 4}, Down, -1},
		{Exact{Big: big.NewRat(2999, 100)}, Down, 29},
		{Exact{Big: big.NewRat(2999, 100)}, Up, 30},
	} {
		if got, ok := c.x.Round(c.r); got != c.want || !ok {
			t.Errorf("%s rounded %d: got %d, want %d", c.x, c.r, got, c.want)
		}
	}
	if _, ok := Whole(int64(MaxPoints) + 1).Round(Down); ok {
		t.Error("more than the most points of an operation were let through")
	}
}
