// Package wording contains the texts of messages: one text for every trigger, channel and language, and the texts of
// gift messages.
//
// Messages state exact days and use correct plurals. Every trigger has a text in every language, even if facts are
// missing. Text from members and merchants is escaped for its context and cannot end a header line. There are
// deliberately no templates by merchants. A merchant that wants other texts uses the channels push or webhook, which
// contain the facts as fields, or a reminder with a text.
//
// The package is separate from notify so that functions that only read links do not contain two template engines.
package wording

import (
	"embed"
	"fmt"
	html "html/template"
	"strings"
	"sync"
	text "text/template"
	"time"
	"unicode"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/notify"
)

//go:embed templates
var files embed.FS

// A set contains the templates of one language. The templates for text and HTML have the same sentences. The package
// html/template escapes values for their context; plain text needs no escaping.
type set struct {
	text  *text.Template
	pages map[loyalty.Trigger]*html.Template
	gift  *html.Template
}

// sets parses the templates when the first message is written. Functions that write no message therefore do not spend
// time on this.
var sets = sync.OnceValue(func() map[string]set {
	out := map[string]set{}
	for i := range languages {
		l := &languages[i]
		functions := map[string]any{"pl": l.plural}
		own := "templates/" + l.tag + ".tmpl"
		all := html.Must(
			html.New(l.tag).Funcs(functions).ParseFS(files, "templates/layout.html", "templates/gift.html", own),
		)
		out[l.tag] = set{
			text.Must(
				text.New(l.tag).Funcs(functions).ParseFS(files, "templates/layout.txt", "templates/gift.txt", own),
			),
			pages(all), html.Must(all.Clone()),
		}
	}
	return out
})

// pages returns one HTML template for each trigger. Each is parsed separately, because html/template must know the
// context of a sentence before it can escape the values in it.
func pages(all *html.Template) map[loyalty.Trigger]*html.Template {
	out := map[loyalty.Trigger]*html.Template{}
	for _, on := range remind.Triggers() {
		page := html.Must(all.Clone())
		for _, part := range []string{"/subject", "/body"} {
			html.Must(page.AddParseTree("this"+part, all.Lookup(string(on)+part).Tree.Copy()))
		}
		out[on] = page
	}
	return out
}

// A view contains the data for templates: formatted values, and numbers that select singular or plural.
type view struct {
	Trigger     string
	Language    string
	Program     string
	Name        string // the member's name; may be empty
	Points      string
	N           int64
	Lots        []lotView
	Reward      string
	Named       bool // true if the reward has a name in the program
	Level       string
	Missing     string
	MissingN    int64
	Before      string // the deadline for the missing amounts, if it is before the end of the level
	Day         string // the last day; or the day and the time of the end, if the end is on the current day
	Whole       bool   // true if the last day is valid until midnight
	Code        string
	Order       string
	Ordered     bool
	Years       int64
	Title, Body string // the merchant's own texts
	Said        string // the body as one line, for text messages
	Marketing   bool
	Unsubscribe string
}

type lotView struct {
	Points, Day string
	Whole       bool
}

// maxShort is the maximum number of characters of a text message in SNS. Even the longest text with its link has fewer.
const maxShort = 1600

// Words returns the texts of a message for a notice. The argument link is the address with which the member withdraws
// the consent. Words implements notify.Dispatcher.Words.
func Words(p *loyalty.Program, who notify.Person, n remind.News, link string) (notify.Words, error) {
	l := languageOf(who.Locale)
	w, v := notify.Words{Language: l.tag}, viewOf(p, l, who, n)
	v.Unsubscribe = link
	subject, err := l.say(v, string(n.On)+"/subject")
	if err != nil {
		return w, err
	}
	if v.Said, err = l.say(v, string(n.On)+"/body"); err != nil {
		return w, err
	}
	w.Subject, v.Said = line(subject, 150), line(v.Said, 1000)
	switch n.Channel {
	case loyalty.Email:
		if w.Text, err = l.say(v, "layout.txt"); err != nil {
			return w, err
		}
		w.HTML, err = l.page(v)
	case loyalty.SMS:
		w.Subject = ""
		w.Text, err = l.say(v, "short")
		w.Text = line(w.Text, maxShort)
	default:
		w.Text = v.Said
	}
	return w, err
}

func (l *language) say(v any, name string) (string, error) {
	var b strings.Builder
	if err := sets()[l.tag].text.ExecuteTemplate(&b, name, v); err != nil {
		return "", fmt.Errorf("wording: %s in %s: %w", name, l.tag, err)
	}
	return strings.TrimSpace(b.String()), nil
}

// page returns the complete message as HTML.
func (l *language) page(v view) (string, error) {
	var b strings.Builder
	if err := sets()[l.tag].pages[loyalty.Trigger(v.Trigger)].ExecuteTemplate(&b, "layout.html", v); err != nil {
		return "", fmt.Errorf("wording: %s in %s: %w", v.Trigger, l.tag, err)
	}
	return b.String(), nil
}

