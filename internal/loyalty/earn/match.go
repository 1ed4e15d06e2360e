package earn

import (
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // makes time zones available, and equal, on all machines

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
)

// about reports whether the order meets the conditions of a rule about time, channel, store, currency, level, segments
// and first orders. If the order does not meet the conditions of a running campaign for its items, about records the
// reason. For other rules, it records no reasons, because there may be hundreds.
func (v *Valuation) about(r *loyalty.CompiledRule) bool {
	if !runs(&r.Match, v.order.PlacedAt) {
		return false
	}
	what, which := v.mismatch(&r.Match)
	if what != "" && explains(r) && hasItem(&r.Match, v.order.Lines) {
		v.why(r.Key, loyalty.IsFor, what, strings.Join(which, ", "))
	}
	return what == ""
}

// explains reports whether orders record the reason if they do not meet the conditions of a rule.
func explains(r *loyalty.CompiledRule) bool { return r.Campaign && !r.Shadow }

// hasItem reports whether an order contains an item of the rule's categories or, if it has none, of its SKUs or else of
// its brands. It returns true for a rule without conditions on items.
func hasItem(m *loyalty.Match, lines []loyalty.Line) bool {
	for i := range lines {
		if l := &lines[i]; OneOf(m.Categories, l.Category) &&
			(len(m.Categories) > 0 || OneOf(m.SKUs, l.SKU) && (len(m.SKUs) > 0 || OneOf(m.Brands, l.Brand))) {
			return true
		}
	}
	return len(m.Categories)+len(m.SKUs)+len(m.Brands) == 0
}

// runs reports whether a rule applies to orders that were placed at an instant.
func runs(m *loyalty.Match, at time.Time) bool {
	return calendar.Span{From: m.From, Until: m.Until}.Has(at)
}

// mismatch returns the condition of a rule that this order does not meet, with the values that the rule accepts. It
// returns an empty string if the order meets all of them.
func (v *Valuation) mismatch(m *loyalty.Match) (what string, which []string) {
	o, b := v.order, &v.S.Buyer
	switch {
	case !OneOf(m.Channels, o.Channel):
		return "channels", m.Channels
	case !OneOf(m.Stores, o.Store):
		return "stores", m.Stores
	case !OneOf(m.Currencies, o.Currency):
		for _, c := range m.Currencies {
			which = append(which, string(c))
		}
		return "currencies", which
	case !OneOf(m.Tiers, b.Level):
		return "tiers", m.Tiers
	case m.FirstOrder && b.Orders != 0:
		return "first_order", nil
	case !AnyOf(m.Segments, b.Segments):
		return "segments", m.Segments
	case !v.onTime(m):
		return "time", nil
	}
	return "", nil
}

// OneOf reports whether a list contains s. An empty list allows every value.
func OneOf[S ~string](list []S, s S) bool { return len(list) == 0 || slices.Contains(list, s) }

// AnyOf reports whether a list contains any of the given values. An empty list allows every value.
func AnyOf(list, of []string) bool {
	return len(list) == 0 || slices.ContainsFunc(of, func(s string) bool { return slices.Contains(list, s) })
}

// HasBirthday reports whether a rule depends on the member's birthday.
func HasBirthday(m *loyalty.Match) bool { return m.BirthdayMonth || m.BirthdayDays > 0 }

// onTime reports whether the order was placed on a weekday, in the hours and near the birthday that the rule requires.
// Hours that cross midnight belong to the day on which they begin.
func (v *Valuation) onTime(m *loyalty.Match) bool {
	zone := Clock(&v.Compiled, v.Zone, m.TimezoneOf, v.order, &v.S.Buyer)
	at := v.order.PlacedAt.In(zone)
	if m.HoursFrom != m.HoursUntil && !Within(at, m.HoursFrom, m.HoursUntil) {
		return false
	}
	day := calendar.DateOf(v.order.PlacedAt, zone)
	if m.HoursFrom > m.HoursUntil && at.Hour()*60+at.Minute() < m.HoursUntil {
		day = day.Plus(-1)
	}
	if m.BirthdayMonth && (v.S.Buyer.Birthday == 0 || int(day.CalendarMonth()) != v.S.Buyer.Birthday/100) {
		return false
	}
	if m.BirthdayDays > 0 && !nearBirthday(day, calendar.Day(v.S.Buyer.Birthday), m.BirthdayDays) {
		return false
	}
	return len(m.Weekdays) == 0 || slices.Contains(m.Weekdays, day.Weekday())
}

