package earn

import (
	"math/bits"
	"slices"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// unapplied adds the reasons why rules that run at the order's time gave nothing. The reason is the first condition
// that the order does not meet. It adds none for a rule that already has a reason, or that has Shadow set and therefore
// never gives points.
func (v *Valuation) unapplied(which func(*loyalty.CompiledRule) bool) {
	v.listing = true
	var buffer [maxWords]uint64
	running := buffer[:(len(v.Compiled.Rules)+63)/64]
	runningRules(&v.Compiled, v.order.PlacedAt, running)
	for i, word := range running {
		for ; word != 0 && v.whys < maxWhyNots; word &= word - 1 {
			r := &v.Compiled.Rules[i*64+bits.TrailingZeros64(word)]
			if !r.Shadow && runs(&r.Match, v.order.PlacedAt) && which(r) && !mentions(v.Reasons, r.Key) {
				v.unappliedRule(r)
			}
		}
	}
}

// unappliedRule adds the first condition of a rule that the order does not meet.
func (v *Valuation) unappliedRule(r *loyalty.CompiledRule) {
	var m loyalty.Matched
	if what, of := v.mismatch(&r.Match); what != "" {
		v.why(r.Key, loyalty.IsFor, what, strings.Join(of, ", "))
	} else if v.matched(r, &m) {
		v.may(r, &m)
	} else if items := slices.Concat(r.Match.Categories, r.Match.SKUs, r.Match.Brands); len(items) > 0 {
		v.why(r.Key, loyalty.IsFor, "items", strings.Join(items, ", "))
	}
}

// mentions reports whether a rule has a reason.
func mentions(reasons []loyalty.Reason, rule string) bool {
	return slices.ContainsFunc(reasons, func(r loyalty.Reason) bool { return r.Rule == rule })
}
