package earn

import (
	"math/bits"
	"slices"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
)

// unapplied adds the reasons why rules that run at the order's time gave nothing. The reason is the first condition
// that the order does not meet. It adds none for a rule that already has a reason, or that has Shadow set and therefore
// never gives points.
func (v *Valuation) unapplied(which func(*loyalty.CompiledRule) bool) {
	v.listing = true
	var buffer [maxWords]uint64
	running := buffer[:(len(v.P.Compiled.Rules)+63)/64]
	runningRules(&v.P.Compiled, v.O.PlacedAt, running)
	for i, word := range running {
		for ; word != 0 && v.whys < maxWhyNots; word &= word - 1 {
			r := &v.P.Compiled.Rules[i*64+bits.TrailingZeros64(word)]
			if !r.Shadow && runs(&r.Match, v.O.PlacedAt) && which(r) && !v.mentions(r.Key) {
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

func (v *Valuation) mentions(rule string) bool {
	for _, b := range v.Reasons {
		if b.Rule == rule {
			return true
		}
	}
	return false
}

// UnappliedCampaigns adds to a quote's reasons the reason why each other running campaign does not apply.
func UnappliedCampaigns(
	p *loyalty.Program, acc loyalty.Account, s *loyalty.OrderState, reasons []loyalty.Reason,
) []loyalty.Reason {
	var w Worth
	v := Valuation{P: p, Acc: acc, S: s, O: &s.Order, Worth: &w}
	v.Base()
	v.level, w.Reasons = exact.Whole(1), reasons
	v.unapplied(func(r *loyalty.CompiledRule) bool { return r.Campaign })
	return w.Reasons
}