func viewOf(p *loyalty.Program, l *language, who notify.Person, n remind.News) view {
	v := view{
		Trigger: string(n.On), Language: l.tag, Program: line(p.Name.In(l.tag), 100), Name: line(who.Name, 100),
		Points: l.points(p, n.Points), N: int64(n.Points), Code: line(n.Code, 100), Order: line(n.Order, 130),
		Ordered: n.Ordered,
		Years:   int64(n.Years), Marketing: n.Purpose == loyalty.Marketing,
	}
	if v.Day, v.Whole = l.last(n.Until, n); n.On == loyalty.BeforeHold {
		// The points of a reservation become available at the exact instant of its expiry, so the text states the time.
		v.Day = l.moment(n.Until, n.Zone, true)
	}
	for _, lot := range n.Lots {
		day, whole := l.last(lot.Expires.End(p.Zone), n)
		v.Lots = append(v.Lots, lotView{l.points(p, lot.Points), day, whole})
	}
	v.Reward, v.Named = l.rewardOf(p, n.Reward)
	v.Level = line(n.Level, 100)
	if level, _, ok := p.Tiers.Level(n.Level); ok && level.Name != nil {
		v.Level = line(level.Name.In(l.tag), 200)
	}
	v.Missing, v.MissingN = l.missing(p, n), n.Missing
	if len(n.Others) > 0 {
		v.MissingN = many
	}
	if n.On == loyalty.BeforeTier && n.Before.Before(n.Until) {
		v.Before, _ = l.last(n.Before, n)
	}
	for _, r := range p.Reminders.Messages {
		if r.ID == n.Reminder {
			v.Title, v.Body = line(r.Title.In(l.tag), 200), line(r.Body.In(l.tag), 1000)
		}
	}
	return v
}

// last formats the end of a validity as the last full day in the member's time zone, and returns true. If the end is on
// the current day, it formats the day and the time, and returns false. For the zero instant, it returns "" and true.
func (l *language) last(until time.Time, n remind.News) (words string, whole bool) {
	if until.IsZero() {
		return "", true
	}
	if day, ok := calendar.LastDay(until, n.At, n.Zone); ok {
		return l.day(day), true
	}
	return l.moment(until, n.Zone, false), false
}

// rewardOf returns the name of a reward in the program, and reports whether there is one. If not, it returns a general
// word instead of the ID, because members do not know the ID.
func (l *language) rewardOf(p *loyalty.Program, id string) (words string, named bool) {
	if id == redeem.PayReward {
		return l.payment, true
	}
	r, _ := redeem.FindReward(p.Rewards, id)
	if name := line(r.Name.In(l.tag), 200); name != "" {
		return name, true
	}
	return l.reward, false
}

// many is a number that selects the plural. It is used for lists of several items.
const many = 5

// missing formats the amounts that the member still needs: points, or an amount of each metric of the program's levels.
func (l *language) missing(p *loyalty.Program, n remind.News) string {
	if n.Level == "" {
		return l.points(p, loyalty.Points(n.Missing))
	}
	words := l.measured(p, n.By, n.Missing)
	for _, g := range n.Others {
		words += " + " + l.measured(p, g.By, g.Missing())
	}
	return words
}

func (l *language) measured(p *loyalty.Program, by loyalty.Measure, n int64) string {
	if by == loyalty.BySpend {
		return l.money(loyalty.Money{Amount: n, Currency: p.Tiers.Currency})
	}
	if words, ok := things[by]; ok {
		return l.number(n) + " " + l.plural(n, words[l.tag][0], words[l.tag][1])
	}
	return l.points(p, loyalty.Points(n))
}

// things contains the singular and plural nouns for metrics by language. Points and money are formatted elsewhere.
var things = map[loyalty.Measure]map[string][2]string{
	loyalty.ByOrders: {
		"en": {"order", "orders"}, "de": {"Bestellung", "Bestellungen"}, "es": {"pedido", "pedidos"},
		"fr": {"commande", "commandes"}, "tr": {"sipariş", "sipariş"},
	},
	loyalty.ByQualifyingItems: {
		"en": {"item", "items"}, "de": {"Artikel", "Artikel"}, "es": {"artículo", "artículos"},
		"fr": {"article", "articles"}, "tr": {"ürün", "ürün"},
	},
	loyalty.ByVisits: {
		"en": {"visit", "visits"}, "de": {"Besuch", "Besuche"}, "es": {"visita", "visitas"},
		"fr": {"visite", "visites"}, "tr": {"ziyaret", "ziyaret"},
	},
	loyalty.ByBrands: {
		"en": {"brand", "brands"}, "de": {"Marke", "Marken"}, "es": {"marca", "marcas"},
		"fr": {"marque", "marques"}, "tr": {"marka", "marka"},
	},
}

// line returns a text as one line that cannot end a header line or control a terminal: nonprintable characters become
// spaces, and a long text is truncated.
func line(s string, most int) string {
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, " "))), " ")
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return s
}
