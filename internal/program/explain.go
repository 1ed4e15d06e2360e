package program

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// Explain describes a compiled program in plain English, one sentence per line.
func Explain(p *loyalty.Program) string {
	e := explainer{p: p}
	e.say("%s (%s): days are in the time zone %s.", p.Name.In("en"), p.ID, p.Zone)
	e.earn()
	e.rules()
	e.bounds()
	e.actions()
	e.life()
	e.refunds()
	e.payments()
	e.tiers()
	e.tierGroups()
	e.wallets()
	if a := e.p.AdvanceNotice; !a.Period.IsZero() {
		times := fmt.Sprintf("up to %d times", a.MaxExtensions)
		if a.MaxExtensions == 1 {
			times = "once"
		}
		e.say("Members receive notice %s before points expire and levels end. Without notice both are extended by the same period: "+
			"once for members who cannot receive messages (their account shows the notice), and %s for others.",
			period(a.Period), times)
		if len(e.p.Wallets)+len(e.p.TierGroups) > 0 {
			e.say("This does not apply to other wallets and tier groups.")
		}
	}
	e.rewards()
	e.transfers()
	e.households()
	e.goodwill()
	e.reminders()
	return strings.Join(e.lines, "\n") + "\n"
}

type explainer struct {
	p     *loyalty.Program
	lines []string
}

func (e *explainer) say(format string, args ...any) {
	e.lines = append(e.lines, fmt.Sprintf(format, args...))
}

// points formats a number of points with their name.
func (e *explainer) points(n *big.Rat) string {
	unit := e.p.Unit.Other
	if n.Cmp(big.NewRat(1, 1)) == 0 {
		unit = e.p.Unit.One
	}
	return digits(n) + " " + unit.In("en")
}

func (e *explainer) whole(n int64) string { return e.points(big.NewRat(n, 1)) }

func (e *explainer) refunds() {
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

// goodwill describes manual corrections, which members cannot make themselves.
func (e *explainer) goodwill() {
	if p := e.p.Goodwill.Reinstate; !p.IsZero() {
		e.say("An agent can reinstate expired points for %s.", period(p))
	}
	if p := e.p.Goodwill.Extend; !p.IsZero() {
		e.say("An agent can extend points to at most %s from that day.", period(p))
	}
	if p := e.p.BirthdayLock; !p.IsZero() {
		e.say("After a change, a birthday cannot be changed again for %s.", period(p))
	}
}

// digits formats a rational number as a decimal without trailing zeros.
func digits(r *big.Rat) string {
	if r.IsInt() {
		return r.Num().String()
	}
	return strings.TrimRight(r.FloatString(6), "0")
}

// percentage formats a share as a percentage: "10%" for a tenth.
func percentage(share *big.Rat) string {
	return digits(new(big.Rat).Mul(share, big.NewRat(100, 1))) + "%"
}

// period formats a duration in its largest whole units.
func period(p loyalty.Period) string {
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
	return series(parts, "and")
}

func count(n int, unit string) string {
	if n != 1 {
		unit += "s"
	}
	return strconv.Itoa(n) + " " + unit
}

func series(parts []string, last string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	end := len(parts) - 1
	return strings.Join(parts[:end], ", ") + " " + last + " " + parts[end]
}
