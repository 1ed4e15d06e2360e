package loyalty

// A layer is what a rule with a budget adds to what an order gives without it.
type layer struct {
	rule string
	upTo Points // what the order gives with this rule and the rules before it, before the program's caps
	most Points // what the rule gives, rounded up to whole points
}

// layers splits what an order gives by budgets, before rounding. Everything without a budget comes first, then each
// rule with a budget in the order in which they apply. Rules whose points have separate lots are not layers.
func (v *valuation) layers() {
	without := v.sum
	for _, b := range v.budgeted {
		without = without.sub(b.gives)
	}
	rounded := func(x exact) Points {
		n, _ := x.round(v.p.Earn.Rounding)
		return max(0, n)
	}
	v.unbudgeted = rounded(without)
	for _, b := range v.budgeted {
		without = without.add(b.gives)
		v.layered = append(v.layered, layer{b.r.key, rounded(without), b.whole()})
	}
}

// receives returns how many points the member receives under each rule, which is the charge to the rule's budget.
// Points in separate lots of a rule are received under that rule. The others are received first from everything without
// a budget, then from rules with a budget in the order in which they apply. Caps therefore remove points of budgets
// first, and a budget is never charged a point that the member would have received without it.
func (w *worth) receives() (out []owned) {
	rest := w.total
	for _, o := range w.own {
		out, rest = append(out, o), rest-o.n
	}
	before := min(w.unbudgeted, w.total)
	for _, l := range w.layered {
		upTo := min(l.upTo, w.total)
		n := max(0, min(upTo-before, l.most, rest))
		out, rest, before = append(out, owned{l.rule, n}), rest-n, max(before, upTo)
	}
	return out
}

// pointsOf returns the points of a rule.
func pointsOf(all []owned, rule string) Points {
	for _, o := range all {
		if o.rule == rule {
			return o.n
		}
	}
	return 0
}

// chargeBudget updates the charge to a rule's budget to what the member receives under the rule now. It stores the
// highest amount that the budget ever granted, so that a failed refund restores it.
func (w *worth) chargeBudget(r *rule, s *Share) {
	if r.Budget == 0 {
		return
	}
	n := pointsOf(w.received, r.key)
	if delta := n - s.Charged; delta != 0 {
		w.spends = append(w.spends, Spend{Rule: r.key, Points: delta, Budget: r.Budget})
	}
	s.Charged, s.Granted = n, max(s.Granted, n, pointsOf(w.granted, r.key))
}
