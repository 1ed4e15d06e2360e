package earn

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
)

// byCategory adds the points that the lines of each category earn beyond the base, in the order in which the categories
// first appear.
func (v *Valuation) byCategory() {
	if !v.Earn.Counts.Items || len(v.Compiled.Categories) == 0 {
		return
	}
	for i, l := range v.order.Lines {
		m, _ := v.category(l.Category) // m.Less is 0 if the category has no multiplier
		if m.Less.Sign() == 0 || seenBefore(v.order.Lines[:i], l.Category) {
			continue
		}
		eligible := v.remaining(
			func(x loyalty.Line) bool { return x.Category == l.Category && v.earning(x) },
		).Mul(v.share)
		v.add(
			m.Rule, eligible.Mul(v.rate.PerMinor).Mul(m.Less), loyalty.IsTimes,
			loyalty.AmountText(eligible, v.currency), m.Text,
		)
	}
}

// category returns the best multiplier of a category whose condition holds.
func (v *Valuation) category(name string) (loyalty.Multiplier, bool) {
	for _, m := range v.Compiled.Categories[name] {
		if m.When == nil || v.holds(m.Rule, m.When) {
			return m, true
		}
	}
	return loyalty.Multiplier{}, false
}

func seenBefore(lines []loyalty.Line, category string) bool {
	for _, l := range lines {
		if l.Category == category {
			return true
		}
	}
	return false
}

// prepare computes the values of the line items once.
func (v *Valuation) prepare() {
	if v.all.Currency != "" {
		return
	}
	v.all = loyalty.Matched{Currency: v.currency, Amount: exact.Whole(0)}
	v.lines = make([]lineValue, len(v.order.Lines))
	rate := v.rate.PerMinor.Mul(v.level)
	if !v.Earn.Counts.Items {
		rate = exact.Whole(0)
	}
	for i, l := range v.order.Lines {
		m, ok := v.category(l.Category)
		if ok && m.By.Sign() == 0 || !v.earning(l) {
			v.lines[i] = lineValue{
				amount: exact.Whole(0), value: exact.Whole(0),
			} // the line item earns nothing under any rule
			continue
		}
		left := v.remainingOf(l)
		x := lineValue{amount: left.Mul(v.share)}
		x.value = x.amount.Mul(rate)
		if ok {
			x.value = x.value.Mul(m.By)
		}
		x.units = v.unitsOf(l, left)
		v.lines[i] = x
		v.all.Amount = v.all.Amount.Add(x.amount)
		v.all.Units += x.units
	}
}
