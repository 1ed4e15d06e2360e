package describe

import (
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

func (e explainer) earn() {
	earn := e.p.Earn
	included := ""
	if earn.TaxIncluded {
		included = ", including tax"
	}
	e.say("An order earns %s, for its %s%s.", e.rates(earn.Rates, "or"), counted(earn.Counts), included)
	for _, r := range e.p.Exchange.Rates {
		e.say("From %s on, %s.", r.From, conversions(r, e.p.Exchange.Base))
	}
	e.say("Discounts are deducted first, and amounts paid with points, gift cards or store credit earn nothing.")
	for _, c := range earn.Categories {
		e.say("%s earn %s%s (%s).", c.Category, times(c.Multiply), asked(c.When, " "), c.ID)
	}
	e.say("%s, once per order.", map[loyalty.Rounding]string{
		loyalty.Down:     "Fractions of a point are rounded down",
		loyalty.Nearest:  "Fractions of a point are rounded to the nearest whole number, halves up",
		loyalty.HalfEven: "Fractions of a point are rounded to the nearest whole number, halves to even",
		loyalty.Up:       "Fractions of a point are rounded up",
	}[earn.Rounding])
	if earn.CountPlaced {
		e.say("Every paid order counts as one of the member's orders, even if it earns nothing.")
	}
	if earn.Carry {
		e.say("The fraction that rounding removes or adds is carried over to the member's next order.")
	}
}

// rates formats earning rates in the order of their currencies. The given word, such as "or", comes before the last
// rate.
func (w *writer) rates(rates map[loyalty.Currency]loyalty.Rate, last string) string {
	var parts []string
	for _, c := range slices.Sorted(maps.Keys(rates)) {
		per := " per "
		if rates[c].Full {
			per = " per full "
		}
		parts = append(parts, w.points(rates[c].Points)+per+loyalty.Money{Amount: rates[c].Per, Currency: c}.String())
	}
	return Series(parts, last)
}

func conversions(r loyalty.ExchangeRate, base loyalty.Currency) string {
	var parts []string
	for _, c := range slices.Sorted(maps.Keys(r.Rates)) {
		parts = append(parts, "1 "+string(c)+" counts as "+Digits(r.Rates[c])+" "+string(base))
	}
	return Series(parts, "and")
}

// times describes the effect of a multiplier on points, such as "1.5 times as much".
func times(by *big.Rat) string {
	if by.Sign() == 0 {
		return "nothing"
	}
	return Digits(by) + " times as much"
}

// asked returns lead, the word "if" and the condition as it is written in the file. It returns an empty string if there
// is no condition.
func asked(when loyalty.Condition, lead string) string {
	if when == nil {
		return ""
	}
	return lead + "if " + strings.Join(strings.Fields(when.String()), " ")
}

func counted(c loyalty.Counts) string {
	var parts []string
	for _, part := range []struct {
		counts bool
		name   string
	}{{c.Items, "items"}, {c.Shipping, "shipping"}, {c.Tax, "tax"}} {
		if part.counts {
			parts = append(parts, part.name)
		}
	}
	return Series(parts, "and")
}

// bounds describes the caps on the points that members can earn from orders.
func (e explainer) bounds() {
	for _, c := range e.p.Earn.Caps {
		beyond := ""
		if c.Reject {
			beyond = "; an order that would exceed this earns nothing"
		}
		switch most := e.whole(int64(c.Points)); c.Per {
		case loyalty.PerOrder:
			e.say("One order earns at most %s%s.", most, beyond)
		case loyalty.PerEver:
			e.say("All orders of a member earn at most %s together%s.", most, beyond)
		default:
			e.say("The orders of a member in one %s earn at most %s together%s.", c.Per, most, beyond)
		}
	}
}

func (e explainer) actions() {
	for _, t := range e.p.Events {
		fields := ""
		if len(t.Fields) > 0 {
			fields = ", with the fields " + Series(slices.Sorted(maps.Keys(t.Fields)), "and")
		}
		e.say("The shop can send events %s: %s%s.", t.Name, Series(t.States, "or"), fields)
	}
	for _, a := range e.p.Earn.Actions {
		what := map[string]string{
			award.EventJoined: "Joining", award.EventBirthday: "A birthday",
			award.EventAnniversary: "An anniversary of enrollment",
			posting.EventConverted: "The first order of a friend who used a member's code",
		}[a.Event]
		if what == "" {
			what = "An event " + a.Event
		}
		earns := what + " earns " + e.in(a.Wallet, int64(a.Points))
		if a.Event == posting.EventConverted {
			earns = what + " earns the member " + e.in(a.Wallet, int64(a.Points))
			if a.Friend > 0 {
				earns += " and the friend " + e.in(a.Wallet, int64(a.Friend))
			}
		}
		parts := append([]string{earns}, often(a.Limits)...)
		if !a.Cooldown.IsZero() {
			parts = append(parts, "not again within "+Period(a.Cooldown))
		}
		parts = append(parts, e.whose(a.Tiers, a.Segments)...)
		parts = append(parts, e.span(a.From, a.Until)...)
		if a.When != nil {
			parts = append(parts, asked(a.When, ""))
		}
		e.say("%s (%s).", strings.Join(parts, ", "), a.ID)
		e.ownLife(a.Life)
	}
	for _, m := range e.p.Milestones {
		e.say("The %s order earns %s (%s).", nth(m.Target), e.whole(int64(m.Points)), m.ID)
	}
}

// often describes the limits on how often a member can earn with a rule, such as "once per day".
func often(limits []loyalty.Limit) (parts []string) {
	for _, l := range limits {
		n := "once"
		if l.Times > 1 {
			n = "at most " + count(int(l.Times), "time")
		}
		parts = append(parts, n+" "+Spoken(l.Per))
	}
	return parts
}
