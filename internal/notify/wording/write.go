// Package wording is what messages say: a text for every trigger, channel and language, and the letter with a gift card.
//
// It promises that a message names days instead of "soon" and has the right plural, that every trigger has a text in
// every language, whatever is missing, and that what comes from people is escaped where it stands and never ends a line
// of a header. It deliberately has no templates of merchants: those who word messages themselves take push or webhook,
// which carry the facts as fields, or plan a reminder with a text.
//
// It is apart from notify so that whoever only reads a link does not link two template engines.
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
	"github.com/perennial-loyalty/perennial/internal/notify"
)

//go:embed templates
var files embed.FS

// A set is the templates of one language. The sentences are the same for both: html/template escapes what is put into
// them where it stands, and a text has nothing to escape.
type set struct {
	text  *text.Template
	pages map[loyalty.Trigger]*html.Template
	gift  *html.Template
}

// sets parses the templates when the first message is written: a function that only answers pays nothing for them.
var sets = sync.OnceValue(func() map[string]set {
	out := map[string]set{}
	for i := range languages {
		l := &languages[i]
		functions := map[string]any{"pl": l.plural}
		own := "templates/" + l.tag + ".tmpl"
		all := html.Must(html.New(l.tag).Funcs(functions).ParseFS(files, "templates/layout.html", "templates/gift.html", own))
		out[l.tag] = set{
			text.Must(text.New(l.tag).Funcs(functions).ParseFS(files, "templates/layout.txt", "templates/gift.txt", own)),
			pages(all), html.Must(all.Clone()),
		}
	}
	return out
})

// pages is a layout for each trigger: html/template wants to know which sentence stands where before it can escape what
// is in it.
func pages(all *html.Template) map[loyalty.Trigger]*html.Template {
	out := map[loyalty.Trigger]*html.Template{}
	for _, on := range loyalty.Triggers() {
		page := html.Must(all.Clone())
		for _, part := range []string{"/subject", "/body"} {
			html.Must(page.AddParseTree("this"+part, all.Lookup(string(on)+part).Tree.Copy()))
		}
		out[on] = page
	}
	return out
}

// A view is what templates see: finished words, and numbers for their plurals.
type view struct {
	Trigger     string
	Language    string
	Program     string
	Name        string // of the member; may be empty
	Points      string
	N           int64
	Lots        []lotView
	Reward      string
	Named       bool // the reward is
	Level       string
	Missing     string
	MissingN    int64
	Before      string // until when what is missing must be there, if it is not when the level ends
	Day         string // the last one, or the day and the time of the end
	Whole       bool   // the day is, to its end
	Code        string
	Order       string
	Ordered     bool
	Years       int64
	Title, Body string // of what the merchant words
	Said        string // the body, for texts
	Marketing   bool
	Unsubscribe string
}

type lotView struct {
	Points, Day string
	Whole       bool
}

// maxShort is how many characters SNS takes of one text message. The longest words with their link are shorter.
const maxShort = 1600

// Words makes the words of a notice; link is where its member takes back the consent. It is notify.Office's Words.
func Words(p *loyalty.Program, who notify.Person, n loyalty.News, link string) (notify.Words, error) {
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

// page is the message as HTML.
func (l *language) page(v view) (string, error) {
	var b strings.Builder
	if err := sets()[l.tag].pages[loyalty.Trigger(v.Trigger)].ExecuteTemplate(&b, "layout.html", v); err != nil {
		return "", fmt.Errorf("wording: %s in %s: %w", v.Trigger, l.tag, err)
	}
	return b.String(), nil
}

func viewOf(p *loyalty.Program, l *language, who notify.Person, n loyalty.News) view {
	v := view{
		Trigger: string(n.On), Language: l.tag, Program: line(p.Name.In(l.tag), 100), Name: line(who.Name, 100),
		Points: l.points(p, n.Points), N: int64(n.Points), Code: line(n.Code, 100), Order: line(n.Order, 130), Ordered: n.Ordered,
		Years: int64(n.Years), Marketing: n.Purpose == loyalty.Marketing,
	}
	if v.Day, v.Whole = l.last(n.Until, n); n.On == loyalty.BeforeHold {
		v.Day = l.moment(n.Until, n.Zone, true) // what comes back then must not be looked for before
	}
	for _, lot := range n.Lots {
		day, whole := l.last(lot.Expires.End(p.Zone), n)
		v.Lots = append(v.Lots, lotView{l.points(p, lot.Points), day, whole})
	}
	v.Reward, v.Named = l.rewardOf(p, n.Reward)
	v.Level = line(n.Level, 100)
	if level, _, ok := p.Level(n.Level); ok && level.Name != nil {
		v.Level = line(level.Name.In(l.tag), 200)
	}
	v.Missing, v.MissingN = l.missing(p, n), n.Missing
	if len(n.Besides) > 0 {
		v.MissingN = many
	}
	if n.On == loyalty.BeforeTier && n.Before.Before(n.Until) {
		v.Before, _ = l.last(n.Before, n)
	}
	for _, r := range p.Reminders.Send {
		if r.ID == n.Reminder {
			v.Title, v.Body = line(r.Title.In(l.tag), 200), line(r.Body.In(l.tag), 1000)
		}
	}
	return v
}

// last writes until when the member has something that ends at an instant: the last day that is whole where the member
// lives, or, where it ends within today, the day with the time. Nothing for the zero instant.
func (l *language) last(until time.Time, n loyalty.News) (words string, whole bool) {
	if until.IsZero() {
		return "", true
	}
	if day, ok := loyalty.LastDay(until, n.At, n.Zone); ok {
		return l.day(day), true
	}
	return l.moment(until, n.Zone, false), false
}

// rewardOf is what the program calls a reward, and a word for any where it does not: an id means nothing to a member.
func (l *language) rewardOf(p *loyalty.Program, id string) (words string, named bool) {
	if id == loyalty.PayReward {
		return l.payment, true
	}
	r, _ := p.Reward(id)
	if name := line(r.Name.In(l.tag), 200); name != "" {
		return name, true
	}
	return l.reward, false
}

// many is a number whose words stand in the plural: several things are.
const many = 5

// missing writes how much is missing: points, or what the program's levels are measured by, all of it.
func (l *language) missing(p *loyalty.Program, n loyalty.News) string {
	if n.Level == "" {
		return l.points(p, loyalty.Points(n.Missing))
	}
	words := l.measured(p, n.By, n.Missing)
	for _, g := range n.Besides {
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

// things is what is counted beside points and money, one and many, by language.
var things = map[loyalty.Measure]map[string][2]string{
	loyalty.ByOrders: {
		"en": {"order", "orders"}, "de": {"Bestellung", "Bestellungen"}, "es": {"pedido", "pedidos"},
		"fr": {"commande", "commandes"}, "tr": {"sipariş", "sipariş"},
	},
	loyalty.ByElements: {
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

// line is a text as one line that cannot end a header or turn a terminal around: what is no printable character becomes
// a space, and it ends where it is too long.
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
