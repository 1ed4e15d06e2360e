package program

import (
	"slices"
	"strconv"
	"time"

	"github.com/perennial-loyalty/perennial/internal/lazyregexp"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/program/document"
	"github.com/perennial-loyalty/perennial/internal/program/nearest"
)

// parseMatch reads the keys that restrict a rule to certain orders or to certain parts of orders.
func parseMatch(c *document.Compiler, item *document.Node) loyalty.Match {
	m := loyalty.Match{
		Categories:    c.Labels(item.Get("categories")),
		SKUs:          c.Labels(item.Get("skus")),
		Brands:        c.Labels(item.Get("brands")),
		Tenders:       tendersOf(c, item.Get("tenders")),
		Currencies:    parseCurrencies(c, item.Get("currencies")),
		Channels:      c.Labels(item.Get("channels")),
		Stores:        c.Labels(item.Get("stores")),
		Tiers:         levelsOf(c, item.Get("tiers")),
		Segments:      c.Labels(item.Get("segments")),
		FirstOrder:    yes(item.Get("first_order")),
		BirthdayMonth: yes(item.Get("birthday_month")),
		BirthdayDays:  parseBirthday(c, item),
		Weekdays:      weekdaysOf(item.Get("weekdays")),
		When:          parseOrderCondition(c, item.Get("when")),
	}
	m.From, m.Until = parseSpan(c, item)
	m.HoursFrom, m.HoursUntil = parseHours(c, item.Get("hours"),
		"never applies: the start and the end are equal; omit hours for the whole day")
	m.TimezoneOf = parseClock(c, item, m)
	if least := item.Get("min_spend"); least != nil {
		m.MinSpend = byCurrency(c, least, (*document.Compiler).Amount)
		earnable(c, least)
	}
	return m
}

var tenderKinds = []string{"card", "cash", "other", "points", "gift_card", "store_credit"}

// tendersOf reads kinds of tenders, such as gift_card, or the merchant's names for tenders. It warns if a name is
// similar to a kind, which is probably a misspelling.
func tendersOf(c *document.Compiler, n *document.Node) []string {
	for _, item := range n.List() {
		if guess := nearest.Word(item.Text(), tenderKinds); guess != "" && !slices.Contains(tenderKinds, item.Text()) &&
			len(guess) > 5 {
			c.Warn(document.At(item, "is not a type of tender and is read as the name of one").Suggest(guess))
		}
	}
	return c.Labels(n)
}

func parseCurrencies(c *document.Compiler, n *document.Node) (out []loyalty.Currency) {
	for _, item := range n.List() {
		if item.Text() != "" && c.Currency(item, item.Text()) {
			out = append(out, loyalty.Currency(item.Text()))
		}
	}
	return out
}

// parseSpan reads the start and the end of the period in which a rule applies. Both are in the program's time zone.
func parseSpan(c *document.Compiler, item *document.Node) (from, until time.Time) {
	return between(c, item, "never applies: %s is not after the start, %s")
}

// between reads the instants in the keys from and until. If the second instant is not after the first, it reports a
// problem. The caller passes the format of the problem's message, which formats the second and the first value.
func between(c *document.Compiler, item *document.Node, backwards string) (from, until time.Time) {
	first, last := item.Get("from"), item.Get("until")
	if first.Text() != "" {
		from = c.Instant(first, c.P.Zone)
	}
	if last.Text() != "" {
		until = c.Instant(last, c.P.Zone)
	}
	if !from.IsZero() && !until.IsZero() && !until.After(from) {
		c.Add(document.At(last, backwards, last.Value, first.Value))
	}
	return from, until
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func weekdaysOf(n *document.Node) (days []time.Weekday) {
	for _, item := range n.List() {
		if i := slices.Index(weekdays, item.Text()); i >= 0 {
			days = append(days, time.Weekday(i))
		}
	}
	return days
}

// parseBirthday reads the number of days before and after the member's birthday on which a rule applies. It returns
// zero if the rule has no such limit.
func parseBirthday(c *document.Compiler, item *document.Node) int {
	n := item.Get("birthday")
	if n != nil && yes(item.Get("birthday_month")) {
		c.Add(document.At(n, "cannot be combined with birthday_month; remove one of them"))
	}
	days := c.Period(n).Days
	if days > maxBirthdayDays {
		c.Add(document.At(n, "%s is too long; the limit is %d days", n.Value, maxBirthdayDays))
	}
	return days
}

// maxBirthdayDays is the maximum number of days before and after a birthday. Longer periods of consecutive years would
// overlap.
const maxBirthdayDays = 180

var clockForm = lazyregexp.New(`^([01][0-9]|2[0-3]):([0-5][0-9])$`)

// parseHours reads a part of the day and returns its start and end in minutes from midnight. If the start and the end
// are equal, it reports a problem with the given message.
func parseHours(c *document.Compiler, n *document.Node, empty string) (from, until int) {
	minutes := func(n *document.Node) int {
		m := clockForm.FindStringSubmatch(n.Text())
		if m == nil {
			return 0 // the schema reports this error
		}
		hours, _ := strconv.Atoi(m[1])
		rest, _ := strconv.Atoi(m[2])
		return hours*60 + rest
	}
	from, until = minutes(n.Get("from")), minutes(n.Get("until"))
	if from == until && clockForm.MatchString(n.Get("from").Text()) && clockForm.MatchString(n.Get("until").Text()) {
		c.Add(document.At(n.Get("until"), "%s", empty))
	}
	return from, until
}

var clocks = map[string]loyalty.TimezoneOf{"store": loyalty.StoreClock, "member": loyalty.MemberClock}

// parseClock reads the key timezone_of. It states in which time zone the days and hours of a rule are evaluated.
func parseClock(c *document.Compiler, item *document.Node, m loyalty.Match) loyalty.TimezoneOf {
	n := item.Get("timezone_of")
	if n != nil && item.Get("weekdays") == nil && item.Get("hours") == nil && !earn.HasBirthday(&m) {
		c.Add(
			document.AtKey(
				n, "has no effect without weekdays, hours, birthday or birthday_month: from and until are instants",
			),
		)
	}
	return clocks[n.Text()]
}

// yes reports whether a node is the boolean true.
func yes(n *document.Node) bool { return n.Is(document.Boolean) && n.Value == "true" }
