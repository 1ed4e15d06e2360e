package earn

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
)

// over returns a rate under which each part of the amount gives a proportional share of the points for the whole
// amount. For a rate that counts only full steps, a rule for a part of the order then gives its share of the points for
// the full steps.
func over(r loyalty.CompiledRate, amount exact.Number) loyalty.CompiledRate {
	if r.Step != 0 && amount.Sign() > 0 {
		r.PerMinor = r.Gives(amount).Quo(amount)
	}
	return r
}

// LifeIsZero reports whether a rule sets neither a pending period nor an expiry.
func LifeIsZero(l loyalty.Life) bool { return l == loyalty.Life{} }

// OrderNumbers returns Condition.OrderNumbers, or 0 for a nil condition.
func OrderNumbers(when loyalty.Condition) int {
	if when == nil {
		return 0
	}
	return when.OrderNumbers()
}

// Holds reports whether the facts satisfy a condition. An error counts as false. A nil condition is always satisfied.
func Holds(when loyalty.Condition, f *loyalty.Facts) bool {
	if when == nil {
		return true
	}
	ok, err := when.Holds(f)
	return ok && err == nil
}
