package local

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/jobs"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/local/deployment/deploymenttest"
	"github.com/perennial-loyalty/perennial/internal/local/dynamodbapi"
	"github.com/perennial-loyalty/perennial/internal/local/gateway/gatewaytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/stack"
)

// An output collects the lines that functions write, by function.
type output struct {
	mu    sync.Mutex
	lines map[string]string
}

func (o *output) add(function string, line []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lines[function] += string(line) + "\n"
}

// of returns the lines that a function has written so far. A response may arrive before earlier lines do. After the
// Stack is closed, all lines are present.
func (o *output) of(function string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lines[function]
}

func closeStack(t *testing.T, s *Stack) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// onBinaries runs the functions' binaries, built from the sources, and collects their output.
func onBinaries(t *testing.T, out *output, changes ...func(*stack.Template)) func(*Options) {
	t.Helper()
	out.lines = map[string]string{}
	template, dir := deploymenttest.Build(t)
	for _, change := range changes {
		change(template)
	}
	return func(o *Options) {
		o.Binaries = &Binaries{Template: template, Dir: dir, Program: "bluebird", Output: out.add}
		o.Processors = Processors("bluebird")
		o.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
}

func inProcess(o *Options) { o.Processors = Processors("bluebird") }

// A client sends requests with a key.
type client struct {
	t        *testing.T
	url, key string
	sent     int
}

// send returns the response as text, without values that differ between runs.
func (c *client) send(method, path, body string, headers ...string) string {
	c.t.Helper()
	c.sent++
	all := append([]string{
		"Authorization", "Bearer " + c.key, "Content-Type", "application/json", "Idempotency-Key",
		fmt.Sprintf("the-request-number-%d", c.sent),
	}, headers...)
	given := map[string]string{}
	for i := 0; i < len(all); i += 2 {
		given[all[i]] = all[i+1]
	}
	var list []string
	for name, value := range given {
		list = append(list, name, value)
	}
	resp, answer := gatewaytest.Do(c.t, method, c.url+path, body, list...)
	var tree any
	if err := json.Unmarshal([]byte(answer), &tree); err == nil {
		withoutRequestID(tree)
		text, err := json.Marshal(tree)
		if err != nil {
			c.t.Fatal(err)
		}
		answer = string(text)
	}
	return fmt.Sprint(
		method, " ", path, " ", resp.StatusCode, " ", resp.Header.Get("Content-Type"), " ", resp.Header.Get("Allow"),
		" ", answer,
	)
}

func withoutRequestID(tree any) {
	if o, ok := tree.(map[string]any); ok {
		for _, name := range []string{"request_id", "instance"} {
			delete(o, name)
		}
	}
}

// webhook sends a signed event of the merchant's own systems with the payment of an order, with the given content
// type.
func (c *client) webhook(id, contentType string) string {
	c.t.Helper()
	agreed := Processors("bluebird")["bluebird"][app.Standard]
	e := sample.Event{
		Provider: app.Standard, Type: "payment.captured", ID: id, Payment: "pay-" + id, Order: "order-1",
		Member: "external:ada", Amount: 2000,
		Total: 2000, Currency: "EUR", At: noon,
	}
	body, err := e.Body(agreed.Secrets[0])
	if err != nil {
		c.t.Fatal(err)
	}
	signed, err := e.Headers(agreed, body, noon)
	if err != nil {
		c.t.Fatal(err)
	}
	var headers []string
	for name := range signed {
		headers = append(headers, name, signed.Get(name))
	}
	return c.send("POST", e.Path("bluebird"), string(body), append(headers, "Content-Type", contentType)...)
}

// life exercises most of the API, from the enrollment of a member to the reminders of the next months.
func life(t *testing.T, s *Stack, url, key string) (answers []string) {
	t.Helper()
	c := &client{t: t, url: url, key: key}
	order := `{"member":"external:ada","placed_at":"2026-12-01T11:00:00Z","currency":"EUR","status":"paid",` +
		`"line_items": [{"id":"1","category":"mugs","quantity":1,"amount":40000}]}`
	consents := `{"external_id":"ada","name":"Ada","locale":"en","email":"ada@example.com",` +
		`"consents":[{"channel":"email","purpose":"marketing","granted":true,"wording":"v1","source":"test"}]}`
	answers = append(answers,
		c.send("POST", "/v1/members", consents),
		c.send("PUT", "/v1/orders/order-1", order),
		c.send("PUT", "/v1/orders/order-1", order),
		c.send("POST", "/v1/quotes", strings.Replace(order, `"status":"paid",`, "", 1)),
		c.send("GET", "/v1/members/external:ada", "", "Cookie", "a=b; c=d"),
		c.send("GET", "/v1/members/external:ada?x=1&x=2", ""),
		c.send("GET", "/v1/members/external:ada/entries", ""),
		c.send("GET", "/v1/rewards", ""),
		c.send("GET", "/v1/program", ""),
		c.send("POST", "/v1/redemptions", `{"member":"external:ada","reward":"free-shipping"}`),
		c.send("POST", "/v1/program/validate", "not a program", "Content-Type", "application/yaml"),
		c.webhook("evt-1", "application/json"), c.webhook("evt-1", "application/octet-stream"),
		c.webhook("evt-2", "text/plain"),
		c.send(
			"POST", "/v1/unsubscribe/nonsense", "List-Unsubscribe=One-Click", "Content-Type",
			"application/x-www-form-urlencoded",
		),
		c.send("GET", "/v1/nothing", ""), c.send("DELETE", "/v1/orders/order-1", ""),
		c.send("PUT", "/v1/orders/order-2", "{"),
		c.send("GET", "/v1/members/external:ada", "", "Authorization", "Bearer sk_test_none"),
	)
	if err := s.Advance(t.Context(), 15*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	answers = append(answers,
		c.send("POST", "/v1/redemptions", `{"member":"external:ada","reward":"free-shipping"}`),
		c.send("GET", "/v1/members/external:ada", ""), c.send("GET", "/v1/members/external:ada/entries", ""),
	)
	for _, m := range s.Outbox.Messages() {
		if m.Channel == loyalty.Email {
			answers = append(
				answers,
				fmt.Sprint(m.ID, m.Program, m.Member, m.Reminder, m.To, m.Subject, m.Text, m.HTML, m.Unsubscribe, m.At),
			)
		}
	}
	return answers
}

var actor = regexp.MustCompile(`"actor":\{"id":"[0-9a-z]+","type":"api_key"\}`)

func TestBinariesRespondLikeFunctionsInProcess(t *testing.T) {
	var out output
	responses := func(s *Stack, url, key string) (answers []string) {
		for _, answer := range life(t, s, url, key) {
			answers = append(answers, actor.ReplaceAllString(answer, `"actor":{}`)) // the IDs of keys are random
		}
		return answers
	}
	here, _, server, key := frozenStack(t, inProcess)
	want := responses(here, server.URL, key)
	there, _, server, key := frozenStack(t, onBinaries(t, &out))
	got := responses(there, server.URL, key)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("responses (-in this process +binaries):\n%s", diff)
	}
	joined := strings.Join(want, "\n")
	for _, part := range []string{
		"/v1/members 201", "/v1/orders/order-1 201", "/v1/orders/order-1 200", "/v1/quotes 200", "/v1/redemptions 201",
		"applied", "duplicate",
		`"kind":"activate"`, "external:ada 401", "points-", "ada@example.com",
	} {
		if !strings.Contains(joined, part) {
			t.Errorf("the responses do not contain %s", part)
		}
	}
	if t.Failed() {
		t.Logf("the responses:\n%s", joined)
	}
	there.Wait()
	dead := there.Dead()
	closeStack(t, there)
	if lines := out.of("relay"); !strings.Contains(lines, "perennial/bluebird/1") {
		t.Errorf("the stream did not reach relay, whose log is %s", lines)
	}
	if n := len(dead); n != 2 || dead[jobs.ReassessQueue]+dead[jobs.RemindQueue] > 0 {
		t.Errorf("messages failed: %v", dead)
	}
}

func TestOnlyBadMessagesFail(t *testing.T) {
	var out output
	s, p, _, _ := frozenStack(t, onBinaries(t, &out))
	enroll(t, s, p, 1)
	good := `{"program":"bluebird","shard":0,"due":"2026-12-01T12:00:00Z"}`
	if err := s.queues.Send(t.Context(), jobs.ReassessQueue, good, "no JSON", good); err != nil {
		t.Fatal(err)
	}
	s.queues.drain()
	if s.Dead()[jobs.ReassessQueue] != 1 {
		t.Errorf("failed messages: %v", s.Dead())
	}
	closeStack(t, s)
	if n := strings.Count(out.of("reassess"), "message will be redelivered"); n != maxReceives {
		t.Errorf("the bad message was delivered %d times, not %d", n, maxReceives)
	}
}

func TestBounceStopsEmailToAddress(t *testing.T) {
	var out output
	s, p, _, _ := frozenStack(t, onBinaries(t, &out))
	in := members.Enrollment{
		Member: memberID(1), Profile: members.Profile{Email: "bounce@simulator.amazonses.com"},
		Consents: []remind.Consent{
			{
				Channel: loyalty.Email, Purpose: loyalty.Marketing, Granted: true, At: noon, Wording: "v1",
				Source: "test",
			},
		},
	}
	by := ledger.By{Actor: "test"}
	if _, err := s.App.Members.Enroll(t.Context(), p, in, by); err != nil {
		t.Fatal(err)
	}
	// The member has 20 points too few for free shipping.
	adjust := service.Adjustment{ID: "adj_1", Member: memberID(1), Points: 230, Reason: "x"}
	if _, err := s.App.Adjustments.Adjust(t.Context(), p, adjust, by); err != nil {
		t.Fatal(err)
	}
	if err := s.Advance(t.Context(), 24*time.Hour); err != nil {
		t.Fatal(err)
	}
	if n := len(s.Outbox.Messages()); n != 1 {
		t.Fatalf("%d messages: %s", n, out.of("remind"))
	}
	contact, err := s.App.Consents.Contact(t.Context(), "bluebird", memberID(1))
	if err != nil || len(contact.Failed) != 1 || contact.Failed[0].Why != members.Bounced {
		t.Errorf("after the bounce: %+v %v", contact, err)
	}
}

// TestHangingFunctionIsKilledAndReplaced checks that a function is killed at its timeout and that the next request
// gets a new process.
func TestHangingFunctionIsKilledAndReplaced(t *testing.T) {
	var out output
	s, _, server, key := frozenStack(
		t, onBinaries(t, &out, func(tpl *stack.Template) { tpl.Functions["EarnFunction"].Timeout = 1 }),
	)
	c := &client{t: t, url: server.URL, key: key}
	if a := c.send("GET", "/v1/orders/none", ""); !strings.Contains(a, "404") {
		t.Fatal(a)
	}
	pids := s.deployment.PIDs("earn")
	if len(pids) != 1 {
		t.Fatalf("earn has the processes %v", pids)
	}
	if err := syscall.Kill(pids[0], syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if _, err := syscall.Wait4(pids[0], nil, syscall.WUNTRACED, nil); err != nil { // until it has stopped
		t.Fatal(err)
	}
	start := time.Now()
	if a := c.send("GET", "/v1/orders/none", ""); !strings.HasSuffix(
		a, `500 application/json  {"message":"Internal Server Error"}`,
	) {
		t.Error(a)
	}
	if took := time.Since(start); took < time.Second || took > 20*time.Second {
		t.Errorf("the request took %s, with a timeout of 1 s", took)
	}
	if a := c.send("GET", "/v1/orders/none", ""); !strings.Contains(a, "404") {
		t.Error(a)
	}
	if now := s.deployment.PIDs("earn"); len(now) != 1 || now[0] == pids[0] {
		t.Errorf("earn still has the processes %v: %v", pids, now)
	}
}

func TestMissingPermissionIsDenied(t *testing.T) {
	var out output
	here, _, server, key := frozenStack(t, onBinaries(t, &out, func(tpl *stack.Template) {
		policy := stack.List(tpl.Functions["EarnFunction"].Properties["Policies"])[0].(stack.Object)
		policy["Statement"] = slices.DeleteFunc(stack.List(policy["Statement"]), func(s any) bool {
			return slices.Contains(stack.List(stack.At(s, "Action")), "dynamodb:PutItem")
		})
	}))
	c := &client{t: t, url: server.URL, key: key}
	if a := c.send("POST", "/v1/members", `{"external_id":"ada"}`); !strings.Contains(a, " 201 ") {
		t.Fatal(a)
	}
	order := `{"member":"external:ada","placed_at":"2026-12-01T11:00:00Z","currency":"EUR","status":"paid",` +
		`"line_items": [{"id":"1","category":"mugs","quantity":1,"amount":40000}]}`
	if a := c.send("PUT", "/v1/orders/order-1", order); !strings.Contains(a, " 500 ") {
		t.Error(a)
	}
	if a := c.send("GET", "/v1/orders/order-1", ""); !strings.Contains(a, " 404 ") {
		t.Error(a)
	}
	closeStack(t, here)
	if lines := out.of("earn"); !strings.Contains(lines, "AccessDeniedException") ||
		!strings.Contains(lines, "not authorized to perform: dynamodb:PutItem") {
		t.Errorf("the log of earn is %s", lines)
	}
}

func TestTableCanBeInDynamoDBEndpoint(t *testing.T) {
	var out output
	var endpoint *httptest.Server
	_, _, server, key := frozenStack(t, onBinaries(t, &out), func(o *Options) {
		api := &dynamodbapi.API{Table: o.Table, Name: "elsewhere"}
		endpoint = httptest.NewServer(http.HandlerFunc(api.ServeHTTP))
		t.Cleanup(endpoint.Close)
		o.Binaries.DynamoDB, o.Binaries.TableName = endpoint.URL, "elsewhere"
	})
	c := &client{t: t, url: server.URL, key: key}
	if a := c.send("POST", "/v1/members", `{"external_id":"ada"}`); !strings.Contains(a, " 201 ") {
		t.Error(a)
	}
	if a := c.send("GET", "/v1/members/external:ada", ""); !strings.Contains(a, " 200 ") {
		t.Error(a)
	}
}
