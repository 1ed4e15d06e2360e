package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/golang-jwt/jwt/v5"

	"github.com/perennial-loyalty/perennial/internal/api/programs"
	"github.com/perennial-loyalty/perennial/internal/api/redemptions"
	"github.com/perennial-loyalty/perennial/internal/api/reminders"
	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/local/gateway"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/notify"
	"github.com/perennial-loyalty/perennial/internal/notify/wording"
	"github.com/perennial-loyalty/perennial/internal/program"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
	"github.com/perennial-loyalty/perennial/internal/seedtest"
	"github.com/perennial-loyalty/perennial/internal/stack/access"
	"github.com/perennial-loyalty/perennial/internal/stack/stacktest"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/dynamotable/dynamotest"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// onBoth runs a test over the table of the local stack and over DynamoDB.
func onBoth(t *testing.T, run func(t *testing.T, tab table.Table)) {
	t.Run("pebble", func(t *testing.T) { run(t, memory(t)) })
	t.Run("dynamodb", func(t *testing.T) { run(t, dynamotest.Open(t)) })
}

func memory(t testing.TB) table.Table {
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tab.Close() })
	return tab
}

// world is the API as callers use it: handlers behind routing like that of API Gateway, a clock that stands still, two
// programs, and API keys with names.
type world struct {
	t        testing.TB
	app      *app.App
	guard    *access.Guard
	handlers map[string]lambda.Handler
	spec     *spec             // the specification; if nil, requests and answers are not checked
	keys     map[string]string // the full keys, by name
	tokens   *auth.Tokens      // the token keys, in the table without access checks

	operators *auth.Operators   // the operators, in the table without access checks
	issuer    *issuer           // the issuer at which operators sign in
	secrets   map[string]string // the secrets with which tokens of members are signed, by program
	table     table.Table       // the table without the access checks of guard

	http       *throughGateway                     // sends the requests over HTTP; may be nil
	transcript io.Writer                           // records each request with its answer; may be nil
	failing    *failing                            // makes calls of the table fail; may be nil
	drawn      *perRequest                         // the source of randomness if failing is set
	exchanged  func(sentRequest, answered, string) // called after each exchange with the route's pattern; may be nil

	outbox   notify.Outbox
	recorded int // number of messages of the outbox that the transcript contains
	queued   *queues

	timeout time.Duration // timeout of the functions; zero for none
	domain  string        // domain at which requests arrive
	stage   string        // stage of the HTTP API; empty for $default

	mu   sync.Mutex
	now  time.Time
	tick time.Duration // duration by which each reading of the clock advances it
	log  bytes.Buffer
	last int // number of the last request
}

var start = time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)

func newWorld(t testing.TB, tab table.Table) *world { return openWorld(t, tab, nil, loadSpec(t)) }

// openWorld returns a world. The argument random is the source of randomness, or nil for crypto/rand. The argument spec
// is the specification that requests and answers must follow, or nil for none.
func openWorld(t testing.TB, tab table.Table, random io.Reader, spec *spec) *world {
	w := &world{
		t: t, now: start, spec: spec, secrets: map[string]string{},
		keys: map[string]string{"none": "", "garbage": "sk_test_garbage"},
	}
	w.queued = &queues{bodies: map[string][]string{}}
	w.guard = stacktest.Guard(t)
	w.table = tab
	w.app = &app.App{
		Table: w.guard.Table(tab), Now: w.clock, Stage: app.Test,
		Log:    telemetry.NewLog(writer{w}, slog.LevelInfo, "test"),
		Secret: []byte("0123456789abcdefghijklmnopqrstuv"), Random: random,
		Queue:  w.queued,
		SignIn: app.SignIn{Issuer: issuerURL, ClientID: "console", RedirectURL: "https://console.test/signed-in"},
	}
	w.issuer = newIssuer(t, w.clock)
	w.app.IssuerHTTP = w.issuer.client()
	if err := w.app.Wire(); err != nil {
		t.Fatal(err)
	}
	w.handlers = map[string]lambda.Handler{
		"members": Members(w.app), "earn": Earn(w.app), "redeem": redemptions.Handler(w.app),
		"programs":  programs.Handler(w.app),
		"reminders": reminders.Handler(w.office)(w.app),
	}
	for name, h := range w.handlers {
		w.handlers[name] = gateway.As(name, h)
	}
	reading := []auth.Scope{auth.MembersRead, auth.OrdersRead, auth.RewardsRead, auth.RedemptionsRead, auth.ProgramRead}
	w.key("admin", "bluebird", auth.Admin)
	w.key("second", "bluebird", auth.Admin)
	w.key("reader", "bluebird", reading...)
	w.key("other", "redbird", auth.Admin)
	w.key("shopper", "bluebird", auth.RewardsRead)
	w.key("packer", "bluebird", auth.RedemptionsWrite)
	w.key("unpublished", "nobird", auth.Admin)
	w.tokens = &auth.Tokens{
		Table: tab, Now: w.clock, Secret: w.app.Derive("member-tokens"), Random: seedtest.Random(29),
	}
	w.operators = &auth.Operators{Table: tab, Now: w.clock, Stage: app.Test, Random: seedtest.Random(31)}
	for _, id := range []string{"bluebird", "redbird"} {
		_, secret, err := w.tokens.CreateKey(context.Background(), id, nil)
		if err != nil {
			t.Fatal(err)
		}
		w.secrets[id] = secret
		source := strings.Replace(plainSource(w.t), "program: bluebird", "program: "+id, 1)
		w.publish(id, []byte(source), 0)
	}
	for _, id := range []string{"bluebird", "nobird"} {
		for _, part := range auth.GuestAccesses() {
			if err := w.tokens.SetGuestAccess(context.Background(), id, part, true); err != nil {
				t.Fatal(err)
			}
		}
	}
	return w
}

