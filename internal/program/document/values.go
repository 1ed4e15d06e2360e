package document

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/lazyregexp"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/program/nearest"
)

// These constants limit numbers, in addition to the limits of package loyalty.
const (
	maxFactor = 1000
	maxYears  = 100
)

// decimalForm matches a decimal with up to 13 digits before the point and up to 6 after it. A number with more digits
// is probably a mistake. So is a leading zero, which some programs interpret as octal.
var decimalForm = lazyregexp.New(`^(0|[1-9][0-9]{0,12})(\.[0-9]{1,6})?$`)

// Decimal parses an exact decimal.
func Decimal(s string) (*big.Rat, bool) {
	if !decimalForm.MatchString(s) {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

// Minor converts a decimal amount to minor units of a currency. The returned reason is empty, or states why the amount
// is invalid.
func Minor(s string, c loyalty.Currency) (amount int64, reason string) {
	exp, ok := c.Exponent()
	if !ok {
		return 0, strconv.Quote(string(c)) + " is not a currency"
	}
	r, ok := Decimal(s)
	if !ok {
		return 0, strconv.Quote(Clip(s)) + " is not a decimal amount"
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

// Money reads an amount with a currency, such as "5 EUR".
func (c *Compiler) Money(n *Node) (m loyalty.Money) {
	amount, code, ok := strings.Cut(n.Text(), " ")
	if n == nil || !ok {
		c.Malformed(n, "money")
		return m
	}
	m.Currency = loyalty.Currency(code)
	if !c.Currency(n, code) {
		return m
	}
	var reason string
	if m.Amount, reason = Minor(amount, m.Currency); reason != "" {
		c.Add(At(n, "%s", reason))
	}
	return m
}

// Amount reads a decimal amount in the given currency and returns it in minor units.
func (c *Compiler) Amount(n *Node, cur loyalty.Currency) int64 {
	if n == nil {
		return 0
	}
	amount, reason := Minor(n.Value, cur)
	if reason != "" {
		c.Add(At(n, "%s", reason))
	}
	return amount
}

// Rate reads an earning rate, such as "1 per 1.10". The text "5 per full 2.50" means that only full multiples of the
// amount count. The amount is in the given currency.
func (c *Compiler) Rate(n *Node, cur loyalty.Currency) (r loyalty.Rate) {
	points, per, ok := strings.Cut(n.Text(), " per ")
	per, full := strings.CutPrefix(per, "full ")
	p, exact := Decimal(points)
	if !ok || !exact {
		c.Malformed(n, "rate")
		return r
	}
	amount, reason := Minor(per, cur)
	switch {
	case reason != "":
		c.Add(At(n, "%s", reason))
	case amount == 0:
		c.Add(At(n, "the amount must be above 0"))
	case p.Cmp(big.NewRat(int64(loyalty.MaxPoints), 1)) > 0:
		c.Add(At(n, "%s points are too many; the limit is %d", points, loyalty.MaxPoints))
	}
	return loyalty.Rate{Points: p, Per: amount, Full: full}
}

// Factor reads a multiplier. It returns nil if the node is missing.
func (c *Compiler) Factor(n *Node) *big.Rat {
	if n == nil {
		return nil
	}
	r, ok := Decimal(n.Value)
	switch {
	case !n.Is(Number):
		c.Add(WrongKind(n, Title("multiply"), nil))
		return new(big.Rat)
	case !ok:
		c.Malformed(n, "multiply")
		return new(big.Rat)
	}
	if r.Cmp(big.NewRat(maxFactor, 1)) > 0 {
		c.Add(At(n, "%s times is too much; the limit is %d", n.Value, maxFactor))
	}
	return r
}

// Percent reads a percentage like "10%" and returns the number before the percent sign.
func (c *Compiler) Percent(n *Node) *big.Rat {
	r, ok := Decimal(strings.TrimSuffix(n.Text(), "%"))
	if !ok || !strings.HasSuffix(n.Text(), "%") {
		c.Malformed(n, "percent")
		return nil
	}
	if r.Sign() == 0 || r.Cmp(big.NewRat(100, 1)) > 0 {
		c.Add(At(n, "%s is not above 0%% and at most 100%%", n.Value))
	}
	return r
}

// Share reads a percentage like "10%" and returns it as a fraction, such as 1/10. It returns nil if there is none.
func (c *Compiler) Share(n *Node) *big.Rat {
	r := c.Percent(n)
	if r == nil {
		return nil
	}
	return r.Quo(r, big.NewRat(100, 1))
}

// Integer reads a whole number. It rejects numbers below least or above most.
func (c *Compiler) Integer(n *Node, least, most int64) int64 {
	switch {
	case n == nil:
		return 0
	case !n.Is(Number):
		c.Add(WrongKind(n, "a whole number", nil))
		return 0
	}
	i, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil || i < least || i > most {
		c.Add(At(n, "%s is not a whole number from %d to %d", Shown(n), least, most))
	}
	return i
}

// DurationForm matches a period such as "14 days".
var DurationForm = lazyregexp.New(`^([0-9]{1,4}) (minute|hour|day|week|month|year)s?$`)

// Period reads a period like "14 days". It returns zero if there is none.
func (c *Compiler) Period(n *Node) (p calendar.Period) {
	if n == nil {
		return p
	}
	m := DurationForm.FindStringSubmatch(n.Text())
	if m == nil {
		c.Malformed(n, "duration")
		return p
	}
	count, _ := strconv.Atoi(m[1]) // the form allows at most four digits
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
		c.Add(At(n, "%s is too long; the limit is %d years", n.Value, maxYears))
	}
	return p
}

var instantForm = lazyregexp.New(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?$`)

// Instant reads a local date and time in the program's time zone.
func (c *Compiler) Instant(n *Node, zone *time.Location) time.Time {
	for _, form := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(form, n.Text(), zone); err == nil {
			if t.Format(form) != n.Text() {
				c.Add(At(n, "%s is skipped in %s, where clocks are put forward", n.Value, zone))
			}
			if t.Year() < 2000 || t.Year() > 2999 {
				c.Add(At(n, "%s is not between the years 2000 and 2999", n.Value))
			}
			return t.UTC()
		}
	}
	if !instantForm.MatchString(n.Text()) {
		c.Malformed(n, "instant")
		return time.Time{}
	}
	c.Add(At(n, "%s is not a date and time that exists", n.Value))
	return time.Time{}
}

// DayOfYear reads a day of the year, like "03-01". It reports false if the value is missing or invalid.
func (c *Compiler) DayOfYear(n *Node) (calendar.Day, bool) {
	if n.Text() == "" {
		return 0, false
	}
	t, err := time.Parse(time.DateOnly, "2024-"+n.Value) // 2024 is a leap year, so 29 February is valid
	if err != nil {
		c.Malformed(n, "day")
		return 0, false
	}
	return calendar.Day(int(t.Month())*100 + t.Day()), true
}

// Malformed rejects a value that does not match a definition of the schema. It ignores a missing value, which the
// schema validator reports.
func (c *Compiler) Malformed(n *Node, definition string) {
	if n == nil {
		return
	}
	c.Add(NotA(n, Title(definition)).Suggest(repaired(n, definition)))
}

// repaired returns a corrected value that the author probably meant, or "" if none is likely.
func repaired(n *Node, definition string) string {
	if _, err := time.Parse(time.DateOnly, n.Text()); err == nil && definition == "instant" {
		return n.Value + "T00:00"
	}
	if definition != "duration" {
		return ""
	}
	count, unit, ok := strings.Cut(n.Text(), " ")
	if !ok || !regexp.MustCompile(`^[0-9]{1,4}$`).MatchString(count) {
		return ""
	}
	if unit = nearest.Word(
		strings.ToLower(unit), []string{"minutes", "hours", "days", "weeks", "months", "years"},
	); unit == "" {
		return ""
	}
	return count + " " + unit
}

// usual lists common currencies, the most common first. For an invalid code, NoCurrency suggests the first currency
// that is similar.
var usual = strings.Fields(
	"EUR USD GBP JPY CHF CAD AUD NZD SEK NOK DKK PLN CZK HUF RON TRY CNY INR KRW SGD HKD BRL MXN ZAR",
)

// Currency rejects a code that is not an ISO 4217 code. It reports the problem at the node n.
func (c *Compiler) Currency(n *Node, code string) bool {
	if _, ok := loyalty.Currency(code).Exponent(); ok {
		return true
	}
	c.Add(NoCurrency(At(n, "%q is not a currency (ISO 4217)", Clip(code)), code))
	return false
}

// NoCurrency adds a suggestion to the problem of an invalid currency code. It suggests the code in capitals. If that is
// no currency code either, it suggests a similar common one.
func NoCurrency(p Problem, code string) Problem {
	upper := strings.ToUpper(code)
	if _, ok := loyalty.Currency(upper).Exponent(); ok {
		return p.Suggest(upper)
	}
	return p.Suggest(nearest.Word(upper, usual))
}

// Unique rejects an ID that an earlier entry of the same list already has.
func (c *Compiler) Unique(entries []*Node) {
	seen := map[string]int{}
	for _, e := range entries {
		id := e.Get("id")
		if id.Text() == "" {
			continue
		}
		if line, ok := seen[id.Value]; ok {
			c.Add(At(id, "%q is already the id of the entry on line %d", Clip(id.Value), line))
			continue
		}
		seen[id.Value] = id.Line
	}
}
