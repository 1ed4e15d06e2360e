package earn

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// over returns the rate with its points for an amount spread evenly over that amount. A rule that applies to a part of
// the amount then receives a proportional share of the full steps.
func over(r loyalty.CompiledRate, amount loyalty.Exact) loyalty.CompiledRate {
	if r.Step != 0 && amount.Sign() > 0 {
		r.PerMinor = r.Gives(amount).Quo(amount)
	}
	return r
}

func add(s *loyalty.RuleSet, t *loyalty.RuleSet) {
	if t == nil {
		return
	}
	for i := range s {
		s[i] |= t[i]
	}
}

// about returns the rules that may match an order.
func about(x *loyalty.Index, o *loyalty.Order) loyalty.RuleSet {
	s := x.Always
	add(&s, x.ByChannel[o.Channel])
	for i := range o.Lines {
		l := &o.Lines[i]
		add(&s, x.ByCategory[l.Category])
		if x.BySKU != nil {
			add(&s, x.BySKU[l.SKU])
		}
		if x.ByBrand != nil {
			add(&s, x.ByBrand[l.Brand])
		}
	}
	return s
}

func LifeIsZero(l loyalty.Life) bool { return l == loyalty.Life{} }

// OrderNumbers is like OrderNumbers, for a condition that may be nil.
func OrderNumbers(when loyalty.Condition) int {
	if when == nil {
		return 0
	}
	return when.OrderNumbers()
}

// Holds reports whether the facts satisfy a condition, where errors are not reported. A nil condition is always
// satisfied.
func Holds(when loyalty.Condition, f *loyalty.Facts) bool {
	if when == nil {
		return true
	}
	ok, err := when.Holds(f)
	return ok && err == nil
}
