package exact

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
		same := func(what string, got Number, want *big.Rat) {
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
		same("itself", Of(a), a)
		same("times", Of(a).Mul(Of(b)), new(big.Rat).Mul(a, b))
		same("plus", Of(a).Add(Of(b)), new(big.Rat).Add(a, b))
		same("minus", Of(a).Sub(Of(b)), new(big.Rat).Sub(a, b))
	})
}
