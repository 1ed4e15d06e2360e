package api

import (
	"fmt"
	"html"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
)

// A pageWords contains the texts of the page of an export in one language.
type pageWords struct {
	title, about, account, consents, referrals, messages, entries, more, none, granted, withdrawn, balance, day string
}

// wordsOfPages has the texts of the page of an export by language. A language that is not listed uses English.
var wordsOfPages = map[string]pageWords{
	"en": {
		"Your data", "Data that %s stores about you, as of %s.", "Profile", "Consents", "Referrals", "Messages",
		"Account history", "Older entries are on the next page.", "None.", "granted", "withdrawn", "Balance",
		"2 January 2006 15:04 MST",
	},
	"de": {
		"Ihre Daten", "Daten, die %s über Sie speichert. Stand: %s.", "Profil", "Einwilligungen", "Empfehlungen",
		"Nachrichten", "Kontoverlauf", "Ältere Einträge stehen auf der nächsten Seite.", "Keine.", "erteilt",
		"widerrufen", "Kontostand", "02.01.2006 15:04 MST",
	},
}

// exportPage returns an HTML page with exported data. All values are escaped, and stand only between tags.
func exportPage(x wire.MemberExport, program, language string) string {
	words, ok := wordsOfPages[language]
	if !ok {
		language, words = "en", wordsOfPages["en"]
	}
	b := pageBuilder{words: words}
	b.text("<!doctype html>\n<html lang=\"" + language + "\"><head><meta charset=\"utf-8\">" +
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">" +
		"<meta name=\"robots\" content=\"noindex\"><title>")
	b.value(words.title)
	b.text("</title></head>\n<body style=\"font-family:system-ui,sans-serif;max-width:48rem;margin:2rem auto;" +
		"padding:0 1rem\"><h1>")
	b.value(words.title)
	b.text("</h1><p>")
	b.value(fmt.Sprintf(words.about, program, x.ExportedAt.Format(words.day)))
	b.text("</p>\n")
	m, level := x.Member, ""
	if m.Tier != nil { // the program has levels
		level = m.Tier.Level
	}
	b.list(words.account, nonEmpty(
		m.ID, m.ExternalID, m.Name, m.Email, m.Phone, m.Birthday, m.Locale, m.Timezone, m.Household,
		strings.Join(m.Segments, ", "), x.ReferralCode, level,
		fmt.Sprintf("%s: %d", words.balance, m.Balance.Active),
	))
	var lines []string
	for _, c := range x.Consents.Log {
		state := words.withdrawn
		if c.Granted {
			state = words.granted
		}
		lines = append(lines, fmt.Sprintf("%s: %s, %s, %s, %s, %s",
			b.at(c.At), c.Channel, c.Purpose, state, c.Wording, c.Source))
	}
	b.list(words.consents, lines)
	lines = nil
	for _, r := range x.Referrals {
		lines = append(lines, fmt.Sprintf("%s: %s", b.at(r.At), r.Status))
	}
	b.list(words.referrals, lines)
	lines = nil
	for _, n := range x.Messages {
		lines = append(lines, fmt.Sprintf("%s: %s, %s", b.at(n.At), n.Reminder, n.Channel))
	}
	b.list(words.messages, lines)
	lines = nil
	for _, e := range x.Entries {
		sentences := append([]string{e.Explanation.Summary}, e.Explanation.Details...)
		lines = append(lines, b.at(e.At)+": "+strings.Join(sentences, " "))
	}
	b.list(words.entries, lines)
	if x.NextCursor != nil {
		b.text("<p>")
		b.value(words.more)
		b.text("</p>")
	}
	b.text("</body></html>\n")
	return b.String()
}

// A pageBuilder writes HTML.
type pageBuilder struct {
	strings.Builder
	words pageWords
}

// text writes constant markup.
func (b *pageBuilder) text(markup string) { b.WriteString(markup) }

// value writes a value between tags.
func (b *pageBuilder) value(s string) { b.WriteString(html.EscapeString(s)) }

func (b *pageBuilder) at(t time.Time) string { return t.Format(b.words.day) }

// list writes a heading with a list of values.
func (b *pageBuilder) list(heading string, values []string) {
	b.text("<h2>")
	b.value(heading)
	b.text("</h2>\n")
	if len(values) == 0 {
		b.text("<p>")
		b.value(b.words.none)
		b.text("</p>\n")
		return
	}
	b.text("<ul>")
	for _, v := range values {
		b.text("<li>")
		b.value(v)
		b.text("</li>\n")
	}
	b.text("</ul>\n")
}

func nonEmpty(values ...string) (out []string) {
	for _, v := range values {
		if v != "" {
			out = append(out, v)
		}
	}
	return out
}
