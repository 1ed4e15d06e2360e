package loyalty

import (
	"math/bits"
)

// maxWhyNots is how many reasons why a rule gave nothing are kept with an order.
const maxWhyNots = 8

// Budgets is what is left of the budgets of rules that have one, and of rewards of which there are only so many, by
// the name with its section. What is not there has enough: whoever places the order finds out by Outcome.Spends, where
// each is listed that is not below zero, and asks again with what there is.
type Budgets map[string]Points

// A Spend is what an order takes of the budget of a rule, or gives back to it; or a redemption of the stock of a reward,
// in pieces.
type Spend struct {
	Rule   string // with its section
	Points Points // below zero: given back; zero: only how much is left decided something
	Budget Points // all of it
}

// rule is a Rule as decisions need it.
type rule struct {
	Rule
	give     giver
	key      string // with its section
	group    int    // in the order in which groups are looked at
	mode     Stacking
	lines    bool // it is about some lines only
	bounded  bool // it has caps, limits or a budget, so that what it gave must be remembered
	owned    bool // its points have a life of their own
	multiply bool
	campaign bool
	limits   []Limit
}

// rules adds what rules and campaigns give. Each is computed from the values that rate, category and level have
// given; the groups then say how they go together.
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
			found = append(found, candidate{r: r}) // in its place from the beginning, which spares the copies
			if !v.consider(&found[len(found)-1]) {
				found = found[:len(found)-1]
			}
		}
	}
	v.stack(found)
}

// consider finds what a rule that is about the order would give; false if it does not apply.
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

// why keeps a reason why a rule gave nothing, as long as there are few.
func (v *valuation) why(rule string, what ReasonKind, args ...string) {
	if v.whys++; v.whys <= maxWhyNots {
		v.because = append(v.because, NewReason(rule, "0", what, args...))
	}
}

// within cuts a candidate to what its caps and its budget leave, or left the whole order; false if that had nothing
// of it.
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

// asBefore keeps a candidate to what the whole order had of it.
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

// allowed cuts a candidate to what its caps and its budget leave.
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
	cuts[0].Points = rest.String() // the first cut also takes the fraction
	c.gives, c.cuts = whole(int64(got)), cuts
}
