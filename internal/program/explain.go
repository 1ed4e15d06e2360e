package program

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// Explain says in plain English what a compiled program does, a sentence a line.
func Explain(p *loyalty.Program) string {
	e := explainer{p: p}
	e.say("%s (%s): its days begin and end in %s.", p.Name.In("en"), p.ID, p.Zone)
	e.earn()
	e.tiers()
	e.rewards()
	return strings.Join(e.lines, "\n") + "\n"
}

type explainer struct {
	p     *loyalty.Program
	lines []string
}

func (e *explainer) say(format string, args ...any) {
	e.lines = append(e.lines, fmt.Sprintf(format, args...))
}

// points is so many points under their own name.
func (e *explainer) points(n *big.Rat) string {
	unit := e.p.Unit.Other
	if n.Cmp(big.NewRat(1, 1)) == 0 {
		unit = e.p.Unit.One
	}
	return digits(n) + " " + unit.In("en")
}

func (e *explainer) whole(n int64) string { return e.points(big.NewRat(n, 1)) }

func (e *explainer) earn() {
	earn := e.p.Earn
	var currencies []string
	for c := range earn.Rates {
		currencies = append(currencies, string(c))
	}
	slices.Sort(currencies)
	rates := make([]string, len(currencies))
	for i, c := range currencies {
		r := earn.Rates[loyalty.Currency(c)]
		rates[i] = e.points(r.Points) + " per " + loyalty.Money{Amount: r.Per, Currency: loyalty.Currency(c)}.String()
	}
	e.say("An order earns %s, for its %s.", series(rates, "or"), counted(earn.Counts))
	e.say("Discounts are deducted first, and what is paid with points, gift cards or store credit earns nothing.")
	for _, c := range earn.Categories {
		if c.Multiply.Sign() == 0 {
			e.say("%s earn nothing (%s).", c.Category, c.ID)
			continue
		}
		e.say("%s earn %s times as much (%s).", c.Category, digits(c.Multiply), c.ID)
	}
	e.say("%s, once per order.", map[loyalty.Rounding]string{
		loyalty.Down:    "A fraction of a point is dropped",
		loyalty.Nearest: "Fractions of a point are rounded to the nearest whole, halves up",
		loyalty.Up:      "A fraction of a point counts as a whole one",
	}[earn.Rounding])
	for _, c := range e.p.Earn.Caps {
		if c.Per == loyalty.PerOrder {
			e.say("One order earns at most %s.", e.whole(int64(c.Points)))
			continue
		}
		e.say("The orders of one %s earn at most %s together.", c.Per, e.whole(int64(c.Points)))
	}
	e.life()
	e.say("%s", map[loyalty.TakeBack]string{
		loyalty.TakeBackDebt:          "A refund takes back what was earned: first the order's own points, then others, and what is missing the next points pay.",
		loyalty.TakeBackWithinBalance: "A refund takes back what was earned: first the order's own points, then others, and no more than there are.",
		loyalty.TakeBackPendingOnly:   "A refund takes back what was earned as long as it is pending.",
	}[e.p.TakeBack])
}

// life is when points can be spent, and until when.
func (e *explainer) life() {
	start := "at once"
	if !e.p.Earn.Pending.For.IsZero() {
		start = period(e.p.Earn.Pending.For) + " after the order"
	}
	expires := e.p.Earn.Expires
	if expires.After.IsZero() {
		e.say("Points can be spent %s and never lapse.", start)
		return
	}
	e.say("Points can be spent %s and lapse %s later, at the end of that %s.", start, period(expires.After), map[loyalty.RoundTo]string{
		loyalty.EndOfDay: "day", loyalty.EndOfMonth: "month", loyalty.EndOfQuarter: "quarter", loyalty.EndOfYear: "year",
	}[expires.RoundTo])
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
	return series(parts, "and")
}

func (e *explainer) tiers() {
	t := e.p.Tiers
	if len(t.Levels) == 0 {
		return
	}
	window := "in a lifetime"
	if t.Months > 0 {
		window = "in " + count(t.Months, "calendar month") + ", the present one included"
	}
	measure := "points earned"
	if t.By == loyalty.ByOrders {
		measure = "orders"
	}
	e.say("Levels go by %s %s:", measure, window)
	for _, l := range t.Levels {
		e.level(l)
	}
	grace := ""
	if !t.Grace.IsZero() {
		grace = " and " + period(t.Grace) + " of grace"
	}
	down := "one level"
	if t.MoveDown == loyalty.ToQualified {
		down = "to the level that they qualify for"
	}
	e.say("A level is kept for %s%s; those who have not requalified by then move down %s.", period(t.KeepFor), grace, down)
}

func (e *explainer) level(l loyalty.Level) {
	from := "from the start"
	switch {
	case l.From > 0 && e.p.Tiers.By == loyalty.ByOrders:
		from = "from " + count(int(l.From), "order")
	case l.From > 0:
		from = "from " + e.whole(l.From)
	}
	line := "- " + l.Name.In("en") + " " + from
	if l.Multiply != nil {
		line += ", earning " + digits(l.Multiply) + " times as much"
	}
	if len(l.Perks) > 0 {
		line += ", with " + series(l.Perks, "and")
	}
	e.say("%s.", line)
}

func (e *explainer) rewards() {
	for _, r := range e.p.Rewards {
		what := map[string]string{"free_shipping": "free shipping", "free_product": "product " + r.SKU + " for free"}[r.Type]
		switch r.Type {
		case "amount_off":
			what = r.Value.String() + " off"
		case "percent_off":
			what = digits(r.Percent) + "% off"
		}
		e.say("%s buy %s (%s).", e.whole(int64(r.Cost)), what, r.ID)
	}
	if len(e.p.Rewards) > 0 {
		hold := loyalty.Period{Minutes: int(e.p.Hold / time.Minute)}
		e.say("Points stay reserved for %s; those of a cancelled reward are given back.", period(hold))
	}
}

// digits is a rational that was written as a decimal, as it was written but for zeros at the end.
func digits(r *big.Rat) string {
	if r.IsInt() {
		return r.Num().String()
	}
	return strings.TrimRight(r.FloatString(6), "0")
}

// period is a length of time in its largest whole units.
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
