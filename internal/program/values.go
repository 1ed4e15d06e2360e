package program

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/nearest"
)

// These constants limit numbers in addition to the bounds of package loyalty. Decimals have up to 13 digits before
// the point and 6 after it. More digits are probably a mistake, and so is a leading zero, which some programs read as
// octal.
const (
	maxFactor = 1000
	maxYears  = 100
)

var decimalForm = regexp.MustCompile(`^(0|[1-9][0-9]{0,12})(\.[0-9]{1,6})?$`)

// decimal parses an exact decimal.
func decimal(s string) (*big.Rat, bool) {
	if !decimalForm.MatchString(s) {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

// minor converts a decimal amount to minor units of a currency. The reason is empty if the amount is valid.
func minor(s string, c loyalty.Currency) (amount int64, reason string) {
	exp, ok := c.Exponent()
	if !ok {
		return 0, strconv.Quote(string(c)) + " is not a currency"
	}
	r, ok := decimal(s)
	if !ok {
		return 0, strconv.Quote(clip(s)) + " is not a decimal amount"
	}
	r.Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(exp)), nil)))
	switch {
	case !r.IsInt():
		return 0, s + " is more precise than " + string(c) + ", which has " + decimals(exp)
	case r.Num().CmpAbs(big.NewInt(loyalty.MaxAmount)) > 0:
		return 0, s + " is too large; the limit is " + loyalty.Money{Amount: loyalty.MaxAmount, Currency: c}.String()
	}
	return r.Num().Int64(), ""
}

func decimals(n int) string {
	switch n {
	case 0:
		return "no decimals"
	case 1:
		return "1 decimal"
	}
	return strconv.Itoa(n) + " decimals"
}

// money reads an amount like "5 EUR".
func (c *compiler) money(n *node) (m loyalty.Money) {
	amount, code, ok := strings.Cut(n.text(), " ")
	if n == nil || !ok {
		c.malformed(n, "money")
		return m
	}
	m.Currency = loyalty.Currency(code)
	if !c.currency(n, code) {
		return m
	}
	var reason string
	if m.Amount, reason = minor(amount, m.Currency); reason != "" {
		c.add(at(n, "%s", reason))
	}
	return m
}

// amount reads a decimal amount of a currency and returns it in minor units.
func (c *compiler) amount(n *node, cur loyalty.Currency) int64 {
	if n == nil {
		return 0
	}
	amount, reason := minor(n.value, cur)
	if reason != "" {
		c.add(at(n, "%s", reason))
	}
	return amount
}

// rate reads a rate in a currency, like "1 per 1.10", or "5 per full 2.50" if only full steps count.
func (c *compiler) rate(n *node, cur loyalty.Currency) (r loyalty.Rate) {
	points, per, ok := strings.Cut(n.text(), " per ")
	per, full := strings.CutPrefix(per, "full ")
	p, exact := decimal(points)
	if !ok || !exact {
		c.malformed(n, "rate")
		return r
	}
	amount, reason := minor(per, cur)
	switch {
	case reason != "":
		c.add(at(n, "%s", reason))
	case amount == 0:
		c.add(at(n, "the amount must be above 0"))
	case p.Cmp(big.NewRat(int64(loyalty.MaxPoints), 1)) > 0:
		c.add(at(n, "%s points are too many; the limit is %d", points, loyalty.MaxPoints))
	}
	return loyalty.Rate{Points: p, Per: amount, Full: full}
}

// factor reads a multiplier. It returns nil if there is none.
func (c *compiler) factor(n *node) *big.Rat {
	if n == nil {
		return nil
	}
	r, ok := decimal(n.value)
	switch {
	case !n.is(number):
		c.add(wrongKind(n, title("multiply"), nil))
		return new(big.Rat)
	case !ok:
		c.malformed(n, "multiply")
		return new(big.Rat)
	}
	if r.Cmp(big.NewRat(maxFactor, 1)) > 0 {
		c.add(at(n, "%s times is too much; the limit is %d", n.value, maxFactor))
	}
	return r
}

// percent reads a percentage like "10%".
func (c *compiler) percent(n *node) *big.Rat {
	r, ok := decimal(strings.TrimSuffix(n.text(), "%"))
	if !ok || !strings.HasSuffix(n.text(), "%") {
		c.malformed(n, "percent")
		return nil
	}
	if r.Sign() == 0 || r.Cmp(big.NewRat(100, 1)) > 0 {
		c.add(at(n, "%s is not above 0%% and at most 100%%", n.value))
	}
	return r
}