// recordKeyUse records the uses of API keys, as the functions do. Tests that compare the table do not call it.
func (w *world) recordKeyUse() {
	w.app.KeyUse = &auth.KeyUse{Table: w.app.Table, Now: w.clock}
	w.t.Cleanup(w.app.KeyUse.Wait)
}

// office returns a dispatcher that delivers email and text messages to the world's outbox.
func (w *world) office(a *app.App) *notify.Dispatcher {
	return &notify.Dispatcher{
		Senders: map[loyalty.Channel]notify.Sender{loyalty.Email: &w.outbox, loyalty.SMS: &w.outbox},
		Links:   notify.Links{Base: "https://api.test", Key: a.Derive("unsubscribe")}, Words: wording.Words,
		GiftWords: wording.GiftWords,
	}
}

// publish publishes source as the version that follows version after, without the API. It recalls version after, so
// that source prices orders and events that are dated earlier.
func (w *world) publish(id string, source []byte, after int) {
	w.t.Helper()
	p, problems := program.Compile(source)
	if err := problems.Err(); err != nil {
		w.t.Fatal(err)
	}
	in := catalog.Published{Program: id, Source: source, Snapshot: snapshot.Encode(p), By: "tests"}
	if after > 0 {
		in.Recall = []int{after}
	}
	if err := w.app.Catalog.Publish(context.Background(), in, after); err != nil {
		w.t.Fatal(err)
	}
}

type writer struct{ w *world }

func (x writer) Write(b []byte) (int, error) {
	x.w.mu.Lock()
	defer x.w.mu.Unlock()
	return x.w.log.Write(b)
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(w.tick)
	return w.now
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) key(name, program string, scopes ...auth.Scope) {
	full, _, err := w.app.Keys.Create(context.Background(), program, scopes...)
	if err != nil {
		w.t.Fatal(err)
	}
	w.keys[name] = full
}

// token returns a token that the shop's server signed some time ago, for a member of bluebird with the given external
// ID. The form "ada@in:redbird" names a member of
// another program, and "ada,ada@example.com" states a verified email address.
func (w *world) token(member string, ago time.Duration) string {
	w.t.Helper()
	external, program, found := strings.Cut(member, "@in:")
	if !found {
		program = "bluebird"
	}
	w.mu.Lock()
	at := w.now.Add(-ago)
	w.mu.Unlock()
	external, email, _ := strings.Cut(external, ",")
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": external, "aud": program, "iat": at.Unix(), "exp": at.Add(10 * time.Minute).Unix(),
		"email": email, "email_verified": email != "",
	})
	text, err := token.SignedString([]byte(w.secrets[program]))
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}

