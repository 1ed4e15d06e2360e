package stored

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// tierGroupDoc is a member's standing in a tier group, with the metrics that count there by month. Brands has counts by
// month and brand, encoded like AccountDoc.Brands.
type tierGroupDoc struct {
	TierGroup string               `json:"id"`
	Tier      *tierDoc             `json:"tier,omitempty"`
	Past      []*tierDoc           `json:"past,omitempty"`
	Metrics   map[string]metricDoc `json:"met,omitempty"` // by month
	Brands    map[string]int64     `json:"mb,omitempty"`
}

// countDoc is the amount that an entry adds to the metrics of a tier group.
type countDoc struct {
	TierGroup string           `json:"id"`
	Metric    metricDoc        `json:"met,omitzero"`
	Brands    map[string]int64 `json:"mb,omitempty"`
}

// countedDoc is the amount that an order or event counts in a tier group.
type countedDoc struct {
	TierGroup string    `json:"id"`
	Metric    metricDoc `json:"met,omitzero"`
	Brands    []string  `json:"brs,omitempty"`
}

func storedMetric(m loyalty.Metric, window int) metricDoc {
	return metricDoc{m.Month, int64(m.Points), m.Orders, m.Spend, m.QualifyingItems, window, m.Visits}
}

func (d metricDoc) metric() loyalty.Metric {
	return loyalty.Metric{
		Month: d.Month, Points: loyalty.Points(d.Points), Orders: d.Orders, Spend: d.Spend, QualifyingItems: d.Pieces,
		Visits: d.Visits,
	}
}

func storedTierGroups(all []loyalty.TierGroupStanding) (out []tierGroupDoc) {
	for _, l := range all {
		d := tierGroupDoc{
			TierGroup: l.TierGroup, Tier: storedTier(&l.Tier), Past: storedPast(l.Past, l.Tier),
			Brands: storedBrands(l.Brands),
		}
		for _, m := range l.Metrics {
			if d.Metrics == nil {
				d.Metrics = map[string]metricDoc{}
			}
			month := strconv.Itoa(m.Month)
			m.Month = 0 // the map key contains the month
			d.Metrics[month] = storedMetric(m, 0)
		}
		out = append(out, d)
	}
	return out
}

func readTierGroups(stored []tierGroupDoc) (out []loyalty.TierGroupStanding, err error) {
	for _, d := range stored {
		l := loyalty.TierGroupStanding{
			TierGroup: d.TierGroup, Tier: d.Tier.standing(), Past: readPast(d.Past, d.Tier.standing()),
		}
		for key, m := range d.Metrics {
			month, err := strconv.Atoi(key)
			if err != nil {
				return nil, fmt.Errorf("ledger: metric %q has no month", key)
			}
			m.Month = month
			l.Metrics = append(l.Metrics, m.metric())
		}
		slices.SortFunc(l.Metrics, func(a, b loyalty.Metric) int { return cmp.Compare(a.Month, b.Month) })
		if l.Brands, err = readBrands(d.Brands); err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

func storedCounts(all []loyalty.TierGroupCount) (out []countDoc) {
	for _, c := range all {
		out = append(out, countDoc{c.TierGroup, storedMetric(c.Metric, c.Window), storedBrands(c.Brands)})
	}
	return out
}

func readCounts(stored []countDoc) (out []loyalty.TierGroupCount, err error) {
	for _, d := range stored {
		c := loyalty.TierGroupCount{TierGroup: d.TierGroup, Metric: d.Metric.metric(), Window: d.Metric.Window}
		if c.Brands, err = readBrands(d.Brands); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

func storedCounted(all []loyalty.Counted) (out []countedDoc) {
	for _, c := range all {
		out = append(out, countedDoc{c.TierGroup, storedMetric(c.Metric, 0), c.Brands})
	}
	return out
}

func readCounted(stored []countedDoc) (out []loyalty.Counted) {
	for _, d := range stored {
		out = append(out, loyalty.Counted{TierGroup: d.TierGroup, Metric: d.Metric.metric(), Brands: d.Brands})
	}
	return out
}
