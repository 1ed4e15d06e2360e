package explain

import (
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// decimals is the maximum number of decimal places that are usually shown.
const decimals = 4

// figures states how a number is formatted.
type figures struct {
	least int  // the minimum number of decimal places
	exact bool // whether all decimal places are shown
	plus  bool // whether a plus sign is shown before positive numbers
}

// write formats a decimal ("-1234.5") or a fraction ("2999/110") exactly, in the format of the language. If the number
// has more decimals than are shown, it is rounded half away from zero and marked as approximate. Text that is not a
// number is returned unchanged.
func (l *language) write(digits string, f figures) value {
	text, positive, about := plain(digits, f.least), digits[:min(1, len(digits))] != "-", false
	if text == "" {
		r, ok := new(big.Rat).SetString(digits)
		if !ok {
			return value{text: digits}
		}
		positive = r.Sign() > 0
		text, about = rounded(r, f)
	}
	v := value{number: several}
	if strings.TrimPrefix(text, "-") == "1" {
		v.number = one
	}
	text = l.grouped(text)
	if f.plus && positive {
		text = "+" + text
	}
	if v.text = text; about {
		v.text = l.phrase("about", values{"n": {text: text}})
	}
	return v
}

// rounded formats a number with a fixed decimal point, and reports whether it was rounded.
func rounded(r *big.Rat, f figures) (text string, about bool) {
	places, ends := r.FloatPrec()
	if about = !ends || places > max(decimals, f.least) && !f.exact; !about {
		return r.FloatString(max(places, f.least)), false
	}
	return trim(r.FloatString(max(decimals, f.least)), f.least), true
}

// plain formats a decimal in the same way as rounded, but faster. It returns an empty text for decimals below 1, for
// those with many decimal places, and for other numbers.
func plain(digits string, least int) string {
	whole, fraction, point := strings.Cut(strings.TrimPrefix(digits, "-"), ".")
	if whole == "" || whole[0] == '0' || point && fraction == "" || max(len(fraction), least) > decimals ||
		strings.Trim(whole, "0123456789") != "" || strings.Trim(fraction, "0123456789") != "" {
		return ""
	}
	text := trim(digits, least)
	if least > 0 && !point {
		text += "."
	}
	return text + "0000"[:max(0, least-len(fraction))]
}

// trim removes trailing zeros after the decimal point, but leaves at least the given number of digits there.
func trim(text string, least int) string {
	whole, fraction, _ := strings.Cut(text, ".")
	for len(fraction) > least && fraction[len(fraction)-1] == '0' {
		fraction = fraction[:len(fraction)-1]
	}
	if fraction != "" {
		return whole + "." + fraction
	}
	if whole == "-0" {
		return "0"
	}
	return whole
}

// grouped inserts the separators of the language into a decimal number, as in "1,234.50".
func (l *language) grouped(text string) string {
	rest, negative := strings.CutPrefix(text, "-")
	whole, fraction, _ := strings.Cut(rest, ".")
	var out strings.Builder
	if negative {
		out.WriteByte('-')
	}
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			out.WriteString(l.group)
		}
		out.WriteRune(digit)
	}
	if fraction != "" {
		out.WriteString(l.decimal + fraction)
	}
	return out.String()
}

// money formats an amount such as "29.99 EUR". It shows at least as many decimals as the currency has. An amount
// without a currency is formatted as a number.
func (l *language) money(amount string, f figures) value {
	number, code, found := strings.Cut(amount, " ")
	if !found {
		return l.write(amount, f)
	}
	f.least, _ = loyalty.Currency(code).Exponent()
	return value{text: l.write(number, f).text + " " + code}
}

func (l *language) date(d calendar.Date) string {
	day := int(d.Day())
	month := day / 100 % 100
	if month < 1 || month > len(l.months) {
		return d.String()
	}
	return l.phrase("date", values{
		"day":   {text: strconv.Itoa(day % 100)},
		"month": {text: l.months[month-1]},
		"year":  {text: strconv.Itoa(day / 10000)},
	})
}

// day returns the date of an instant in the program's time zone.
func (s namer) day(t time.Time) string { return s.date(calendar.DateOf(t, s.p.Zone)) }

// instant returns the date and the time of day in the program's time zone.
func (s namer) instant(t time.Time) string {
	return s.phrase("instant", values{"date": {text: s.day(t)}, "time": {text: t.In(s.p.Zone).Format("15:04")}})
}
