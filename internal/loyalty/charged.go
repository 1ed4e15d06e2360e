package loyalty

// A layer is what an order gives with a rule that has a budget, in addition to what it gives without it.
type layer struct {
	rule string
	upTo Points // what the order gives with this rule and those before it, before the program's caps
	most Points // what the rule itself gives, a begun point as one
}

// layers sorts what an order gives by budgets, before it is rounded: first all that has no budget, then each rule with
// a budget in the order in which they apply. Rules whose points have lots of their own are not layers.
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

// receives returns how many points the member receives under each rule: the charge of the rule's budget. Points in lots
// of a rule's own are received under that rule. The others are received first from all that has no budget, then from
// rules with a budget in the order in which they apply. So caps remove points of budgets first, and a budget is never
// charged a point that the member would have received without it.
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

// chargeBudget brings the charge of a rule's budget to what the member receives under it now. It remembers the most
// that the budget ever granted, so that a refund that fails restores it.
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
