package loyalty

import (
	"math/bits"
)

// maxWhyNots bounds the reasons for rules that gave nothing that an order stores.
const maxWhyNots = 8

// Budgets holds what remains of the budgets of rules and of the limited stock of rewards, by the full key with its
// section. A key that is missing counts as sufficient. The caller then checks the remaining amount of each budget that
// Outcome.Spends lists with points of zero or more, and decides again with that amount.
type Budgets map[string]Points

// A Spend is what an order takes from or returns to the budget of a rule, or the units that a redemption takes from or
// returns to the stock of a reward.
type Spend struct {
	Rule   string // the full key with its section
	Points Points // negative: returned; zero: only the remaining amount affects the decision
	Budget Points // the whole budget
}

// rule is a Rule in the form that decisions use.
type rule struct {
	Rule
	give     giver
	key      string // the full key with its section
	group    int    // the position of its group in the order of evaluation
	mode     Stacking
	lines    bool // it applies to some line items only
	bounded  bool // it has caps, limits or a budget, so the order stores what it gave
	owned    bool // its points have a separate activation or expiry
	multiply bool
	campaign bool
	limits   []Limit
}

// rules adds what rules and campaigns give. Each is computed from the values after rate, category and level. The groups
// then determine how they combine.
func (v *valuation) rules() {
	set := v.p.compiled.index.about(v.o)
	words, most := (len(v.p.compiled.rules)+63)/64, 0
	for _, word := range set[:words] {
		most += bits.OnesCount64(word)
	}
	found := make([]candidate, 0, most)
	for i, word := range set[:words] {
		for ; word != 0; word &= word - 1 {
			r := &v.p.compiled.rules[i*64+bits.TrailingZeros64(word)]
			if !v.about(r) {
				continue
			}
			found = append(found, candidate{r: r}) // stored in its final place at once, which avoids copies
			if !v.consider(&found[len(found)-1]) {
				found = found[:len(found)-1]
			}
		}
	}
	v.stack(found)
}

// consider computes what a rule that may match the order would give. It returns false if the rule does not apply.
func (v *valuation) consider(c *candidate) bool {
	r := c.r
	if !v.matched(r, &c.m) || !v.may(r, &c.m) {
		return false
	}
	c.gives = r.give.gives(&c.m)
	if r.Shadow {
		v.why(r.key, IsShadow, c.gives.String())
		return false
	}
	return c.gives.sign() != 0 && v.within(c)
}

// why records a reason why a rule gave nothing, unless there are maxWhyNots reasons already.
func (v *valuation) why(rule string, what ReasonKind, args ...string) {
	if v.whys++; v.whys <= maxWhyNots {
		v.because = append(v.because, NewReason(rule, "0", what, args...))
	}
}

// within reduces a candidate to what its caps and its budget allow or, for a reduced order, to what they allowed for
// the whole order. It returns false if the whole order received nothing from the rule.
func (v *valuation) within(c *candidate) bool {
	if v.most != nil {
		return v.asBefore(c)
	}
	if !c.r.bounded && !v.partly {
		return true
	}
	want := c.whole()
	if c.r.bounded && want > 0 {
		v.allowed(c, want)
		want = c.whole()
	}
	v.grants = append(v.grants, owned{c.r.key, want})
	return true
}

// asBefore reduces a candidate to what the whole order received from the rule.
func (v *valuation) asBefore(c *candidate) bool {
	for _, g := range v.most.grants {
		if g.rule != c.r.key {
			continue
		}
		if want := c.whole(); want > g.n && want > 0 {
			most := whole(int64(max(0, g.n)))
			c.cuts = append(c.cuts, NewReason(c.r.key, most.sub(c.gives).String(), IsBounded))
			c.gives = most
		}
		return true
	}
	return false
}

// allowed reduces a candidate to what its caps and its budget allow.
func (v *valuation) allowed(c *candidate, want Points) {
	r := c.r
	s := &c.share
	*s = *v.s.shareOf(r.key)
	peak, wasCut := s.Peak, s.Cut
	got, cuts := s.bounded(v.acc, v.s, r.Caps, DateOf(v.o.PlacedAt, v.p.Zone), want, nil)
	if r.Budget > 0 {
		left, known := v.budgets[r.key]
		if !known {
			left = r.Budget
			if want > s.Granted {
				v.asks = append(v.asks, Spend{Rule: r.key, Budget: r.Budget})
			}
		}
		allowed := min(got, max(s.Granted, s.Charged+max(0, left)))
		if wasCut {
			allowed = min(allowed, peak)
		}
		if allowed < got {
			cuts = append(cuts, NewReason(r.key, points(allowed-got), IsSpent, points(max(0, left))))
			got, s.Cut = allowed, true
		}
		s.Peak = max(peak, got)
	}
	if got == want {
		return
	}
	rest := whole(int64(got)).sub(c.gives)
	for _, b := range cuts[1:] {
		rest = rest.sub(exactFrom(b.Points))
	}
	cuts[0].Points = rest.String() // the first cut also removes the fraction
	c.gives, c.cuts = whole(int64(got)), cuts
}
