package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/notify"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// A handler serves the routes of one Lambda function.
type handler struct {
	app      *app.App
	function string
	routes   map[string]*Route                           // by pattern
	seal     []byte                                      // key that signs cursors
	veil     []byte                                      // key that hides personal data in fingerprints
	blind    func(program, email string) stored.Identity // hides email addresses in table keys
	reader   Reader                                      // set only in the programs function
	office   *notify.Dispatcher                          // set only in the reminders function

	externals *externalIDs
}

func newHandler(a *app.App, function string) *handler {
	h := &handler{
		app: a, function: function, routes: map[string]*Route{}, externals: new(externalIDs),
		seal: a.Derive("cursor"), veil: a.Derive("fingerprint"), blind: a.EmailName(),
	}
	for _, r := range Routes() {
		if r.Function == function {
			h.routes[r.Pattern] = &r
		}
	}
	return h
}

// A call is one request: its caller, its route and its input.
type call struct {
	*handler
	who   auth.Principal
	route *Route
	event event
	body  []byte
	key   string // the Idempotency-Key, without quotes

	confirmations []*confirmation // of cached members
	repeated      bool            // a cached member was wrong, so the route runs again without the cache
}

// An answer is the result of a route. The zero status stands for 200.
type answer struct {
	status   int
	body     any    // a model of package wire
	drawn    string // an SVG image, instead of a body
	page     string // an HTML page, instead of a body
	replayed bool
}

// createdIf returns status 201 if the request created the object in the answer, and 200 if the object existed before.
func createdIf(fresh bool) int {
	if fresh {
		return http.StatusCreated
	}
	return http.StatusOK
}

// Invoke answers one API Gateway event. It never returns an error to Lambda: it answers every failure with a problem
// document and counts it in the metric Errors.
func (h *handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	start := time.Now() // measures the duration only; no decision depends on it
	ctx, counters, end := app.Begin(ctx)
	defer end()
	c := &call{handler: h}
	ans, out, err := c.answer(ctx, payload)
	line := telemetry.Request{
		Origin:  telemetry.Origin{RequestID: c.event.Context.RequestID, Function: h.function, Version: h.app.Version},
		Program: c.who.Program, Key: c.who.ID, Replayed: ans.replayed, Counters: counters, At: h.app.Now(),
	}
	if c.route != nil {
		line.Route = c.route.Pattern
	}
	if err != nil {
		p := problemOf(err)
		if ctx.Err() != nil && p.Status >= http.StatusInternalServerError {
			p = unavailable()
			counters.Add(telemetry.Timeouts, 1)
		}
		if p.Code == string(internalError) {
			app.CountViolation(ctx, err)
			h.app.Log.LogAttrs(ctx, slog.LevelError, "request failed",
				slog.String("request_id", line.RequestID), slog.String("function", h.function),
				slog.String("route", line.Route), slog.String("error", err.Error()))
		}
		ans.status, line.Code = p.Status, p.Code
		out = c.encodeProblem(p, err, ans.replayed)
	}
	line.Status, line.Took = ans.status, time.Since(start)
	telemetry.Answered(ctx, h.app.Log, line)
	return out, nil
}

// answer serves the request and encodes the answer. It returns a panic as an error, because a panic would end the
// process.
func (c *call) answer(ctx context.Context, payload []byte) (ans answer, out []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("api: panic: %v\n%s", v, debug.Stack())
		}
	}()
	if ans, err = c.serve(ctx, payload); err != nil {
		return ans, nil, err
	}
	out, err = c.encode(&ans)
	return ans, out, err
}

// serve checks the request in this order: the route, the API key, its scope, the parameters, the Idempotency-Key and
// the body. A caller without a key therefore cannot find out what a valid request looks like. On a route without a
// scope, serve checks only the route, and the route checks its own input.
func (c *call) serve(ctx context.Context, payload []byte) (ans answer, err error) {
	if c.event, err = readEvent(payload); err != nil {
		return answer{}, err
	}
	if c.route = c.routes[c.event.RouteKey]; c.route == nil {
		return answer{}, unrouted(c.event.Context.HTTP.Method, c.event.path())
	}
	if c.route.Scope == "" {
		return c.route.serve(ctx, c) // a public route
	}
	if c.who, err = c.app.Keys.Verify(ctx, c.event.Headers.Authorization); err != nil {
		return answer{}, err
	}
	if !c.who.May(c.route.Scope) {
		return answer{}, auth.ScopeMissing
	}
	if err := c.checkParameters(); err != nil {
		return answer{}, err
	}
	if c.route.Keyed {
		if c.key, err = idempotencyKey(c.event.Headers.IdempotencyKey); err != nil {
			return answer{}, err
		}
	}
	if c.body, err = c.readBody(); err != nil {
		return answer{}, err
	}
	return c.perform(ctx)
}

