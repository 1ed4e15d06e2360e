package earn

import (
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
)

// countTierGroups adds to the worth the spend, qualifying items and brands that count in each tier group.
func (w *Worth) countTierGroups(groups []loyalty.TierGroup, v *Valuation) {
	for i := range groups {
		var x Worth
		x.count(&groups[i].Tiers, v)
		if x.Spend != 0 || x.Pieces != 0 || len(x.Brands) > 0 {
			w.TierGroups = append(w.TierGroups, loyalty.Counted{
				TierGroup: groups[i].ID, Metric: loyalty.Metric{Spend: x.Spend, QualifyingItems: x.Pieces},
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

// count computes the amounts that the order counts towards a level: spend, qualifying items and brands.
func (w *Worth) count(tiers *loyalty.Tiers, v *Valuation) {
	if UsesMeasure(tiers, loyalty.BySpend) {
		if v.prepare(); v.currency == tiers.Currency {
			w.Spend, _ = v.all.Amount.Floor()
		}
	}
	if !UsesMeasure(tiers, loyalty.ByQualifyingItems) && !UsesMeasure(tiers, loyalty.ByBrands) {
		return
	}
	least, ok := tiers.AtLeast[v.currency]
	v.prepare()
	for i, l := range v.lines {
		if l.amount.Sign() <= 0 {
			continue
		}
		if ok && UsesMeasure(tiers, loyalty.ByQualifyingItems) && l.amount.Sub(exact.Whole(least)).Sign() >= 0 {
			w.Pieces++
		}
		if b := v.order.Lines[i].Brand; UsesMeasure(tiers, loyalty.ByBrands) &&
			slices.Contains(tiers.Brands, b) && !slices.Contains(w.Brands, b) {
			w.Brands = append(w.Brands, b)
		}
	}
	slices.Sort(w.Brands)
}
