package describe

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// Spoken returns the words that follow a number of points in a cap, such as "per day" or "ever".
func Spoken(per loyalty.CapPeriod) string {
	if per == loyalty.PerEver {
		return "ever"
	}
	return "per " + string(per)
}

// A writer collects the sentences about a program. The types that embed it describe one section each.
type writer struct {
	p     *loyalty.Program
	lines []string
}

// An explainer describes the sections that have no type of their own.
type explainer struct{ *writer }

func (w *writer) say(format string, args ...any) {
	w.lines = append(w.lines, fmt.Sprintf(format, args...))
}

// points formats a number of points with the program's name for points.
func (w *writer) points(n *big.Rat) string {
	unit := w.p.Unit.Other
	if n.Cmp(big.NewRat(1, 1)) == 0 {
		unit = w.p.Unit.One
	}
	return Digits(n) + " " + unit.In("en")
}

func (w *writer) whole(n int64) string { return w.points(big.NewRat(n, 1)) }

func (e explainer) refunds() {
	const taken = "A refund deducts the points that the order earned: first the order's own points, then others, and "
	switch p := e.p; p.Clawback {
	case loyalty.ClawbackWithinBalance:
		e.say(taken + "at most the available points.")
	case loyalty.ClawbackPendingOnly:
		e.say("A refund deducts the points that the order earned only while they are pending.")
	case loyalty.ClawbackUnlimited:
		e.say(taken + "newly earned points repay the rest, without limit.")
	default:
		most := ""
		if p.MaxDebt > 0 {
			most = ", up to " + e.whole(int64(p.MaxDebt))
		}
		e.say(taken+"newly earned points repay the rest%s.", most)
	}
}

func (e explainer) notice() {
	a := e.p.AdvanceNotice
	if a.Period.IsZero() {
		return
	}
	times := fmt.Sprintf("up to %d times", a.MaxExtensions)
	if a.MaxExtensions == 1 {
		times = "once"
	}
	e.say("Members receive notice %s before points expire and levels end. "+
		"Without notice both are extended by the same period: "+
		"once for members who cannot receive messages (their account shows the notice), and %s for others.",
		Period(a.Period), times)
	if len(e.p.Wallets)+len(e.p.TierGroups) > 0 {
		e.say("This does not apply to other wallets and tier groups.")
	}
}

// goodwill describes the corrections that the merchant's agents can make as a gesture of goodwill, such as reinstating
// expired points.
func (e explainer) goodwill() {
	if p := e.p.Goodwill.Reinstate; !p.IsZero() {
		e.say("An agent can reinstate expired points for %s.", Period(p))
	}
	if p := e.p.Goodwill.Extend; !p.IsZero() {
		e.say("An agent can extend points to at most %s from that day.", Period(p))
	}
	if p := e.p.BirthdayLock; !p.IsZero() {
		e.say("After a change, a birthday cannot be changed again for %s.", Period(p))
	}
	switch f := e.p.Fraud; {
	case f.NoEmailChangeHold:
		e.say("A member can use points immediately after a change of the email address.")
	case !f.EmailChangeHold.IsZero():
		e.say("After a change of the email address, a member cannot use points for %s.", Period(f.EmailChangeHold))
	}
}

// Digits formats a rational number as a decimal without trailing zeros.
func Digits(r *big.Rat) string {
	if r.IsInt() {
		return r.Num().String()
	}
	return strings.TrimRight(r.FloatString(6), "0")
}

// percentage formats a share as a percentage: "10%" for a tenth.
func percentage(share *big.Rat) string {
	return Digits(new(big.Rat).Mul(share, big.NewRat(100, 1))) + "%"
}

// Period formats a duration in its largest whole units.
func Period(p calendar.Period) string {
	minutes := p.Hours*60 + p.Minutes
	var parts []string
	for _, part := range []struct {
		n    int
		unit string
	}{{p.Months, "month"}, {p.Days, "day"}, {minutes / 60, "hour"}, {minutes % 60, "minute"}} {
		if part.n > 0 {
			parts = append(parts, count(part.n, part.unit))
		}
	}
	if len(parts) == 0 {
		return "no time"
	}
	return Series(parts, "and")
}

func count(n int, unit string) string {
	if n != 1 {
		unit += "s"
	}
	return strconv.Itoa(n) + " " + unit
}

// Series joins texts with commas, and the last two texts with the given word, such as "or": "a, b or c".
func Series(parts []string, last string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	end := len(parts) - 1
	return strings.Join(parts[:end], ", ") + " " + last + " " + parts[end]
}

// households describes how household members use each other's points.
func (e explainer) households() {
	h := e.p.Households
	if h.Size == 0 {
		return
	}
	share := "all of each other's points"
	if h.Share != nil && h.Share.Cmp(big.NewRat(1, 1)) < 0 {
		share = percentage(h.Share) + " of each other's points at a time"
	}
	e.say(
		"A household of up to %d members can redeem %s; levels and expiry remain separate for each member.", h.Size,
		share,
	)
	if !h.CoolingOff.IsZero() {
		e.say("- A new member of a household can use the others' points after %s.", Period(h.CoolingOff))
	}
}

// payments describes how reports of payment processors are handled, if the file has terms for them.
func (e explainer) payments() {
	t := e.p.Payments
	if t.Award == "" && t.FindBy == nil && t.ClaimWithin.IsZero() {
		return
	}
	switch t.Award {
	case loyalty.AwardPayments:
		e.say(
			"An order earns points when a payment processor reports its payment. " +
				"A payment without a reported order earns points too.",
		)
	case loyalty.AwardOrdersWhenPaid:
		e.say("An order earns points when a payment processor reports its payment.")
	default:
		e.say("Payment processors report refunds; orders earn points as the shop reports them.")
	}
	words := map[loyalty.MemberBy]string{
		loyalty.ByMetadata: "its metadata", loyalty.ByCustomer: "the processor's customer",
		loyalty.ByEmail: "the email address",
	}
	var ways []string
	for _, by := range t.Finds() {
		ways = append(ways, words[by])
	}
	e.say("A payment is matched to its member by %s; a payment without a member can be claimed for %s by enrolling.",
		Series(ways, "or"), Period(t.Claims()))
}

// Holding returns how long a reservation lasts.
func Holding(p *loyalty.Program) calendar.Period {
	return calendar.Period{Minutes: int(p.Hold / time.Minute)}
}
