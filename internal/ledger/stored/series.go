package stored

import (
	"cmp"
	"errors"
	"iter"
	"slices"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// A seriesDoc stores numbers by day or month in few bytes. It starts with the first day (20271231) and its number. For
// each further day it has the difference from the previous day as a number (20280131 is 8900 after 20271231) and the
// day's number. DynamoDB bills items by the KB, and an account has dozens of such numbers.
type seriesDoc []int64

// errOddSeries means that the last number of a stored series is missing.
var errOddSeries = errors.New("a series of numbers by day has an odd length")

// add appends the number n with its key. The parameter last is the key of the previous number, or 0 for the first
// number. The series stores the difference of the two keys.
func (s seriesDoc) add(last, key, n int64) seriesDoc { return append(s, key-last, n) }

// all yields the keys and numbers of the series.
func (s seriesDoc) all() iter.Seq2[int64, int64] {
	return func(yield func(key, n int64) bool) {
		key := int64(0)
		for i := 0; i+1 < len(s); i += 2 {
			if key += s[i]; !yield(key, s[i+1]) {
				return
			}
		}
	}
}

func (s seriesDoc) check() error {
	if len(s)%2 != 0 {
		return errOddSeries
	}
	return nil
}

// storedLots encodes lots in the order of accounts: the earliest expiry first, lots that never expire (0) last.
func storedLots(lots []loyalty.Lot) seriesDoc {
	if len(lots) == 0 {
		return nil
	}
	if !slices.IsSortedFunc(lots, compareLots) {
		lots = slices.SortedStableFunc(slices.Values(lots), compareLots)
	}
	out, last := make(seriesDoc, 0, 2*len(lots)), int64(0)
	for _, l := range lots {
		out = out.add(last, int64(l.Expires), int64(l.Points))
		last = int64(l.Expires)
	}
	return out
}

func compareLots(x, y loyalty.Lot) int { return x.Expires.Compare(y.Expires) }

func readLots(stored seriesDoc) (lots []loyalty.Lot, err error) {
	for day, n := range stored.all() {
		lots = append(lots, loyalty.Lot{Expires: calendar.Date(day), Points: loyalty.Points(n)})
	}
	return lots, stored.check()
}

// storedUsage encodes usage as one series per rule and period. A key consists of the rule, a # if the usage is a number
// of times instead of points, and the period: "campaigns.x|#week", or "day" for the program's own caps. The days are
// the last days of the periods.
func storedUsage(all []loyalty.Usage) (out object[seriesDoc]) {
	if len(all) == 0 {
		return nil
	}
	if !slices.IsSortedFunc(all, loyalty.Usage.Compare) {
		all = slices.SortedFunc(slices.Values(all), loyalty.Usage.Compare)
	}
	out = make(object[seriesDoc], 0, len(all))
	numbers := make(seriesDoc, 0, 2*len(all)) // of all series
	for len(all) > 0 {
		first, last, start := all[0], int64(0), len(numbers)
		for len(all) > 0 && all[0].Rule == first.Rule && all[0].Times == first.Times && all[0].Per == first.Per {
			numbers = numbers.add(last, int64(all[0].Ends), all[0].N)
			last, all = int64(all[0].Ends), all[1:]
		}
		out = append(out, member[seriesDoc]{usageName(first), numbers[start:]})
	}
	out.sort()
	return out
}

func usageName(u loyalty.Usage) string {
	name := string(u.Per)
	if u.Times {
		name = "#" + name
	}
	if u.Rule != "" {
		name = u.Rule + "|" + name
	}
	return name
}

func readUsage(stored object[seriesDoc]) (out []loyalty.Usage, err error) {
	for _, x := range stored {
		rule, period, ruled := strings.Cut(x.Name, "|")
		if !ruled {
			rule, period = "", x.Name
		}
		period, times := strings.CutPrefix(period, "#")
		for day, n := range x.Value.all() {
			out = append(out, loyalty.Usage{
				Rule: rule, Times: times, Per: loyalty.CapPeriod(period), Ends: calendar.Date(day), N: n,
			})
		}
		err = cmp.Or(err, x.Value.check())
	}
	slices.SortFunc(out, loyalty.Usage.Compare)
	return out, err
}

// metricsDoc is the stored form of an account's metrics: the months, and a column for each metric that has any nonzero
// number.
type metricsDoc struct {
	Months          []int64 `json:"mm,omitempty"` // the first month, then differences between months
	Points          []int64 `json:"mp,omitempty"`
	Orders          []int64 `json:"mo,omitempty"`
	Spend           []int64 `json:"ms,omitempty"`
	QualifyingItems []int64 `json:"me,omitempty"`
	Visits          []int64 `json:"mvi,omitempty"`
}

// A metricColumn is a column and the corresponding field of a metric.
type metricColumn struct {
	numbers *[]int64
	of      *int64
}

func (d *metricsDoc) columns(m *loyalty.Metric) [5]metricColumn {
	return [...]metricColumn{
		{&d.Points, (*int64)(&m.Points)},
		{&d.Orders, &m.Orders},
		{&d.Spend, &m.Spend},
		{&d.QualifyingItems, &m.QualifyingItems},
		{&d.Visits, &m.Visits},
	}
}

// storedMetrics encodes metrics. It omits months in which all numbers are zero.
func storedMetrics(all []loyalty.Metric) (d metricsDoc) {
	numbers, last := make([]int64, 6*len(all)), 0 // of all columns
	column := func() (empty []int64) {
		empty, numbers = numbers[:0:len(all)], numbers[len(all):]
		return empty
	}
	d.Months = column()
	for _, c := range d.columns(&loyalty.Metric{}) {
		*c.numbers = column()
	}
	for _, m := range all {
		if m == (loyalty.Metric{Month: m.Month}) {
			continue
		}
		d.Months = append(d.Months, int64(m.Month-last))
		last = m.Month
		for _, c := range d.columns(&m) {
			*c.numbers = append(*c.numbers, *c.of)
		}
	}
	for _, c := range d.columns(&loyalty.Metric{}) {
		if !slices.ContainsFunc(*c.numbers, func(n int64) bool { return n != 0 }) {
			*c.numbers = nil
		}
	}
	return d
}

func (d *metricsDoc) metrics() (out []loyalty.Metric, err error) {
	month := 0
	for i, distance := range d.Months {
		month += int(distance)
		m := loyalty.Metric{Month: month}
		for _, c := range d.columns(&m) {
			switch {
			case i < len(*c.numbers):
				*c.of = (*c.numbers)[i]
			case len(*c.numbers) > 0:
				err = errors.New("a metric lacks a month")
			}
		}
		out = append(out, m)
	}
	return out, err
}
