package program

import (
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/program/nearest"
)

// match reads the orders, and the parts of orders, to which a rule applies.
func (c *compiler) match(item *node) loyalty.Match {
	m := loyalty.Match{
		Categories:    c.labels(item.get("categories")),
		SKUs:          c.labels(item.get("skus")),
		Brands:        c.labels(item.get("brands")),
		Tenders:       c.tendersOf(item.get("tenders")),
		Currencies:    c.currencies(item.get("currencies")),
		Channels:      c.labels(item.get("channels")),
		Stores:        c.labels(item.get("stores")),
		Tiers:         c.levelsOf(item.get("tiers")),
		Segments:      c.labels(item.get("segments")),
		FirstOrder:    item.get("first_order").yes(),
		BirthdayMonth: item.get("birthday_month").yes(),
		BirthdayDays:  c.birthday(item),
		Weekdays:      weekdaysOf(item.get("weekdays")),
		When:          c.orderCondition(item.get("when")),
	}
	m.From, m.Until = c.span(item)
	m.HoursFrom, m.HoursUntil = c.hours(item.get("hours"),
		"never applies: the start and the end are equal; omit hours for the whole day")
	m.TimezoneOf = c.clock(item, m)
	if least := item.get("min_spend"); least != nil {
		m.MinSpend = byCurrency(c, least, c.amount)
		c.earnable(least)
	}
	return m
}

// labels reads names that the shop defines.
func (c *compiler) labels(n *node) (out []string) {
	for _, item := range n.list() {
		out = append(out, c.label(item))
	}
	return out
}

var tenderKinds = []string{"card", "cash", "other", "points", "gift_card", "store_credit"}

// tendersOf reads kinds of tenders, or names that the shop defines for them. It warns if a name is nearly a kind,
// which is probably a mistake.
func (c *compiler) tendersOf(n *node) []string {
	for _, item := range n.list() {
		if guess := nearest.Word(item.text(), tenderKinds); guess != "" && !slices.Contains(tenderKinds, item.text()) && len(guess) > 5 {
			c.warn(at(item, "is not a type of tender and is read as the name of one").Suggest(guess))
		}
	}
	return c.labels(n)
}

func (c *compiler) currencies(n *node) (out []loyalty.Currency) {
	for _, item := range n.list() {
		if item.text() != "" && c.currency(item, item.text()) {
			out = append(out, loyalty.Currency(item.text()))
		}
	}
	return out
}

// span reads the start and the end of a rule, both in the program's time zone.
func (c *compiler) span(item *node) (from, until time.Time) {
	return c.between(item, "never applies: %s is not after the start, %s")
}

// between reads two instants. If the second is not after the first, it reports a problem in the form of backwards,
// with both values.
func (c *compiler) between(item *node, backwards string) (from, until time.Time) {
	first, last := item.get("from"), item.get("until")
	if first.text() != "" {
		from = c.instant(first, c.p.Zone)
	}
	if last.text() != "" {
		until = c.instant(last, c.p.Zone)
	}
	if !from.IsZero() && !until.IsZero() && !until.After(from) {
		c.add(at(last, backwards, last.value, first.value))
	}
	return from, until
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func weekdaysOf(n *node) (days []time.Weekday) {
	for _, item := range n.list() {
		if i := slices.Index(weekdays, item.text()); i >= 0 {
			days = append(days, time.Weekday(i))
		}
	}
	return days
}

// birthday reads a window around the member's birthday, in days before and after it. It returns zero if there is
// none.
func (c *compiler) birthday(item *node) int {
	n := item.get("birthday")
	if n != nil && item.get("birthday_month").yes() {
		c.add(at(n, "cannot be combined with birthday_month; remove one of them"))
	}
	days := c.period(n).Days
	if days > maxBirthdayDays {
		c.add(at(n, "%s is too long; the limit is %d days", n.value, maxBirthdayDays))
	}
	return days
}

// maxBirthdayDays is the maximum number of days before and after a birthday. Longer windows would overlap from year
// to year.
const maxBirthdayDays = 180

var clockForm = regexp.MustCompile(`^([01][0-9]|2[0-3]):([0-5][0-9])$`)

// hours reads a part of the day, in minutes from midnight. Parameter empty is the message for a part that ends when
// it begins.
func (c *compiler) hours(n *node, empty string) (from, until int) {
	minutes := func(n *node) int {
		m := clockForm.FindStringSubmatch(n.text())
		if m == nil {
			return 0 // the schema reports it
		}
		hours, _ := strconv.Atoi(m[1])
		rest, _ := strconv.Atoi(m[2])
		return hours*60 + rest
	}
	from, until = minutes(n.get("from")), minutes(n.get("until"))
	if from == until && clockForm.MatchString(n.get("from").text()) && clockForm.MatchString(n.get("until").text()) {
		c.add(at(n.get("until"), "%s", empty))
	}
	return from, until
}

var clocks = map[string]loyalty.TimezoneOf{"store": loyalty.StoreClock, "member": loyalty.MemberClock}

// clock reads whose time zone applies to a rule's days and hours.
func (c *compiler) clock(item *node, m loyalty.Match) loyalty.TimezoneOf {
	n := item.get("timezone_of")
	if n != nil && item.get("weekdays") == nil && item.get("hours") == nil && !earn.HasBirthday(&m) {
		c.add(atKey(n, "has no effect without weekdays, hours, birthday or birthday_month: from and until are instants"))
	}
	return clocks[n.text()]
}

// yes reports whether a node is true.
func (n *node) yes() bool { return n.is(boolean) && n.value == "true" }
