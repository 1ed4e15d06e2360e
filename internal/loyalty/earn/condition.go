package earn

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
)

// OrderNumbers returns Condition.OrderNumbers, or 0 for a nil condition.
func OrderNumbers(when loyalty.Condition) int {
	if when == nil {
		return 0
	}
	return when.OrderNumbers()
}

// Holds reports whether the facts satisfy a condition. An error counts as false. A nil condition is always satisfied.
func Holds(when loyalty.Condition, f *loyalty.Facts) bool {
	if when == nil {
		return true
	}
	ok, err := when.Holds(f)
	return ok && err == nil
}

// holds evaluates a condition. If the evaluation fails, the condition does not hold and the failure is recorded as a
// reason.
func (v *Valuation) holds(rule string, when loyalty.Condition) bool {
	if v.facts == nil {
		v.facts = v.orderFacts()
	}
	ok, err := when.Holds(v.facts)
	if err != nil {
		v.why(rule, loyalty.IsFailed, err.Error())
	}
	return ok && err == nil
}

// orderFacts returns the facts of the order, after base has computed its amounts.
func (v *Valuation) orderFacts() *loyalty.Facts {
	o := *v.order
	o.Lines = make([]loyalty.Line, 0, len(v.order.Lines))
	shipping, tax := exact.Whole(o.Shipping).Sub(v.refunded.Shipping), exact.Whole(o.Tax).Sub(v.refunded.Tax)
	total, _ := v.remaining(everyLine).Mul(v.remains).Add(shipping).Add(tax).Floor()
	for _, l := range v.order.Lines {
		left := v.remainingOf(l).Mul(v.remains)
		n, _ := left.Add(exact.Half).Floor()
		if l.Amount > 0 && left.Sign() == 0 {
			continue
		}
		l.Quantity = v.unitsOf(l, v.remainingOf(l))
		l.Amount = n
		o.Lines = append(o.Lines, l)
	}
	o.Shipping, _ = shipping.Floor()
	o.Tax, _ = tax.Floor()
	return &loyalty.Facts{Order: &o, Total: total, Buyer: v.S.Buyer, At: o.PlacedAt.In(v.Zone)}
}

// Clock returns the time zone of the store, the member or the program, as the parameter z requires.
func Clock(
	compiled *loyalty.Compiled, zone *time.Location, z loyalty.TimezoneOf, o *loyalty.Order, b *loyalty.Buyer,
) *time.Location {
	switch {
	case z == loyalty.StoreClock && o != nil && o.Clock != nil:
		return o.Clock
	case z == loyalty.MemberClock:
		return ZoneOf(compiled, zone, b.Zone)
	}
	return zone
}

// ZoneOf returns a member's time zone, or the program's if the member's is unknown or does not exist.
func ZoneOf(compiled *loyalty.Compiled, zone *time.Location, name string) *time.Location {
	if name == "" {
		return zone
	}
	if z, ok := compiled.Zones.Load(name); ok {
		return z.(*time.Location)
	}
	z, err := time.LoadLocation(name)
	if err != nil {
		z = zone
	}
	compiled.Zones.Store(name, z)
	return z
}
