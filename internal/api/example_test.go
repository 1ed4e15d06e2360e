package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"

	_ "github.com/perennial-loyalty/perennial/internal/api" // the stack serves it
	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/local"
	"github.com/perennial-loyalty/perennial/internal/program"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// A server of a shop enrolls a member and sends an order. The points are pending for 14 days, the shop's return window
// in the program file, and then active.
func Example() {
	shop := open(program.Demo())

	shop.call("POST", "/v1/members", `{"external_id": "ada", "email": "ada@example.com", "locale": "en"}`,
		"balance.active")
	shop.call("PUT",
		"/v1/orders/1042", `{"member": "external:ada", "placed_at": "2026-12-01T09:58:00Z", "currency": "EUR",
		"status": "paid", "line_items": [{"id": "1", "category": "coffee-beans", "quantity": 2, "amount": 2999}]}`,
		"points", "entries.0.reasons.0", "entries.0.reasons.1", "entries.0.reasons.2", "balance")
	shop.advance("15d")
	shop.call("GET", "/v1/members/external:ada", "", "balance", "tier.level")

	// Output:
	// balance.active: 50
	// points: 59
	// entries.0.reasons.0: {"rule":"earn.purchase","effect":"29.99 EUR x 1 per 1.00","points":"29.99"}
	// entries.0.reasons.1: {"rule":"earn.categories.beans-x2","effect":"29.99 EUR x 2","points":"29.99"}
	// entries.0.reasons.2: {"rule":"rounding","effect":"down","points":"-0.98"}
	// balance: {"active":50,"pending":59,"reserved":0,"debt":0}
	// balance: {"active":109,"pending":0,"reserved":0,"debt":0}
	// tier.level: "bronze"
}

// minimal is a program file to which examples append sections.
const minimal = `version: 1
program: corner
name: The Corner Shop
points: { one: point, other: points }
timezone: Europe/Berlin
earn:
  purchase:
    rates: { EUR: 1 per 1.00 }
    pending: 0 days
    expires: { after: 30 days, round_to: end_of_day }
`

// A shop calls the API of a stack in memory, like the server of a merchant. The clock is frozen at 10:00 UTC on
// 1 December 2026 until it is advanced.
type shop struct {
	stack *local.Stack
	key   string // API key
	sent  int    // number of requests

	idempotencyKey string // of the next requests; if empty, each request has its own
	client         string // the header Perennial-Client of the next requests; may be empty
}

// open starts a stack that serves a program file with the given parts.
func open(parts ...any) *shop {
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	var source []byte
	for _, part := range parts {
		source = fmt.Appendf(source, "%s", part)
	}
	compiled, problems := program.Compile(source)
	must(problems.Err())
	tab, err := pebbletable.OpenMemory()
	must(err)
	clock := local.NewClock(time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC))
	stack, err := local.New(local.Options{
		Table: tab, Clock: clock, Log: slog.New(slog.DiscardHandler), Processors: local.Processors(compiled.ID),
	})
	must(err)
	ctx := context.Background()
	_, _, err = stack.App.Programs.Publish(ctx, app.Publication{Program: compiled, Source: source, By: "examples"})
	must(err)
	key, _, err := stack.App.Keys.Create(ctx, compiled.ID, auth.Admin)
	must(err)
	return &shop{stack: stack, key: key}
}

// call sends a request and prints the named fields of the response. A field has a dotted path, such as
// entries.0.points. If the request is rejected, call prints the status, the code and the detail.
func (s *shop) call(method, path, body string, fields ...string) response {
	s.sent++
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+s.key)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", s.idempotencyKey)
	if s.idempotencyKey == "" {
		r.Header.Set("Idempotency-Key", "request-number-"+strconv.Itoa(s.sent))
	}
	if s.client != "" {
		r.Header.Set("Perennial-Client", s.client)
	}
	w := httptest.NewRecorder()
	s.stack.ServeHTTP(w, r)
	answer := response(w.Body.Bytes())
	if w.Code >= 400 {
		fmt.Printf("%d %s: %s\n", w.Code, answer.text("code"), answer.text("detail"))
	}
	for _, field := range fields {
		answer.print(field)
	}
	return answer
}

// enroll enrolls a member with an external ID.
func (s *shop) enroll(name string) { s.call("POST", "/v1/members", `{"external_id": "`+name+`"}`) }

// grant gives points to a member.
func (s *shop) grant(name string, points int) {
	s.call(
		"POST", "/v1/members/external:"+name+"/adjustments",
		fmt.Sprintf(`{"points": %d, "reason": "example"}`, points),
	)
}

// advance moves the clock forward, by 14d or 36h for example. Points that become active or expire in that time do so at
// their own instants, and due messages are sent.
func (s *shop) advance(by string) {
	d, err := local.ParseAdvance(by)
	if err == nil {
		err = s.stack.Advance(context.Background(), d)
	}
	if err != nil {
		panic(err)
	}
}

// printOutbox prints the messages that the stack would have sent: the subject and the first paragraph.
func (s *shop) printOutbox() {
	for _, m := range s.stack.Outbox.Messages() {
		fmt.Printf("%s to %s: %s\n%s\n", m.Channel, m.To, m.Subject, strings.Split(m.Text, "\n\n")[1])
	}
}

// A response is a JSON document of the API.
type response []byte

// field returns the JSON at a dotted path, or nil if the response has no such field.
func (r response) field(path string) json.RawMessage {
	at := json.RawMessage(r)
	for name := range strings.SplitSeq(path, ".") {
		var list []json.RawMessage
		var object map[string]json.RawMessage
		if i, err := strconv.Atoi(name); err == nil && json.Unmarshal(at, &list) == nil && i < len(list) {
			at = list[i]
		} else if json.Unmarshal(at, &object) == nil {
			at = object[name]
		} else {
			return nil
		}
	}
	return at
}

// print prints the field at a dotted path. Each element of a list is on its own line.
func (r response) print(path string) {
	field := r.field(path)
	var list []json.RawMessage
	if json.Unmarshal(field, &list) != nil || len(list) == 0 {
		fmt.Printf("%s: %s\n", path, field)
		return
	}
	fmt.Printf("%s:\n", path)
	for _, element := range list {
		fmt.Printf("  %s\n", element)
	}
}

// text returns the text at a dotted path.
func (r response) text(path string) (text string) {
	if err := json.Unmarshal(r.field(path), &text); err != nil {
		panic(err)
	}
	return text
}
