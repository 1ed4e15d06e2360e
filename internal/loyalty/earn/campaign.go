package earn

import (
	"math/bits"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
)

// rules adds the points that rules and campaigns give. The points of each rule are computed from the points after rate,
// category and level. The stacking groups then determine how the rules combine.
func (v *Valuation) rules() {
	var set selection
	v.selected(&set)
	found := make([]candidate, 0, size(set.possible[:set.words]))
	for i, word := range set.possible[:set.words] {
		if v.whys < maxWhyNots {
			word |= set.explained[i]
		}
		for ; word != 0; word &= word - 1 {
			r := &v.Compiled.Rules[i*64+bits.TrailingZeros64(word)]
			if !v.about(r) {
				continue
			}
			found = append(found, candidate{r: r}) // the candidate is filled in place, which avoids copies
			if !v.consider(&found[len(found)-1]) {
				found = found[:len(found)-1]
			}
		}
	}
	v.stack(found)
}

// consider computes the points that a rule would give, if the rule matches the order. It returns false if the rule does
// not apply.
func (v *Valuation) consider(c *candidate) bool {
	r := c.r
	if !v.matched(r, &c.m) || !v.may(r, &c.m) {
		return false
	}
	c.gives = r.Giver.Gives(&c.m)
	if r.Shadow {
		v.why(r.Key, loyalty.IsShadow, c.gives.String())
		return false
	}
	return c.gives.Sign() != 0 && v.within(c)
}

// within reduces a candidate to the points that its caps and its budget allow. For an order reduced by refunds, it
// allows the points that the whole order was allowed. It returns false if the whole order received nothing from the
// rule.
func (v *Valuation) within(c *candidate) bool {
	if v.most != nil {
		return c.asBefore(v.most)
	}
	if !c.r.Bounded && !v.partly {
		return true
	}
	want := c.whole()
	if c.r.Bounded && want > 0 {
		v.allowed(c, want)
		want = c.whole()
	}
	v.grants = append(v.grants, owned{c.r.Key, want})
	return true
}

// asBefore reduces a candidate to the points that the whole order received from the rule. It returns false if the whole
// order received none.
func (c *candidate) asBefore(whole *Worth) bool {
	for _, g := range whole.grants {
		if g.Rule != c.r.Key {
			continue
		}
		if want := c.whole(); want > g.N && want > 0 {
			most := exact.Whole(int64(max(0, g.N)))
			c.cuts = append(c.cuts, loyalty.NewReason(c.r.Key, most.Sub(c.gives).String(), loyalty.IsBounded))
			c.gives = most
		}
		return true
	}
	return false
}

// allowed reduces a candidate to the points that its caps and its budget allow.
func (v *Valuation) allowed(c *candidate, want loyalty.Points) {
	r := c.r
	s := &c.share
	*s = *receipt.ShareOf(v.S, r.Key)
	peak, wasCut := s.Peak, s.Cut
	got, cuts := bounded(s, v.Acc, v.S, r.Caps, calendar.DateOf(v.order.PlacedAt, v.Zone), want, nil)
	if r.Budget > 0 {
		left, known := v.budgets[r.Key]
		if !known {
			left = r.Budget
			if want > s.Granted {
				v.asks = append(v.asks, posting.Spend{Rule: r.Key, Budget: r.Budget})
			}
		}
		allowed := min(got, max(s.Granted, s.Charged+max(0, left)))
		if wasCut {
			allowed = min(allowed, peak)
		}
		if allowed < got {
			cuts = append(
				cuts,
				loyalty.NewReason(
					r.Key, loyalty.FormatPoints(allowed-got), loyalty.IsSpent, loyalty.FormatPoints(max(0, left)),
				),
			)
			got, s.Cut = allowed, true
		}
		s.Peak = max(peak, got)
	}
	if got == want {
		return
	}
	rest := exact.Whole(int64(got)).Sub(c.gives)
	for _, b := range cuts[1:] {
		rest = rest.Sub(exact.Parse(b.Points))
	}
	cuts[0].Points = rest.String() // the first cut also removes the fraction
	c.gives, c.cuts = exact.Whole(int64(got)), cuts
}

// LifeIsZero reports whether a rule sets neither a pending period nor an expiry.
func LifeIsZero(l loyalty.Life) bool { return l == loyalty.Life{} }
