package stored

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

type metricDoc struct {
	Month  int   `json:"m"`
	Points int64 `json:"n,omitzero"`
	Orders int64 `json:"o,omitzero"`
	Spend  int64 `json:"s,omitzero"`
	Pieces int64 `json:"e,omitzero"`
	Window int   `json:"w,omitzero"`
	Visits int64 `json:"v,omitzero"`
}

// tierGroupDoc is a member's standing in a tier group, with the metrics that count there by month. Brands has counts by
// month and brand, encoded like AccountDoc.Brands.
type tierGroupDoc struct {
	TierGroup string            `json:"id"`
	Tier      *tierDoc          `json:"tier,omitempty"`
	Past      []*tierDoc        `json:"past,omitempty"`
	Metrics   object[metricDoc] `json:"met,omitempty"` // by month
	Brands    object[int64]     `json:"mb,omitempty"`
}

// countDoc is the amount that an entry adds to the metrics of a tier group.
type countDoc struct {
	TierGroup string        `json:"id"`
	Metric    metricDoc     `json:"met,omitzero"`
	Brands    object[int64] `json:"mb,omitempty"`
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

func storedTierGroup(l loyalty.TierGroupStanding) tierGroupDoc {
	d := tierGroupDoc{
		TierGroup: l.TierGroup, Tier: storedTier(&l.Tier), Past: storedPast(l.Past, l.Tier),
		Brands: storedBrands(l.Brands),
	}
	for _, m := range l.Metrics {
		month := strconv.Itoa(m.Month)
		m.Month = 0 // the name of the member contains the month
		d.Metrics = append(d.Metrics, member[metricDoc]{month, storedMetric(m, 0)})
	}
	d.Metrics.sort()
	return d
}

func (d tierGroupDoc) standing() (l loyalty.TierGroupStanding, err error) {
	l.TierGroup, l.Tier = d.TierGroup, d.Tier.standing()
	l.Past = readPast(d.Past, l.Tier)
	for _, x := range d.Metrics {
		m := x.Value
		if m.Month, err = strconv.Atoi(x.Name); err != nil {
			return l, fmt.Errorf("ledger: metric %q has no month", x.Name)
		}
		l.Metrics = append(l.Metrics, m.metric())
	}
	slices.SortFunc(l.Metrics, func(a, b loyalty.Metric) int { return cmp.Compare(a.Month, b.Month) })
	l.Brands, err = readBrands(d.Brands)
	return l, err
}

func storedCount(c loyalty.TierGroupCount) countDoc {
	return countDoc{c.TierGroup, storedMetric(c.Metric, c.Window), storedBrands(c.Brands)}
}

func (d countDoc) count() (c loyalty.TierGroupCount, err error) {
	c.TierGroup, c.Metric, c.Window = d.TierGroup, d.Metric.metric(), d.Metric.Window
	c.Brands, err = readBrands(d.Brands)
	return c, err
}

func storedCounted(c loyalty.Counted) countedDoc {
	return countedDoc{c.TierGroup, storedMetric(c.Metric, 0), c.Brands}
}

func (d countedDoc) counted() loyalty.Counted {
	return loyalty.Counted{TierGroup: d.TierGroup, Metric: d.Metric.metric(), Brands: d.Brands}
}

// storedBrands returns the counts with a key of month and brand: "202612|east".
func storedBrands(all []loyalty.Bought) object[int64] {
	out := each(all, func(b loyalty.Bought) member[int64] {
		return member[int64]{strconv.Itoa(b.Month) + "|" + b.Brand, b.N}
	})
	object[int64](out).sort()
	return out
}

func readBrands(stored object[int64]) (out []loyalty.Bought, err error) {
	for _, x := range stored {
		month, brand, _ := strings.Cut(x.Name, "|")
		m, err := strconv.Atoi(month)
		if err != nil {
			return nil, fmt.Errorf("ledger: brand %q has no month", x.Name)
		}
		out = append(out, loyalty.Bought{Month: m, Brand: brand, N: x.Value})
	}
	slices.SortFunc(out, func(a, b loyalty.Bought) int {
		return cmp.Or(cmp.Compare(a.Month, b.Month), cmp.Compare(a.Brand, b.Brand))
	})
	return out, nil
}