// unrouted returns the error for a request that matches no route and therefore arrives through DefaultRoute. API
// Gateway can reject a path that seems to match a route, such as a path with "..". The error is then not_found.
func unrouted(method, path string) error {
	if methods := allowed(path); len(methods) > 0 && !slices.Contains(methods, method) {
		allow := strings.Join(methods, ", ")
		return &refusal{code: methodNotAllowed, detail: "Use " + allow + ".", allow: allow}
	}
	return refuse(loyalty.NotFound, notFoundDetail)
}

// checkParameters decodes the path parameters and rejects query parameters that the route does not define.
func (c *call) checkParameters() error {
	for name, raw := range c.event.Path {
		value, err := parameter(name, raw)
		if err != nil {
			return err
		}
		c.event.Path[name] = value
	}
	for name := range c.event.Query {
		if !slices.Contains(c.route.query, name) {
			return refuse(invalidParameter, "Unknown query parameter. The route accepts %v.", c.route.query)
		}
	}
	return nil
}

func (c *call) path(name string) string { return c.event.Path[name] }

// program returns the live version of the API key's program.
func (c *call) program(ctx context.Context) (*loyalty.Program, error) {
	return c.app.Programs.Live(ctx, c.who.Program)
}

var plainHeaders = [][2]string{
	{"content-type", "application/json"}, {"cache-control", "no-store"}, {"x-content-type-options", "nosniff"},
}

// pagePolicy allows a page only to submit its form to its own origin.
const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"

func (c *call) encode(ans *answer) ([]byte, error) {
	if ans.status == 0 {
		ans.status = 200
	}
	if ans.drawn != "" {
		svg := [][2]string{{"content-type", "image/svg+xml"}, plainHeaders[1], plainHeaders[2]}
		return response(ans.status, svg, []byte(ans.drawn)), nil
	}
	if ans.page != "" {
		html := [][2]string{
			{"content-type", "text/html; charset=utf-8"},
			plainHeaders[1], plainHeaders[2],
			{"content-security-policy", pagePolicy},
		}
		return response(ans.status, html, []byte(ans.page)), nil
	}
	body, err := json.Marshal(ans.body, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("api: encode answer: %w", err)
	}
	headers := plainHeaders
	if ans.replayed {
		headers = append(headers[:len(headers):len(headers)], [2]string{"idempotent-replayed", "true"})
	}
	return response(ans.status, headers, body), nil
}

func (c *call) encodeProblem(p wire.Problem, cause error, replayed bool) []byte {
	p.RequestID = c.event.Context.RequestID
	p.Instance = "urn:perennial:request:" + p.RequestID
	headers := [][2]string{{"content-type", "application/problem+json"}, plainHeaders[1], plainHeaders[2]}
	switch p.Status {
	case 401:
		headers = append(headers, [2]string{"www-authenticate", "Bearer"})
	case 405:
		if own, ok := errors.AsType[*refusal](cause); ok {
			headers = append(headers, [2]string{"allow", own.allow})
		}
	case 429:
		if locked, ok := errors.AsType[*redeem.TooManyGuesses](cause); ok {
			headers = append(
				headers, [2]string{"retry-after", strconv.Itoa(int((locked.Wait + time.Second - 1) / time.Second))},
			)
		}
	case 503:
		headers = append(headers, [2]string{"retry-after", "1"})
	}
	if replayed {
		headers = append(headers, [2]string{"idempotent-replayed", "true"})
	}
	body, err := json.Marshal(p, json.Deterministic(true))
	if err != nil {
		body = []byte(`{}`) // not expected: a Problem contains only strings and numbers
	}
	return response(p.Status, headers, body)
}
