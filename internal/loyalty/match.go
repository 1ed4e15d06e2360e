package loyalty

import (
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // embeds the time zones, so that they are the same on every machine; Lambda has none
)

// lineValue is the value of a line item, as rules need it.
type lineValue struct {
	amount exact // the eligible amount, in minor units of the valuation's currency
	value  exact // the points after rate, category and level
	units  int64 // whole units that were not refunded
}

// about reports whether a rule applies to this order at all. For a campaign that runs but applies to other orders, it
// records the reason. For other rules it does not, because there may be hundreds.
func (v *valuation) about(r *rule) bool {
	at := v.o.PlacedAt
	if m := &r.Match; !m.From.IsZero() && at.Before(m.From) || !m.Until.IsZero() && !at.Before(m.Until) {
		return false
	}
	what, which := v.elsewhere(&r.Match)
	if what != "" && r.campaign && !r.Shadow {
		v.why(r.key, IsFor, what, strings.Join(which, ", "))
	}
	return what == ""
}

// elsewhere returns the condition of a rule that this order does not meet, with the values that the rule accepts. It
// returns an empty string if the order meets all of them.
func (v *valuation) elsewhere(m *Match) (what string, which []string) {
	o, b := v.o, &v.s.Buyer
	switch {
	case !oneOf(m.Channels, o.Channel):
		return "channels", m.Channels
	case !oneOf(m.Stores, o.Store):
		return "stores", m.Stores
	case !oneOf(m.Currencies, o.Currency):
		for _, c := range m.Currencies {
			which = append(which, string(c))
		}
		return "currencies", which
	case !oneOf(m.Tiers, b.Level):
		return "tiers", m.Tiers
	case m.FirstOrder && b.Orders != 0:
		return "first_order", nil
	case !anyOf(m.Segments, b.Segments):
		return "segments", m.Segments
	case !v.onTime(m):
		return "time", nil
	}
	return "", nil
}

func oneOf[S ~string](list []S, s S) bool { return len(list) == 0 || slices.Contains(list, s) }

func anyOf(list, of []string) bool {
	return len(list) == 0 || slices.ContainsFunc(of, func(s string) bool { return slices.Contains(list, s) })
}

// Birthday reports whether a rule depends on the member's birthday.
func (m *Match) Birthday() bool { return m.BirthdayMonth || m.BirthdayDays > 0 }

// onTime reports whether the order was placed on a weekday, in the hours and near the birthday that the rule requires.
// Hours that cross midnight belong to the day on which they begin.
func (v *valuation) onTime(m *Match) bool {
	zone := v.p.clock(m.TimezoneOf, v.o, &v.s.Buyer)
	at := v.o.PlacedAt.In(zone)
	if m.HoursFrom != m.HoursUntil && !within(at, m.HoursFrom, m.HoursUntil) {
		return false
	}
	day := DateOf(v.o.PlacedAt, zone)
	if m.HoursFrom > m.HoursUntil && at.Hour()*60+at.Minute() < m.HoursUntil {
		day = day.plus(-1)
	}
	if m.BirthdayMonth && (v.s.Buyer.Birthday == 0 || int(day.month()) != v.s.Buyer.Birthday/100) {
		return false
	}
	if m.BirthdayDays > 0 && !nearBirthday(day, Day(v.s.Buyer.Birthday), m.BirthdayDays) {
		return false
	}
	return len(m.Weekdays) == 0 || slices.Contains(m.Weekdays, day.weekday())
}

// nearBirthday reports whether a day is at most n days before or after a birthday. It returns false if the birthday is
// unknown.
func nearBirthday(day Date, birthday Day, n int) bool {
	if birthday == 0 {
		return false
	}
	for _, year := range []int{day.year() - 1, day.year(), day.year() + 1} {
		on := birthday.in(year)
		if on.plus(-n) <= day && day <= on.plus(n) {
			return true
		}
	}
	return false
}

// within reports whether an instant lies in a range of its day, given in minutes since midnight. If from is greater
// than until, the range crosses midnight.
func within(at time.Time, from, until int) bool {
	minute := at.Hour()*60 + at.Minute()
	if from <= until {
		return from <= minute && minute < until
	}
	return from <= minute || minute < until
}

// clock returns the time zone that counts: that of the store, the member or the program.
func (p *Program) clock(z TimezoneOf, o *Order, b *Buyer) *time.Location {
	switch {
	case z == StoreClock && o != nil && o.Clock != nil:
		return o.Clock
	case z == MemberClock:
		return p.zoneOf(b.Zone)
	}
	return p.Zone
}

// zoneOf returns a member's time zone, or the program's if the member's is unknown or does not exist.
func (p *Program) zoneOf(name string) *time.Location {
	if name == "" {
		return p.Zone
	}
	if z, ok := p.compiled.zones.Load(name); ok {
		return z.(*time.Location)
	}
	z, err := time.LoadLocation(name)
	if err != nil {
		z = p.Zone
	}
	p.compiled.zones.Store(name, z)
	return z
}

// matched finds the part of the order to which a rule applies. It returns false if there is none.
func (v *valuation) matched(r *rule, m *matched) bool {
	v.prepare()
	if !r.lines {
		*m = v.all
		m.value = v.sum // with shipping and tax, if they count
		if len(v.lines) > 0 && m.amount.sign() == 0 && m.units == 0 {
			return false // nothing that remains of the order earns
		}
	} else if !v.matchedLines(r, m) {
		return false
	}
	if len(r.Match.Tenders) > 0 {
		part := v.paidBy(r.Match.Tenders)
		m.amount, m.value = m.amount.mul(part), m.value.mul(part)
		return part.sign() != 0
	}
	return true
}

