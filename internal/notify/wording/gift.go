package wording

import (
	"fmt"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/notify"
)

// A giftView contains the data for the templates of a gift message.
type giftView struct {
	Language string
	Program  string
	Name     string // the friend's name; may be empty
	Sender   string // the member's name; may be empty
	Worth    string
	Code     string
	From     string   // the first day; empty if the gift card can be used now
	Until    string   // the last day; empty if the gift card does not expire
	Message  []string // the lines of the member's text
}

// GiftWords returns the wording of the message that sends a gift card to a friend. It implements
// notify.Dispatcher.GiftWords.
func GiftWords(p *loyalty.Program, g notify.Gift) (notify.Words, error) {
	l := languageOf(g.Sender.Locale)
	v := giftView{
		Language: l.tag, Program: line(p.Name.In(l.tag), 100), Name: line(g.Name, 100),
		Sender: line(g.Sender.Name, 100),
		Worth:  l.money(g.Worth), Code: line(g.Code, 100), From: l.moment(g.From, p.Zone, false),
		Until: l.moment(g.Until, p.Zone, true),
	}
	for row := range strings.Lines(g.Message) {
		v.Message = append(v.Message, line(row, 1000))
	}
	w := notify.Words{Language: l.tag}
	subject, err := l.say(v, "gift/subject")
	if err != nil {
		return w, err
	}
	w.Subject = line(subject, 150)
	if w.Text, err = l.say(v, "gift.txt"); err != nil {
		return w, err
	}
	var page strings.Builder
	if err := sets()[l.tag].gift.ExecuteTemplate(&page, "gift.html", v); err != nil {
		return w, fmt.Errorf("wording: a gift card in %s: %w", l.tag, err)
	}
	w.HTML = page.String()
	return w, nil
}

// moment formats an instant as a day and a time. It omits the time if it is midnight. If ends is true, the instant is
// the end of a period, and midnight is formatted as the day before. It returns "" for the zero instant.
func (l *language) moment(at time.Time, zone *time.Location, ends bool) string {
	if at.IsZero() {
		return ""
	}
	at = at.In(zone)
	clock := ", " + at.Format("15:04 MST")
	if at.Equal(time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, zone)) {
		if clock = ""; ends {
			at = at.Add(-1)
		}
	}
	return l.day(calendar.DateOf(at, zone)) + clock
}