// nearBirthday reports whether a day is at most n days before or after a birthday. It returns false if the birthday is
// unknown.
func nearBirthday(day calendar.Date, birthday calendar.Day, n int) bool {
	if birthday == 0 {
		return false
	}
	for _, year := range []int{day.Year() - 1, day.Year(), day.Year() + 1} {
		on := birthday.In(year)
		if on.Plus(-n) <= day && day <= on.Plus(n) {
			return true
		}
	}
	return false
}

// Within reports whether an instant lies in a range of its day, given in minutes since midnight. If the start is
// greater than the end, the range crosses midnight.
func Within(at time.Time, from, until int) bool {
	minute := at.Hour()*60 + at.Minute()
	if from <= until {
		return from <= minute && minute < until
	}
	return from <= minute || minute < until
}

// matched finds the part of the order to which a rule applies. It returns false if there is none.
func (v *Valuation) matched(r *loyalty.CompiledRule, m *loyalty.Matched) bool {
	v.prepare()
	if !r.Lines {
		*m = v.all
		m.Value = v.sum // this includes shipping and tax, if they count
		if len(v.lines) > 0 && m.Amount.Sign() == 0 && m.Units == 0 {
			return false // no remaining item of the order earns
		}
	} else if !v.matchedLines(r, m) {
		return false
	}
	if len(r.Match.Tenders) > 0 {
		part := v.paidBy(r.Match.Tenders)
		m.Amount, m.Value = m.Amount.Mul(part), m.Value.Mul(part)
		return part.Sign() != 0
	}
	return true
}

func (v *Valuation) matchedLines(r *loyalty.CompiledRule, m *loyalty.Matched) bool {
	*m = loyalty.Matched{Currency: v.currency, Amount: exact.Whole(0), Value: exact.Whole(0)}
	some := false
	for i := range v.lines {
		l, x := &v.order.Lines[i], &v.lines[i]
		if !OneOf(r.Match.Categories, l.Category) || !OneOf(r.Match.SKUs, l.SKU) || !OneOf(r.Match.Brands, l.Brand) {
			continue
		}
		some = some || x.amount.Sign() > 0 || x.units > 0
		m.Amount = m.Amount.Add(x.amount)
		m.Units += x.units
		if r.Multiply {
			m.Value = m.Value.Add(x.value)
		}
	}
	return some
}

// may reports whether a rule that matches the order also applies. The rule's condition, registration, minimum spend and
// limits must allow it. If they do not, may usually records the reason.
func (v *Valuation) may(r *loyalty.CompiledRule, m *loyalty.Matched) bool {
	if r.Match.When != nil {
		before := len(v.Reasons)
		if !v.holds(r.Key, r.Match.When) {
			if len(v.Reasons) == before && (r.Campaign || v.listing) && !r.Shadow {
				v.why(r.Key, loyalty.IsUnmet, r.Match.When.String())
			}
			return false
		}
	}
	if r.OptIn && !slices.Contains(v.S.Buyer.OptIns, r.ID) {
		v.why(r.Key, loyalty.IsUnjoined)
		return false
	}
	if least, some := r.Match.MinSpend[v.currency]; len(r.Match.MinSpend) > 0 &&
		(!some || m.Amount.Sub(exact.Whole(least)).Sign() < 0) {
		if some {
			v.why(
				r.Key, loyalty.IsShort, loyalty.Money{Amount: least, Currency: v.currency}.String(),
				loyalty.AmountText(m.Amount, v.currency),
			)
		}
		return false
	}
	if v.most != nil {
		return true
	}
	if l, full := limited(v.S, v.Acc, r.Key, r.Limits, calendar.DateOf(v.order.PlacedAt, v.Zone)); full {
		v.why(r.Key, loyalty.IsLimited, strconv.FormatInt(l.Times, 10), string(l.Per))
		return false
	}
	return true
}