// operator creates a session of an operator if the name is that of one: "operator:owner", or "operator:owner2" for
// another owner. The operator has the email address owner2@shop.test. The form "operator:owner@in:redbird" names an
// operator of another program.
func (w *world) operator(name string) {
	w.t.Helper()
	who, ok := strings.CutPrefix(name, "operator:")
	if !ok || w.keys[name] != "" {
		return
	}
	who, program, found := strings.Cut(who, "@in:")
	if !found {
		program = "bluebird"
	}
	ctx := context.Background()
	o, err := w.operators.Add(ctx, program, auth.NewOperator{
		Email: who + "@shop.test", Role: auth.Role(strings.TrimRight(who, "0123456789")),
	}, "command_line")
	if err != nil {
		w.t.Fatal(err)
	}
	if w.keys[name], _, err = w.operators.CreateSession(ctx, o); err != nil {
		w.t.Fatal(err)
	}
}

// A sentRequest is the request of a caller. Its key names one of the world's keys ("" is the admin key), a member whose
// token it sends ("member:cust-1"), or an operator (see world.operator).
type sentRequest struct {
	method, path string
	key          string
	header       map[string]string
	body         []byte
	base64       string // sent unchanged, with isBase64Encoded
	raw          bool   // pathParameters are sent percent-encoded, as in the path
}

// An answered is the response to a request.
type answered struct {
	status int
	header map[string]string
	body   []byte
	json   any
}

func (a answered) code() string {
	m, _ := a.json.(map[string]any)
	s, _ := m["code"].(string)
	return s
}

// do sends a request to the function that serves it, and compares the request and the answer with openapi.yaml.
func (w *world) do(r sentRequest) answered {
	w.t.Helper()
	send := w.send
	if w.failing != nil {
		send = w.persist
	}
	a, route := send(r)
	if w.spec != nil {
		w.spec.check(w.t, r, a, route)
	}
	if w.transcript != nil {
		w.record(r, a)
	}
	if w.exchanged != nil {
		w.exchanged(r, a, route)
	}
	return a
}

// record writes a request and its answer to the transcript.
func (w *world) record(r sentRequest, a answered) {
	replayed := ""
	if a.header["idempotent-replayed"] == "true" {
		replayed = " replayed"
	}
	fmt.Fprintf(w.transcript, "%s %s => %d%s %s\n", r.method, r.path, a.status, replayed, a.body)
}

func (w *world) send(r sentRequest) (answered, string) {
	w.t.Helper()
	if w.http != nil {
		return w.http.send(r)
	}
	pattern, params, function := w.route(r)
	payload, err := json.Marshal(w.event(r, pattern, params))
	if err != nil {
		w.t.Fatal(err)
	}
	ctx := context.Background()
	if w.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, w.timeout)
		defer cancel()
	}
	out, err := w.handlers[function].Invoke(ctx, payload)
	if err != nil {
		w.t.Fatalf("%s %s: the function failed: %v", r.method, r.path, err)
	}
	var resp struct {
		StatusCode      int               `json:"statusCode"`
		Headers         map[string]string `json:"headers"`
		Body            string            `json:"body"`
		IsBase64Encoded bool              `json:"isBase64Encoded"`
	}
	dec := json.NewDecoder(bytes.NewReader(out))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&resp); err != nil || resp.IsBase64Encoded {
		w.t.Fatalf("%s %s: bad answer %s: %v", r.method, r.path, out, err)
	}
	a := answered{status: resp.StatusCode, header: resp.Headers, body: []byte(resp.Body)}
	w.parse(r, &a)
	return a, pattern
}

// parse sets the decoded body of an answer that is JSON.
func (w *world) parse(r sentRequest, a *answered) {
	w.t.Helper()
	if a.status == http.StatusNoContent || a.status == http.StatusNotModified ||
		a.header["content-type"] == "image/svg+xml" || strings.HasPrefix(a.header["content-type"], "text/html") {
		return
	}
	if err := json.Unmarshal(a.body, &a.json); err != nil {
		w.t.Fatalf("%s %s: body %s: %v", r.method, r.path, a.body, err)
	}
}

// route finds the function as API Gateway would. A request that matches no route goes to the default route.
func (w *world) route(r sentRequest) (pattern string, params map[string]string, function string) {
	path, _, _ := strings.Cut(r.path, "?")
	for _, rt := range request.Routes() {
		method, want, _ := strings.Cut(rt.Pattern, " ")
		if method != r.method || !request.Matches(want, path) || w.handlers[rt.Function] == nil {
			continue
		}
		params := map[string]string{}
		got := strings.Split(path, "/")
		for i, seg := range strings.Split(want, "/") {
			if name, ok := strings.CutPrefix(seg, "{"); ok {
				params[strings.TrimSuffix(name, "}")] = got[i]
			}
		}
		return rt.Pattern, params, rt.Function
	}
	return "$default", nil, "members"
}

