package earn

import (
	"cmp"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
)

// stack awards the points of the candidates according to the modes of their groups.
func (v *Valuation) stack(found []candidate) {
	if len(found) == 0 {
		return
	}
	slices.SortStableFunc(found, func(x, y candidate) int { return cmp.Compare(x.r.Group, y.r.Group) })
	var ruling *loyalty.CompiledRule // the rule of an exclusive group that applies
	for len(found) > 0 {
		n := 1
		for n < len(found) && found[n].r.Group == found[0].r.Group {
			n++
		}
		group := found[:n]
		found = found[n:]
		if ruling != nil {
			v.beaten(group, ruling)
			continue
		}
		mode := group[0].r.Mode
		if mode == loyalty.Sum {
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
		if mode == loyalty.Exclusive {
			ruling = best.r
		}
	}
}

// usedUp reports whether caps and budgets reduce a candidate's award to 0, and records the reason. Such a candidate
// does not compete with the others in its group.
func (v *Valuation) usedUp(c candidate) bool {
	if c.gives.Sign() != 0 {
		return false
	}
	for _, b := range c.cuts {
		v.why(c.r.Key, b.Kind, b.Args...)
	}
	if c.share.Cut {
		share(v.S, c.r.Key).Cut = true // points that later return to the budget do not benefit this order
	}
	return true
}

// compare orders two candidates of a group. The candidate that applies comes first.
func compare(mode loyalty.Stacking, x, y candidate) int {
	more := 0
	if mode == loyalty.Best {
		more = y.gives.Sub(x.gives).Sign()
	}
	return cmp.Or(more, cmp.Compare(y.r.Priority, x.r.Priority), cmp.Compare(x.r.ID, y.r.ID))
}

func (v *Valuation) beaten(losers []candidate, by *loyalty.CompiledRule) {
	for _, c := range losers {
		v.why(c.r.Key, loyalty.IsBeaten, by.Key)
	}
}

// pay adds a rule's award to the sum. It also records the award for caps, budgets, and a separate pending period or
// expiry, if the rule has them.
func (v *Valuation) pay(c candidate) {
	v.sum = v.sum.Add(c.gives)
	own := c.gives
	for _, b := range c.cuts {
		own = own.Sub(exact.Parse(b.Points))
	}
	what, args := c.r.Giver.Reason(&c.m)
	v.Reasons = append(v.Reasons, loyalty.NewReason(c.r.Key, own.String(), what, args...))
	v.Reasons = append(v.Reasons, c.cuts...)
	if c.r.Bounded && c.gives.Sign() > 0 {
		n, _ := loyalty.RoundPoints(c.gives, loyalty.Up)
		v.takes = append(v.takes, owned{c.r.Key, n})
		s := share(v.S, c.r.Key)
		s.Peak, s.Cut = max(s.Peak, c.share.Peak, n), s.Cut || c.share.Cut
	}
	if c.r.Budget > 0 && !c.r.Owned && c.gives.Sign() > 0 {
		v.budgeted = append(v.budgeted, c)
	}
	if c.r.Owned && c.gives.Sign() > 0 {
		n, _ := loyalty.RoundPoints(c.gives, loyalty.Down)
		v.Own = append(v.Own, owned{c.r.Key, n})
	}
}
