package payments

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// A pager is a provider whose API has the given pages. After the last one, it returns the last page again.
type pager struct {
	webhook.Provider
	pages []webhook.Page
	asked []string // the cursors
}

func (p *pager) List(_ context.Context, _ time.Time, cursor string) (webhook.Page, error) {
	p.asked = append(p.asked, cursor)
	if len(p.asked) > 10 {
		return webhook.Page{}, errors.New("the list does not end")
	}
	return p.pages[min(len(p.asked), len(p.pages))-1], nil
}

// receiver returns a receiver with one connection, which logs to a buffer.
func receiver(con *connection) (*Receiver, *bytes.Buffer) {
	var log bytes.Buffer
	a := &app.App{Log: slog.New(slog.NewJSONHandler(&log, nil)), Now: func() time.Time { return at12 }}
	all := connections{"corner": {app.Stripe: con}}
	return &Receiver{
		app: a, connections: app.NewRefreshed(a, "webhooks", all, nil),
		email: func(program, email string) stored.Identity {
			return stored.Identity{Kind: "email", Value: program + " " + email}
		},
		fingerprint: digest,
	}, &log
}

// digest takes the place of a keyed hash.
func digest(_ string, content []byte) string { return webhook.Digest(content) }

// A backfill ends at the last page, or if the provider returns the same cursor again.
func TestBackfillEnds(t *testing.T) {
	for _, c := range []struct {
		name  string
		pages []webhook.Page
		asked []string
	}{
		{"one page", []webhook.Page{{}}, []string{""}},
		{"two pages", []webhook.Page{{Next: "a"}, {}}, []string{"", "a"}},
		{"three pages", []webhook.Page{{Next: "a"}, {Next: "b"}, {}}, []string{"", "a", "b"}},
		{"the same cursor again", []webhook.Page{{Next: "a"}}, []string{"", "a"}},
	} {
		p := &pager{pages: c.pages}
		r, _ := receiver(&connection{Provider: p, settings: app.Processor{APISecret: "secret"}})
		_, err := r.Backfill(t.Context(), "corner", app.Stripe, at12)
		if err != nil || !slices.Equal(p.asked, c.asked) {
			t.Errorf("%s: asked for %q, %v", c.name, p.asked, err)
		}
	}
	for _, con := range []*connection{
		{Provider: &pager{}},
		{Provider: struct{ webhook.Provider }{}, settings: app.Processor{APISecret: "secret"}},
	} {
		r, _ := receiver(con)
		if _, err := r.Backfill(t.Context(), "corner", app.Stripe, at12); err == nil {
			t.Errorf("%T: a provider that cannot list events", con.Provider)
		}
		if _, err := r.Backfill(t.Context(), "other", app.Stripe, at12); err == nil {
			t.Error("a program that is not connected")
		}
	}
}

// The mark of an event depends on its content: on what it reports, or on the body if that cannot be encoded or used.
func TestMarkOfADelivery(t *testing.T) {
	report := func(payment string) *webhook.Report {
		return &webhook.Report{Report: service.Report{Payment: payment}}
	}
	con := &connection{program: "corner", provider: app.Stripe}
	r, _ := receiver(con)
	mark := func(body string, e webhook.Event, usable bool) string {
		d, _ := r.delivery(con, arrival{Message: webhook.Message{Body: []byte(body)}, at: at12}, e, usable)
		return d.Mark
	}
	for _, c := range []struct {
		name   string
		x, y   *webhook.Report
		usable bool
		same   bool // whether the marks of two different bodies are equal
	}{
		{"the same report", report("a"), report("a"), true, true},
		{"another report", report("a"), report("b"), true, false},
		{"no report", nil, nil, true, true},
		{"a report that cannot be encoded", report("\xff"), report("\xff"), true, false},
		{"an event that cannot be used", report("a"), report("a"), false, false},
	} {
		x := mark("x", webhook.Event{ID: "evt", Report: c.x}, c.usable)
		y := mark("y", webhook.Event{ID: "evt", Report: c.y}, c.usable)
		if (x == y) != c.same {
			t.Errorf("%s: the marks are %s and %s", c.name, x, y)
		}
		if other := mark("x", webhook.Event{ID: "evt", Type: "t", Report: c.x}, c.usable); other == x {
			t.Errorf("%s: another type has the same mark", c.name)
		}
		given := mark("x", webhook.Event{ID: "evt", Mark: "m", Report: c.x}, c.usable)
		if given != webhook.Digest([]byte("m")) {
			t.Errorf("%s: the mark of the provider becomes %s", c.name, given)
		}
	}
}

// Facts without a time have the time of arrival, and facts that were read back have the clock of the reading.
func TestFactsOfADelivery(t *testing.T) {
	con := &connection{program: "corner", provider: app.Stripe}
	r, _ := receiver(con)
	for _, clock := range []int64{0, 7} {
		facts := []loyalty.Fact{{ID: "a", Clock: 3}, {ID: "b", Clock: 3, At: at12.Add(-time.Hour)}}
		e := webhook.Event{Report: &webhook.Report{Report: service.Report{Facts: facts}, Address: "ada@shop.test"}}
		d, report := r.delivery(
			con,
			arrival{Message: webhook.Message{Body: []byte("x")}, at: at12, clock: clock},
			e,
			true,
		)
		want := max(3, clock)
		if f := report.Facts; !f[0].At.Equal(at12) || !f[1].At.Equal(at12.Add(-time.Hour)) || f[0].Clock != want ||
			f[1].Clock != want {
			t.Errorf("clock %d: %+v", clock, f)
		}
		if report.Email != "corner ada@shop.test" || d.Event != "body-"+webhook.Digest([]byte("x")) {
			t.Errorf("%+v, %+v", d, report)
		}
	}
}

// Only internal errors are logged with their text.
func TestErrorsThatAreLogged(t *testing.T) {
	for payload, c := range map[string]struct {
		status string
		logged bool
	}{
		`{`: {"500", true},
		`{"pathParameters":{"program":"corner","provider":"other"}}`:                                    {"404", false},
		`{"pathParameters":{"program":"other","provider":"stripe"}}`:                                    {"503", false},
		`{"pathParameters":{"program":"corner","provider":"stripe"},"isBase64Encoded":true,"body":"*"}`: {"400", false},
	} {
		r, log := receiver(&connection{})
		answer, err := webhooks{r}.Invoke(t.Context(), []byte(payload))
		if err != nil || !strings.Contains(string(answer), `"statusCode":`+c.status) {
			t.Errorf("%s: %s, %v", payload, answer, err)
		}
		if got := strings.Contains(log.String(), "request failed"); got != c.logged {
			t.Errorf("%s: the log is %s", payload, log)
		}
	}
}
