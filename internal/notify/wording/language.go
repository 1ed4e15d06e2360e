package wording

import (
	"strconv"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// A language contains the rules and words of one language that are not in the templates.
type language struct {
	tag     string
	group   string // the thousands separator
	decimal string
	months  [12]string
	date    func(day int, month string, year int) string
	single  func(n int64) bool // reports whether a noun is singular after the number n
	reward  string             // a general word for a reward without a name
	payment string             // the name for a payment of an order with points
}

func one(n int64) bool { return n == 1 || n == -1 }

func spaced(day int, month string, year int) string {
	return strconv.Itoa(day) + " " + month + " " + strconv.Itoa(year)
}

// languages contains the languages in which all texts exist. The first one is the default. The plural rules are those
// of Unicode's CLDR: in French, nouns are singular after zero and one, and in Turkish, nouns are always singular after
// a number.
var languages = []language{
	{
		tag: "en", group: ",", decimal: ".", date: spaced, single: one,
		reward: "a reward", payment: "the payment of your order",
		months: [...]string{
			"January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
			"November", "December",
		},
	},
	{
		tag: "de", group: ".", decimal: ",", single: one,
		date: func(day int, month string, year int) string {
			return strconv.Itoa(day) + ". " + month + " " + strconv.Itoa(year)
		},
		reward: "eine Prämie", payment: "die Bezahlung Ihrer Bestellung",
		months: [...]string{
			"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
			"Dezember",
		},
	},
	{
		tag: "es", group: ".", decimal: ",", single: one,
		date: func(day int, month string, year int) string {
			return strconv.Itoa(day) + " de " + month + " de " + strconv.Itoa(year)
		},
		reward: "una recompensa", payment: "el pago de su pedido",
		months: [...]string{
			"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre",
			"noviembre", "diciembre",
		},
	},
	{
		tag: "fr", group: "\u202f", decimal: ",", single: func(n int64) bool { return n >= -1 && n <= 1 },
		date: func(day int, month string, year int) string {
			if day == 1 {
				return "1er " + month + " " + strconv.Itoa(year)
			}
			return spaced(day, month, year)
		},
		reward: "une récompense", payment: "le paiement de votre commande",
		months: [...]string{
			"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
			"novembre", "décembre",
		},
	},
	{
		tag: "tr", group: ".", decimal: ",", date: spaced, single: func(int64) bool { return true },
		reward: "bir ödül", payment: "siparişinizin ödemesi",
		months: [...]string{
			"Ocak", "Şubat", "Mart", "Nisan", "Mayıs", "Haziran", "Temmuz", "Ağustos", "Eylül", "Ekim", "Kasım",
			"Aralık",
		},
	},
}

// languageOf returns the language of a locale, such as German for "de-AT". The default is English.
func languageOf(locale string) *language {
	tag, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(locale), "_", "-"), "-")
	for i := range languages {
		if languages[i].tag == tag {
			return &languages[i]
		}
	}
	return &languages[0]
}

// number formats an integer with thousands separators.
func (l *language) number(n int64) string {
	digits, sign := strconv.FormatInt(n, 10), ""
	if n < 0 {
		digits, sign = digits[1:], "-"
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + l.group + digits[i:]
	}
	return sign + digits
}

// day formats a date with the name of the month. It returns "" for the zero date.
func (l *language) day(d calendar.Date) string {
	if d = d.Day(); d == 0 {
		return ""
	}
	return l.date(int(d)%100, l.months[int(d)/100%100-1], int(d)/10000)
}

// points formats a number of points with the program's name for points.
func (l *language) points(p *loyalty.Program, n loyalty.Points) string {
	words := p.Unit.Other
	if l.single(int64(n)) {
		words = p.Unit.One
	}
	unit := words.In(l.tag)
	if unit == "" {
		unit = map[bool]string{true: "point", false: "points"}[l.single(int64(n))]
	}
	return l.number(int64(n)) + " " + unit
}

// money formats an amount with its currency code.
func (l *language) money(m loyalty.Money) string {
	whole, rest, _ := strings.Cut(m.Decimal(), ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return m.String()
	}
	text := l.number(n)
	if rest != "" {
		text += l.decimal + rest
	}
	return text + " " + string(m.Currency)
}

// plural returns the first form of a word if nouns are singular after the number n in this language, and otherwise the
// second form.
func (l *language) plural(n int64, singular, others string) string {
	if l.single(n) {
		return singular
	}
	return others
}
