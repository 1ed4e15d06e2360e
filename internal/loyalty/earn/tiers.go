package earn

import (
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// countTierGroups adds to the worth the spend, qualifying items and brands that count in each tier group.
func (w *Worth) countTierGroups(p *loyalty.Program, v *Valuation) {
	for i := range p.TierGroups {
		var x Worth
		x.count(&p.TierGroups[i].Tiers, v)
		if x.Spend != 0 || x.Pieces != 0 || len(x.Brands) > 0 {
			w.TierGroups = append(w.TierGroups, loyalty.Counted{
				TierGroup: p.TierGroups[i].ID, Metric: loyalty.Metric{Spend: x.Spend, QualifyingItems: x.Pieces},
				Brands: x.Brands,
			})
		}
	}
}

// QualifyingWays returns the alternative ways to qualify for a level. A member must meet the requirements for all
// measures of one way.
func QualifyingWays(t *loyalty.Tiers) [][]loyalty.Measure {
	if len(t.Ways) > 0 {
		return t.Ways
	}
	return [][]loyalty.Measure{{t.By}}
}

// QualifyBy reports whether any level requires the given measure.
func QualifyBy(t *loyalty.Tiers, by loyalty.Measure) bool {
	return slices.ContainsFunc(QualifyingWays(t), func(way []loyalty.Measure) bool { return slices.Contains(way, by) })
}

// UsesMeasure reports whether the program has levels, and any level requires the given measure.
func UsesMeasure(tiers *loyalty.Tiers, by loyalty.Measure) bool {
	return len(tiers.Levels) > 0 && QualifyBy(tiers, by)
}
