package earn

import (
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
)

// layers splits the points of an order by budget, before rounding. Points without a budget come first. The points of
// each rule with a budget follow, in the order in which the rules apply. Rules whose points have separate lots are not
// included.
func (v *Valuation) layers() {
	without := v.sum
	for _, b := range v.budgeted {
		without = without.Sub(b.gives)
	}
	rounded := func(x exact.Number) loyalty.Points {
		n, _ := loyalty.RoundPoints(x, v.Earn.Rounding)
		return max(0, n)
	}
	v.unbudgeted = rounded(without)
	for _, b := range v.budgeted {
		without = without.Add(b.gives)
		v.layered = append(v.layered, layer{b.r.Key, rounded(without), b.whole()})
	}
}

// receives returns how many points the member receives by each rule with a budget. This number is the charge to the
// rule's budget. Points in separate lots of a rule count for that rule. The other points count first for everything
// without a budget, then for the rules with a budget, in the order in which the rules apply. Caps therefore remove
// points of budgets first, and a budget is never charged a point that the member would have received without it.
func (w *Worth) receives() (out []owned) {
	rest := w.Total
	for _, o := range w.Own {
		out, rest = append(out, o), rest-o.N
	}
	before := min(w.unbudgeted, w.Total)
	for _, l := range w.layered {
		upTo := min(l.upTo, w.Total)
		n := max(0, min(upTo-before, l.most, rest))
		out, rest, before = append(out, owned{l.rule, n}), rest-n, max(before, upTo)
	}
	return out
}

// pointsOf returns the points of a rule.
func pointsOf(all []owned, rule string) loyalty.Points {
	for _, o := range all {
		if o.Rule == rule {
			return o.N
		}
	}
	return 0
}

// chargeBudget adjusts the charge to the rule's budget, so that it equals the points that the member now receives by
// the rule. It stores the highest charge so far, which a failed refund restores.
func (w *Worth) chargeBudget(r *loyalty.CompiledRule, s *loyalty.Share) {
	if r.Budget == 0 {
		return
	}
	n := pointsOf(w.received, r.Key)
	if delta := n - s.Charged; delta != 0 {
		w.Spends = append(w.Spends, posting.Spend{Rule: r.Key, Points: delta, Budget: r.Budget})
	}
	s.Charged, s.Granted = n, max(s.Granted, n, pointsOf(w.granted, r.Key))
}

// charge updates the order's shares of caps, limits and budgets to its present usage.
func (w *Worth) charge(earning *loyalty.Earning, zone *time.Location, s *loyalty.OrderState) {
	w.Spends = w.asks
	if len(earning.Earn.Caps)+len(earning.Compiled.Rules) == 0 {
		return
	}
	day := calendar.DateOf(s.Order.PlacedAt, zone)
	if len(earning.Earn.Caps) > 0 {
		w.Usage = UseShare(share(s, ""), w.Total, earning.Earn.Caps, nil, day)
	}
	for _, at := range w.boundedRules(&earning.Compiled, s) {
		r := &earning.Compiled.Rules[at]
		n := pointsOf(w.takes, r.Key)
		if n == 0 && receipt.ShareOf(s, r.Key).Used == 0 {
			continue
		}
		share := share(s, r.Key)
		w.chargeBudget(r, share)
		w.Usage = append(w.Usage, UseShare(share, n, r.Caps, r.Limits, day)...)
	}
}

// boundedRules returns the positions of the rules with a cap, limit or budget that the order uses or used, in ascending
// order.
func (w *Worth) boundedRules(compiled *loyalty.Compiled, s *loyalty.OrderState) (positions []int) {
	include := func(key string) {
		if at, ok := compiled.Positions[key]; ok && compiled.Rules[at].Bounded {
			positions = append(positions, at)
		}
	}
	for _, t := range w.takes {
		include(t.Rule)
	}
	for i := range s.Shares {
		include(s.Shares[i].Rule)
	}
	slices.Sort(positions)
	return slices.Compact(positions)
}
