package earn

import (
	"math/bits"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// maxWords is the number of words of the largest possible set of rules.
const maxWords = (loyalty.MaxRules + loyalty.MaxCampaigns + 63) / 64

// selection contains the rules that a decision evaluates.
type selection struct {
	words int
	// possible are the rules that can apply to the order. All others cannot give points.
	possible [maxWords]uint64
	// explained are the rules for which the order records why it does not meet their conditions. A decision evaluates
	// them only until it has maxWhyNots reasons.
	explained [maxWords]uint64
}

// selected sets the selection to the rules that the order needs. It selects all rules if they have no index.
func (v *Valuation) selected(s *selection) {
	x := &v.Compiled.Index
	s.words = (len(v.Compiled.Rules) + 63) / 64
	possible := s.possible[:s.words]
	if x.Runs.Marks == nil {
		for i := range v.Compiled.Rules {
			include(possible, i)
		}
		return
	}
	runningAt(&x.Runs, v.order.PlacedAt, possible)
	ofItems(x, v.order, possible)
	for i, word := range x.Explained {
		s.explained[i] = word & possible[i]
	}
	b := &v.S.Buyer
	retain(&x.Channels, possible, v.order.Channel)
	retain(&x.Stores, possible, v.order.Store)
	retain(&x.Currencies, possible, string(v.order.Currency))
	retain(&x.Tiers, possible, b.Level)
	retain(&x.Segments, possible, b.Segments...)
	retain(&x.OptIns, possible, b.OptIns...)
	for zone := range x.Weekdays {
		if by := &x.Weekdays[zone]; by.By != nil {
			at := v.order.PlacedAt.In(Clock(&v.Compiled, v.Zone, loyalty.TimezoneOf(zone), v.order, b))
			retain(by, possible, at.Weekday().String())
		}
	}
	if b.Orders != 0 {
		for i, word := range x.FirstOrder {
			possible[i] &^= word
		}
	}
}

// ofItems removes the rules that apply only to items that are not in the order.
func ofItems(x *loyalty.RuleIndex, o *loyalty.Order, set loyalty.RuleSet) {
	var buffer [maxWords]uint64
	accepted := buffer[:len(set)]
	copy(accepted, x.AnyItem)
	for i := range o.Lines {
		l := &o.Lines[i]
		unite(accepted, x.ByCategory[l.Category])
		unite(accepted, x.BySKU[l.SKU])
		unite(accepted, x.ByBrand[l.Brand])
	}
	intersect(set, accepted)
}

// retain removes the rules that accept none of the given values.
func retain(by *loyalty.RulesBy, set loyalty.RuleSet, values ...string) {
	if by.By == nil {
		return
	}
	var buffer [maxWords]uint64
	accepted := buffer[:len(set)]
	copy(accepted, by.Any)
	for _, value := range values {
		unite(accepted, by.By[value])
	}
	intersect(set, accepted)
}

func unite(set loyalty.RuleSet, with loyalty.SparseRules) {
	for _, word := range with {
		set[word.At] |= word.Bits
	}
}

func intersect(set, with loyalty.RuleSet) {
	for i := range set {
		set[i] &= with[i]
	}
}

// size returns the number of rules in a set.
func size(set loyalty.RuleSet) (n int) {
	for _, word := range set {
		n += bits.OnesCount64(word)
	}
	return n
}

// runningRules puts into the set the rules that apply at an instant, or all rules if they have no index.
func runningRules(compiled *loyalty.Compiled, at time.Time, set loyalty.RuleSet) {
	if compiled.Index.Runs.Marks == nil {
		for i := range compiled.Rules {
			include(set, i)
		}
		return
	}
	runningAt(&compiled.Index.Runs, at, set)
}