// share reads a percentage like "10%" and returns it as a fraction of one. It returns nil if there is none.
func (c *compiler) share(n *node) *big.Rat {
	r := c.percent(n)
	if r == nil {
		return nil
	}
	return r.Quo(r, big.NewRat(100, 1))
}

// integer reads a whole number from least to most.
func (c *compiler) integer(n *node, least, most int64) int64 {
	switch {
	case n == nil:
		return 0
	case !n.is(number):
		c.add(wrongKind(n, "a whole number", nil))
		return 0
	}
	i, err := strconv.ParseInt(n.value, 10, 64)
	if err != nil || i < least || i > most {
		c.add(at(n, "%s is not a whole number from %d to %d", shown(n), least, most))
	}
	return i
}

var durationForm = regexp.MustCompile(`^([0-9]{1,4}) (minute|hour|day|week|month|year)s?$`)

// period reads a period like "14 days". It returns zero if there is none.
func (c *compiler) period(n *node) (p loyalty.Period) {
	if n == nil {
		return p
	}
	m := durationForm.FindStringSubmatch(n.text())
	if m == nil {
		c.malformed(n, "duration")
		return p
	}
	count, _ := strconv.Atoi(m[1]) // four digits
	years := count
	switch m[2] {
	case "minute":
		p.Minutes, years = count, 0
	case "hour":
		p.Hours, years = count, 0
	case "day":
		p.Days, years = count, count/366
	case "week":
		p.Days, years = 7*count, count/52
	case "month":
		p.Months, years = count, count/12
	case "year":
		p.Months = 12 * count
	}
	if years > maxYears {
		c.add(at(n, "%s is too long; the limit is %d years", n.value, maxYears))
	}
	return p
}

var instantForm = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?$`)

// instant reads a local date and time in the program's time zone.
func (c *compiler) instant(n *node, zone *time.Location) time.Time {
	for _, form := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(form, n.text(), zone); err == nil {
			if t.Format(form) != n.text() {
				c.add(at(n, "%s is skipped in %s, where clocks are put forward", n.value, zone))
			}
			if t.Year() < 2000 || t.Year() > 2999 {
				c.add(at(n, "%s is not between the years 2000 and 2999", n.value))
			}
			return t.UTC()
		}
	}
	if !instantForm.MatchString(n.text()) {
		c.malformed(n, "instant")
		return time.Time{}
	}
	c.add(at(n, "%s is not a date and time that exists", n.value))
	return time.Time{}
}

// malformed rejects a value that does not match a definition of the schema. If the value is missing, only the
// schema's validator reports it.
func (c *compiler) malformed(n *node, definition string) {
	if n == nil {
		return
	}
	c.add(notA(n, title(definition)).Suggest(repaired(n, definition)))
}

// repaired returns the value that was probably meant, or "" if it is not clear.
func repaired(n *node, definition string) string {
	if _, err := time.Parse(time.DateOnly, n.text()); err == nil && definition == "instant" {
		return n.value + "T00:00"
	}
	if definition != "duration" {
		return ""
	}
	count, unit, ok := strings.Cut(n.text(), " ")
	if !ok || !regexp.MustCompile(`^[0-9]{1,4}$`).MatchString(count) {
		return ""
	}
	if unit = nearest.Word(strings.ToLower(unit), []string{"minutes", "hours", "days", "weeks", "months", "years"}); unit == "" {
		return ""
	}
	return count + " " + unit
}

// usual lists common currencies for suggestions, the most likely first.
var usual = strings.Fields("EUR USD GBP JPY CHF CAD AUD NZD SEK NOK DKK PLN CZK HUF RON TRY CNY INR KRW SGD HKD BRL MXN ZAR")

// currency rejects a text that is not an ISO 4217 code. Parameter n is its position.
func (c *compiler) currency(n *node, code string) bool {
	if _, ok := loyalty.Currency(code).Exponent(); ok {
		return true
	}
	c.add(noCurrency(at(n, "%q is not a currency (ISO 4217)", clip(code)), code))
	return false
}

func noCurrency(p Problem, code string) Problem {
	upper := strings.ToUpper(code)
	if _, ok := loyalty.Currency(upper).Exponent(); ok {
		return p.Suggest(upper)
	}
	return p.Suggest(nearest.Word(upper, usual))
}