func (v *valuation) matchedLines(r *rule, m *matched) bool {
	*m = matched{currency: v.currency, amount: whole(0), value: whole(0)}
	some := false
	for i := range v.lines {
		l, x := &v.o.Lines[i], &v.lines[i]
		if !oneOf(r.Match.Categories, l.Category) || !oneOf(r.Match.SKUs, l.SKU) || !oneOf(r.Match.Brands, l.Brand) {
			continue
		}
		some = some || x.amount.sign() > 0 || x.units > 0
		m.amount = m.amount.add(x.amount)
		m.units += x.units
		if r.multiply {
			m.value = m.value.add(x.value)
		}
	}
	return some
}

// prepare computes the values of the line items once.
func (v *valuation) prepare() {
	if v.all.currency != "" {
		return
	}
	v.all = matched{currency: v.currency, amount: whole(0)}
	v.lines = make([]lineValue, len(v.o.Lines))
	rate := v.rate.perMinor.mul(v.level)
	if !v.p.Earn.Counts.Items {
		rate = whole(0)
	}
	for i, l := range v.o.Lines {
		m, ok := v.category(l.Category)
		if ok && m.by.sign() == 0 || !v.earning(l) {
			v.lines[i] = lineValue{amount: whole(0), value: whole(0)} // earns nothing under any rule
			continue
		}
		left := v.leftOf(l)
		x := lineValue{amount: left.mul(v.kept)}
		x.value = x.amount.mul(rate)
		if ok {
			x.value = x.value.mul(m.by)
		}
		x.units = v.unitsOf(l, left)
		v.lines[i] = x
		v.all.amount = v.all.amount.add(x.amount)
		v.all.units += x.units
	}
}

// unitsOf returns how many whole units of a line item remain after refunds, by the amount that remains of it. For a
// free line item it goes by the number of returned units.
func (v *valuation) unitsOf(l Line, left exact) int64 {
	if l.Amount == 0 {
		return l.Quantity - v.refunded.units[l.ID]
	}
	if v.refunded.lines[l.ID] == 0 && v.refunded.goods.sign() == 0 {
		return l.Quantity
	}
	paid := whole(l.Amount).mul(v.undiscounted)
	if paid.sign() == 0 {
		return l.Quantity
	}
	n, _ := left.mul(v.remains).mul(whole(l.Quantity)).quo(paid).floor()
	return n
}

// paidBy returns the share of the earning amount that was paid with some of the tenders.
func (v *valuation) paidBy(names []string) exact {
	paid := whole(0)
	for i, t := range v.o.Tenders {
		if !t.Kind.earns() || !slices.ContainsFunc(names, func(name string) bool { return t.named(name) }) {
			continue
		}
		paid = paid.add(whole(t.Amount))
		if v.tenders.each != nil {
			paid = paid.sub(v.tenders.each[i])
		}
	}
	if _, earning := v.o.remaining(v.tenders); paid.sign() > 0 && earning.sign() > 0 {
		return atMost(paid, earning).quo(earning)
	}
	return whole(0)
}

// may reports whether a rule that matches the order also applies. It records the reason if the rule nearly applies.
func (v *valuation) may(r *rule, m *matched) bool {
	if r.Match.When != nil {
		before := len(v.because)
		if !v.holds(r.key, r.Match.When) {
			if len(v.because) == before && (r.campaign || v.listing) && !r.Shadow {
				v.why(r.key, IsUnmet, r.Match.When.String())
			}
			return false
		}
	}
	if r.OptIn && !slices.Contains(v.s.Buyer.OptIns, r.ID) {
		v.why(r.key, IsUnjoined)
		return false
	}
	if least, some := r.Match.MinSpend[v.currency]; len(r.Match.MinSpend) > 0 &&
		(!some || m.amount.sub(whole(least)).sign() < 0) {
		if some {
			v.why(r.key, IsShort, Money{least, v.currency}.String(), amountText(m.amount, v.currency))
		}
		return false
	}
	if v.most != nil {
		return true
	}
	if l, full := v.s.limited(v.acc, r.key, r.limits, DateOf(v.o.PlacedAt, v.p.Zone)); full {
		v.why(r.key, IsLimited, strconv.FormatInt(l.Times, 10), string(l.Per))
		return false
	}
	return true
}

// holds evaluates a condition. If the evaluation fails, the condition does not hold and the failure is recorded as a
// reason.
func (v *valuation) holds(rule string, when Condition) bool {
	if v.facts == nil {
		v.facts = v.p.orderFacts(v)
	}
	ok, err := when.Holds(v.facts)
	if err != nil {
		v.why(rule, IsFailed, err.Error())
	}
	return ok && err == nil
}

// orderFacts returns the facts of an order that conditions can use. They describe the order after its refunds.
func (p *Program) orderFacts(v *valuation) *Facts {
	o := *v.o
	o.Lines = make([]Line, 0, len(v.o.Lines))
	shipping, tax := whole(o.Shipping).sub(v.refunded.shipping), whole(o.Tax).sub(v.refunded.tax)
	total, _ := v.left(everyLine).mul(v.remains).add(shipping).add(tax).floor()
	for _, l := range v.o.Lines {
		left := v.leftOf(l).mul(v.remains)
		n, _ := left.add(half).floor()
		if l.Amount > 0 && left.sign() == 0 {
			continue
		}
		l.Quantity = v.unitsOf(l, v.leftOf(l))
		l.Amount = n
		o.Lines = append(o.Lines, l)
	}
	o.Shipping, _ = shipping.floor()
	o.Tax, _ = tax.floor()
	return &Facts{Order: &o, Total: total, Buyer: v.s.Buyer, At: o.PlacedAt.In(p.Zone)}
}