func (w *world) event(r sentRequest, pattern string, params map[string]string) map[string]any {
	w.mu.Lock()
	w.last++
	id := fmt.Sprintf("req-%06d", w.last)
	w.mu.Unlock()
	path, query, _ := strings.Cut(r.path, "?")
	e := map[string]any{
		"version": "2.0", "routeKey": pattern, "rawPath": path, "rawQueryString": query, "headers": w.headers(r, id),
		"requestContext": map[string]any{
			"requestId": id, "routeKey": pattern, "stage": cmp.Or(w.stage, "$default"), "domainName": w.domain,
			"http": map[string]any{"method": r.method, "path": path, "sourceIp": "203.0.113.7"},
		},
		"isBase64Encoded": false,
	}
	if len(params) > 0 {
		for name, value := range params {
			if decoded, err := url.PathUnescape(value); err == nil && !r.raw {
				params[name] = decoded
			}
		}
		e["pathParameters"] = params
	}
	if values, _ := url.ParseQuery(query); len(values) > 0 {
		flat := map[string]string{}
		for name, v := range values {
			flat[name] = strings.Join(v, ",")
		}
		e["queryStringParameters"] = flat
	}
	switch {
	case r.base64 != "":
		e["body"], e["isBase64Encoded"] = r.base64, true
	case !utf8.Valid(r.body):
		e["body"], e["isBase64Encoded"] = base64.StdEncoding.EncodeToString(r.body), true
	case r.body != nil:
		e["body"] = string(r.body)
	}
	return e
}

// headers returns the headers of a correct client, replaced or extended by those of the request.
func (w *world) headers(r sentRequest, id string) map[string]string {
	headers := map[string]string{"host": "api.test", "user-agent": "tests", "x-forwarded-for": "203.0.113.7"}
	key, ok := w.keys[r.key]
	if r.key == "" {
		key, ok = w.keys["admin"], true
	}
	if member, found := strings.CutPrefix(r.key, "member:"); found {
		key, ok = w.token(member, 0), true
	}
	if !ok {
		w.t.Fatalf("no key is called %q", r.key)
	}
	if key != "" {
		headers["authorization"] = "Bearer " + key
	}
	if r.body != nil || r.base64 != "" {
		headers["content-type"] = "application/json"
	}
	if r.method == http.MethodPost || r.method == http.MethodPut {
		headers["idempotency-key"] = "key-of-" + id + "-000000"
	}
	for name, value := range r.header {
		headers[strings.ToLower(name)] = value
		if value == "-" {
			delete(headers, strings.ToLower(name))
		}
	}
	return headers
}

// dump returns every byte of the table except the logs and lists, which the relay writes after the response, and the
// last uses of API keys. It returns an empty string if the table does not support it.
func (w *world) dump() string {
	d, ok := w.table.(interface{ Dump(io.Writer) error })
	if !ok {
		return ""
	}
	var b strings.Builder
	if err := d.Dump(&b); err != nil {
		w.t.Fatal(err)
	}
	return logItems.ReplaceAllString(b.String(), "")
}

var logItems = regexp.MustCompile(`(?m)^"P#[^#"]+#(LOG|AUDIT|KEYUSE|LIST#[^"]+|IP#[^"]+)" .*\n`)

// post sends a request with a JSON body.
func (w *world) post(method, path, body string) answered {
	w.t.Helper()
	return w.do(sentRequest{method: method, path: path, body: []byte(body)})
}

// must sends a request that must succeed and returns the field id of the answer.
func (w *world) must(method, path, body string) string {
	w.t.Helper()
	a := w.post(method, path, body)
	if a.status >= 300 {
		w.t.Fatalf("%s %s: %d %s", method, path, a.status, a.body)
	}
	id, _ := a.json.(map[string]any)["id"].(string)
	return id
}

// plainSource returns the program of the tests, which has purchases, levels and rewards, and no automatic effects.
func plainSource(t testing.TB) string { return programSource(t, "bluebird") }

// programSource returns the program of a file in testdata, or of package program for the program everything, which has
// every key.
func programSource(t testing.TB, name string) string {
	t.Helper()
	if name == "everything" {
		b, err := os.ReadFile("../program/testdata/whole/everything.yaml")
		if err != nil {
			t.Fatal(err)
		}
		return strings.Replace(string(b), "program: harbour", "program: bluebird", 1)
	}
	b, err := os.ReadFile("testdata/" + name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
