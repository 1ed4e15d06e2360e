package loyalty

import (
	"cmp"
	"slices"
)

// candidate is a rule that applies, with what it would award.
type candidate struct {
	r     *rule
	m     matched
	gives exact    // the award after the rule's caps
	cuts  []Reason // the reductions by its caps
	share Share    // the order's share of its caps and budget after the award is paid
}

// whole returns the candidate's award in whole points, rounded up.
func (c *candidate) whole() Points {
	n, ok := c.gives.round(Up)
	if !ok {
		return MaxPoints
	}
	return n
}

// stack pays the candidates according to the modes of their groups.
func (v *valuation) stack(found []candidate) {
	if len(found) == 0 {
		return
	}
	slices.SortStableFunc(found, func(x, y candidate) int { return cmp.Compare(x.r.group, y.r.group) })
	var ruling *rule // the rule that won an exclusive group
	for len(found) > 0 {
		n := 1
		for n < len(found) && found[n].r.group == found[0].r.group {
			n++
		}
		group := found[:n]
		found = found[n:]
		if ruling != nil {
			v.beaten(group, ruling)
			continue
		}
		mode := group[0].r.mode
		if mode == Sum {
			for _, c := range group {
				v.pay(c)
			}
			continue
		}
		if group = slices.DeleteFunc(group, v.usedUp); len(group) == 0 {
			continue
		}
		best := slices.MinFunc(group, func(x, y candidate) int { return compare(mode, x, y) })
		v.pay(best)
		v.beaten(slices.DeleteFunc(group, func(c candidate) bool { return c.r == best.r }), best.r)
		if mode == Exclusive {
			ruling = best.r
		}
	}
}

// usedUp reports whether caps and budgets reduce a candidate's award to 0, and records the reason. Such a candidate
// does not compete with the others in its group.
func (v *valuation) usedUp(c candidate) bool {
	if c.gives.sign() != 0 {
		return false
	}
	for _, b := range c.cuts {
		v.why(c.r.key, b.Kind, b.Args...)
	}
	if c.share.Cut {
		v.s.share(c.r.key).Cut = true // later returns to the budget do not benefit this order
	}
	return true
}

// compare orders the winning candidate first.
func compare(mode Stacking, x, y candidate) int {
	more := 0
	if mode == Best {
		more = y.gives.sub(x.gives).sign()
	}
	return cmp.Or(more, cmp.Compare(y.r.Priority, x.r.Priority), cmp.Compare(x.r.ID, y.r.ID))
}

func (v *valuation) beaten(losers []candidate, by *rule) {
	for _, c := range losers {
		v.why(c.r.key, IsBeaten, by.key)
	}
}

// pay adds a rule's award and records it where caps, budgets or a separate life of the points require that.
func (v *valuation) pay(c candidate) {
	v.sum = v.sum.add(c.gives)
	own := c.gives
	for _, b := range c.cuts {
		own = own.sub(exactFrom(b.Points))
	}
	what, args := c.r.give.because(&c.m)
	v.because = append(v.because, NewReason(c.r.key, own.String(), what, args...))
	v.because = append(v.because, c.cuts...)
	if c.r.bounded && c.gives.sign() > 0 {
		n, _ := c.gives.round(Up)
		v.takes = append(v.takes, owned{c.r.key, n})
		s := v.s.share(c.r.key)
		s.Peak, s.Cut = max(s.Peak, c.share.Peak, n), s.Cut || c.share.Cut
	}
	if c.r.Budget > 0 && !c.r.owned && c.gives.sign() > 0 {
		v.budgeted = append(v.budgeted, c)
	}
	if c.r.owned && c.gives.sign() > 0 {
		n, _ := c.gives.round(Down)
		v.own = append(v.own, owned{c.r.key, n})
	}
}
