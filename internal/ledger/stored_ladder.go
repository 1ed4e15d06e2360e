package ledger

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// ladderDoc is where a member stands on a ladder, with what counts there by month, and in Brands by month and brand as
// the account's.
type ladderDoc struct {
	Ladder  string               `json:"id"`
	Tier    *tierDoc             `json:"tier,omitempty"`
	Past    []*tierDoc           `json:"past,omitempty"`
	Metrics map[string]metricDoc `json:"met,omitempty"` // by month
	Brands  map[string]int64     `json:"mb,omitempty"`
}

// countDoc is what an entry adds on a ladder.
type countDoc struct {
	Ladder string           `json:"id"`
	Metric metricDoc        `json:"met,omitzero"`
	Brands map[string]int64 `json:"mb,omitempty"`
}

// countedDoc is what an order or event counts on a ladder.
type countedDoc struct {
	Ladder string    `json:"id"`
	Metric metricDoc `json:"met,omitzero"`
	Brands []string  `json:"brs,omitempty"`
}

func storedMetric(m loyalty.Metric, window int) metricDoc {
	return metricDoc{m.Month, int64(m.Points), m.Orders, m.Spend, m.Elements, window, m.Visits}
}

func (d metricDoc) metric() loyalty.Metric {
	return loyalty.Metric{
		Month: d.Month, Points: loyalty.Points(d.Points), Orders: d.Orders, Spend: d.Spend, Elements: d.Pieces, Visits: d.Visits,
	}
}

func storedLadders(all []loyalty.OnLadder) (out []ladderDoc) {
	for _, l := range all {
		d := ladderDoc{Ladder: l.Ladder, Tier: storedTier(&l.Tier), Past: storedPast(l.Past, l.Tier), Brands: storedBrands(l.Brands)}
		for _, m := range l.Metrics {
			if d.Metrics == nil {
				d.Metrics = map[string]metricDoc{}
			}
			month := strconv.Itoa(m.Month)
			m.Month = 0 // the key says it
			d.Metrics[month] = storedMetric(m, 0)
		}
		out = append(out, d)
	}
	return out
}

func readLadders(stored []ladderDoc) (out []loyalty.OnLadder, err error) {
	for _, d := range stored {
		l := loyalty.OnLadder{Ladder: d.Ladder, Tier: d.Tier.standing(), Past: readPast(d.Past, d.Tier.standing())}
		for key, m := range d.Metrics {
			month, err := strconv.Atoi(key)
			if err != nil {
				return nil, fmt.Errorf("ledger: metric %q is of no month", key)
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

func storedCounts(all []loyalty.LadderCount) (out []countDoc) {
	for _, c := range all {
		out = append(out, countDoc{c.Ladder, storedMetric(c.Metric, c.Window), storedBrands(c.Brands)})
	}
	return out
}

func readCounts(stored []countDoc) (out []loyalty.LadderCount, err error) {
	for _, d := range stored {
		c := loyalty.LadderCount{Ladder: d.Ladder, Metric: d.Metric.metric(), Window: d.Metric.Window}
		if c.Brands, err = readBrands(d.Brands); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

func storedCounted(all []loyalty.Counted) (out []countedDoc) {
	for _, c := range all {
		out = append(out, countedDoc{c.Ladder, storedMetric(c.Metric, 0), c.Brands})
	}
	return out
}

func readCounted(stored []countedDoc) (out []loyalty.Counted) {
	for _, d := range stored {
		out = append(out, loyalty.Counted{Ladder: d.Ladder, Metric: d.Metric.metric(), Brands: d.Brands})
	}
	return out
}
