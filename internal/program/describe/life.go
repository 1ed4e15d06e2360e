package describe

import (
	"strconv"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// life describes when points can be spent and when they expire.
func (e explainer) life() {
	e.say("Points can be spent %s and %s.", starts(e.p.Earn.Pending), ends(e.p.Earn.Expires))
	e.givenUp(e.p.Earn.Pending)
	if w := e.p.Earn.Pending; len(e.p.Earn.Actions) > 0 &&
		(w.Manual || w.Until != "" || len(w.On) > 0 || !w.For.IsZero()) {
		e.say("Points for events can be spent at once unless stated otherwise.")
	}
}

// ownLife describes when the points of a rule become active and expire, if this differs from the base rate.
func (w *writer) ownLife(l loyalty.Life) {
	switch {
	case l.Pending != nil && l.Expires != nil:
		w.say("- Its points can be spent %s and %s.", starts(*l.Pending), ends(*l.Expires))
	case l.Pending != nil:
		w.say("- Its points can be spent %s.", starts(*l.Pending))
	case l.Expires != nil:
		w.say("- Its points %s.", ends(*l.Expires))
	}
	if l.Pending != nil {
		w.givenUp(*l.Pending)
	}
}

func (w *writer) givenUp(wait calendar.Wait) {
	if !wait.Within.IsZero() {
		w.say("They are forfeited if an order is not %s within %s.", wait.Until, Period(wait.Within))
	}
}

// starts describes when points become active, after a wait.
func starts(w calendar.Wait) string {
	after := Period(w.For) + " after "
	if w.For.IsZero() {
		after = "as soon as "
	}
	switch {
	case w.Manual:
		return "when they are activated"
	case w.Until != "":
		return after + "the order was " + string(w.Until)
	case len(w.On) > 0:
		return "from the next " + days(w.On) + " on"
	case w.For.IsZero():
		return "at once"
	}
	return after + "the order"
}

// ends describes when points expire.
func ends(e calendar.Expiry) string {
	least := ""
	if !e.After.IsZero() {
		least = " that is at least " + Period(e.After) + " later"
	}
	switch {
	case e.Never():
		return "never expire"
	case len(e.On) > 0:
		return "expire at the end of the next " + days(e.On) + least
	case e.Anniversary == calendar.OfTier:
		return "expire at the end of the first anniversary of reaching the level" + least
	case e.Anniversary != "":
		return "expire at the end of the first anniversary of enrollment" + least
	}
	rounded := "at the end of that " + map[calendar.RoundTo]string{
		calendar.EndOfDay: "day", calendar.EndOfWeek: "week", calendar.EndOfMonth: "month",
		calendar.EndOfQuarter: "quarter",
		calendar.EndOfYear:    "year",
	}[e.RoundTo]
	if e.Inactive {
		return "expire " + Period(e.After) + " after the member's last activity (" + Series(e.ResetBy, "or") + "), " +
			rounded
	}
	return "expire " + Period(e.After) + " later, " + rounded
}

// days formats days of the year: "1 March or 1 September".
func days(on []calendar.Day) string {
	var parts []string
	for _, d := range on {
		parts = append(parts, strconv.Itoa(int(d)%100)+" "+time.Month(int(d)/100).String())
	}
	return Series(parts, "or")
}

// nth formats an ordinal number: 1st, 2nd, 3rd, 11th.
func nth(n int64) string {
	suffix := "th"
	if n/10%10 != 1 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.FormatInt(n, 10) + suffix
}
