package request

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/limits"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// A Handler serves the routes of one Lambda function.
type Handler struct {
	App      *app.App
	Seal     []byte                                      // the key that signs cursors
	Veil     []byte                                      // the key that hides personal data in fingerprints
	Blind    func(program, email string) stored.Identity // the function that hides email addresses in table keys
	Uncached bool                                        // whether requests wait for the read of external IDs

	function   string
	all        []Route              // the routes of all functions
	routes     map[string]*Route    // the routes of this function, by pattern
	operations map[string]Operation // the operations of this function, by pattern
	externals  *externalIDs
	events     *limits.Local    // counts the events of members
	inFlight   *limits.InFlight // counts the requests of programs
}

// NewHandler returns the handler of one function. The keys of the map operations are the patterns of the function's
// routes. NewHandler panics if an operation is missing or has no route, or if a route has no rule.
func NewHandler(a *app.App, function string, operations map[string]Operation) *Handler {
	h := &Handler{
		App: a, function: function, all: Routes(), routes: map[string]*Route{}, operations: operations,
		externals: new(externalIDs), events: new(limits.Local), inFlight: new(limits.InFlight),
		Seal: a.Derive("cursor"), Veil: a.Derive("fingerprint"), Blind: a.EmailName(),
	}
	for _, r := range h.all {
		if r.Function == function {
			h.routes[r.Pattern] = &r
		}
		if r.Rule.IsZero() {
			panic("api: the route " + r.Pattern + " has no rule")
		}
	}
	for pattern := range operations {
		if h.routes[pattern] == nil {
			panic("api: no route of " + function + " has the pattern " + pattern)
		}
	}
	if len(operations) != len(h.routes) {
		panic("api: an operation of " + function + " is missing")
	}
	return h
}

// Function returns the function that serves the handler's routes.
func (h *Handler) Function() Function { return Function{h.respond} }

// A Function is a Lambda function that also serves requests without an encoded event. It does not contain the Handler:
// Lambda stores the function in an interface, so the linker would include all methods of all stores.
type Function struct {
	respond func(ctx context.Context, e Event, undecoded error) Response
}

// Invoke answers one API Gateway event, as Serve does. It never returns an error to Lambda.
func (f Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	e, err := DecodeEvent(payload)
	return f.respond(ctx, e, err).encode(), nil
}

// Serve answers one request. It answers every failure with a problem document and counts it in the metric Errors. It
// does not retain the body of e.
func (f Function) Serve(ctx context.Context, e Event) Response { return f.respond(ctx, e, nil) }

// A Call is one request: its caller, its route and its input.
type Call struct {
	*Handler
	Who   auth.Principal
	Route *Route
	Event Event
	body  []byte
	Key   string // the Idempotency-Key, without quotes

	unprefixed    bool            // whether the request names a member by an ID that does not begin with mem_
	confirmations []*confirmation // background checks of cached external IDs
	repeated      bool            // whether the route runs again without the cache, because a cached member was wrong
}

// An Answer is the result of a route. The zero status stands for 200.
type Answer struct {
	Status   int
	Body     any    // the body of the answer, a model of package wire
	Drawn    string // an SVG image, instead of a body
	Page     string // an HTML page, instead of a body
	Replayed bool
	FreshFor time.Duration // how long shared caches may store the answer; zero if they may not

	headers [][2]string // the headers of an answer without a body
}

// CreatedIf returns status 201 if fresh is set, which means that the request created the object in the answer.
// Otherwise it returns 200.
func CreatedIf(fresh bool) int {
	if fresh {
		return http.StatusCreated
	}
	return http.StatusOK
}

// respond answers a request. If the event could not be decoded, undecoded is the error.
func (h *Handler) respond(ctx context.Context, e Event, undecoded error) (out Response) {
	start := time.Now() // used only to measure the duration; no decision depends on it
	ctx, counters, end := app.Begin(ctx)
	defer end()
	c := &Call{Handler: h, Event: e}
	ans, out, err := c.answer(ctx, undecoded)
	line := telemetry.Request{
		Origin:  telemetry.Origin{RequestID: e.RequestID, Function: h.function, Version: h.App.Version},
		Program: c.Who.Program, Key: c.Who.ID, Replayed: ans.Replayed, Counters: counters, At: h.App.Now(),
	}
	if c.Route != nil {
		line.Route = c.Route.Pattern
	}
	if err != nil {
		p := c.unknownMember(c.withoutSelf(problemOf(err)))
		if ctx.Err() != nil && p.Status >= http.StatusInternalServerError {
			p = unavailable()
			counters.Add(telemetry.Timeouts, 1)
		}
		if p.Code == string(internalError) || errors.Is(err, auth.ErrIssuerUnavailable) {
			app.CountViolation(ctx, err)
			h.App.Log.LogAttrs(ctx, slog.LevelError, "request failed",
				slog.String("request_id", line.RequestID), slog.String("function", h.function),
				slog.String("route", line.Route), slog.String("error", err.Error()))
		}
		line.Code = p.Code
		out = c.encodeProblem(p, err, ans.Replayed)
	}
	if permit := permit(ctx, c); permit != nil {
		out.Headers = append(slices.Clip(out.Headers), permit...)
	}
	line.Status, line.Took = out.Status, time.Since(start)
	telemetry.Answered(ctx, h.App.Log, line)
	return out
}

// answer serves the request and encodes the answer. It returns a panic as an error, because a panic would end the
// process.
func (c *Call) answer(ctx context.Context, undecoded error) (ans Answer, out Response, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("api: panic: %v\n%s", v, debug.Stack())
		}
	}()
	if undecoded != nil {
		return Answer{}, Response{}, undecoded
	}
	if ans, err = c.serve(ctx); err != nil {
		return ans, Response{}, err
	}
	out, err = c.encode(ans)
	return ans, out, err
}

// serve checks the request in this order: the route, the principal, the route's rule, the parameters, the
// Idempotency-Key and the body. A caller without a key therefore cannot find out what a valid request looks like. On a
// public route, serve checks only the route, and the route checks its own input.
func (c *Call) serve(ctx context.Context) (ans Answer, err error) {
	if c.Route = c.routes[c.Event.RouteKey]; c.Route == nil {
		if isPreflight(c) {
			return preflight(ctx, c)
		}
		return Answer{}, unrouted(c.all, c.Event.Method, c.Event.decodedPath())
	}
	if c.Route.Rule.IsPublic() {
		if c.body, err = c.readBody(); err != nil {
			return Answer{}, err
		}
		return c.operate(ctx)
	}
	if err := c.admit(ctx); err != nil {
		return Answer{}, err
	}
	if err := c.inFlight.Enter(c.Who.Program); err != nil {
		return Answer{}, err
	}
	defer c.inFlight.Leave(c.Who.Program)
	if err := c.checkParameters(); err != nil {
		return Answer{}, err
	}
	if c.Route.Keyed {
		if c.Key, err = idempotencyKey(c.Event.Headers.IdempotencyKey); err != nil {
			return Answer{}, err
		}
	}
	if c.body, err = c.readBody(); err != nil {
		return Answer{}, err
	}
	if err := c.checkSwitch(ctx); err != nil {
		return Answer{}, err
	}
	return c.perform(ctx)
}

// admit identifies the caller and checks that the route's rule allows the caller.
func (c *Call) admit(ctx context.Context) (err error) {
	if c.Route.Rule.Guests() != "" {
		return c.admitGuest(ctx)
	}
	if c.Who, err = c.authenticate(ctx); err != nil {
		return err
	}
	return c.Route.Rule.Check(c.Who)
}

// unrouted returns the error for a request that matches no route and therefore arrives through DefaultRoute. If a route
// has the same path with another method, the error is method_not_allowed. Otherwise it is not_found. It is also
// not_found if the path matches a route but API Gateway rejects it, such as a path with "..".
func unrouted(all []Route, method, path string) error {
	if methods := allowed(all, path); len(methods) > 0 && !slices.Contains(methods, method) {
		allow := strings.Join(methods, ", ")
		return &Refusal{Code: MethodNotAllowed, detail: "Use " + allow + ".", allow: allow}
	}
	return Refuse(loyalty.NotFound, NotFoundDetail)
}

// checkParameters decodes the path parameters and rejects query parameters that the route does not define.
func (c *Call) checkParameters() error {
	for i, p := range c.Event.Path {
		value, err := parameter(p.Name, p.Value)
		if err != nil {
			return err
		}
		c.Event.Path[i].Value = value
	}
	unknown := "" // the first one in alphabetical order
	for name := range c.Event.Query {
		if !slices.Contains(c.Route.Query, name) && (unknown == "" || name < unknown) {
			unknown = name
		}
	}
	if unknown != "" {
		return unknownParameter(unknown, c.Route.Query)
	}
	return nil
}

// operate calls the operation of the request's route.
func (c *Call) operate(ctx context.Context) (Answer, error) {
	if c.Route.Rule.IsForMembers() && c.Route.Pattern != enrollment {
		if err := c.FindSelf(ctx); err != nil {
			return Answer{}, err
		}
	}
	return c.operations[c.Route.Pattern](ctx, c)
}

// Path returns a path parameter, which serve has already decoded and checked.
func (c *Call) Path(name string) string {
	for _, p := range c.Event.Path {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

// Program returns the live version of the API key's program.
func (c *Call) Program(ctx context.Context) (*loyalty.Program, error) {
	return c.App.Programs.Live(ctx, c.Who.Program)
}

var plainHeaders = [][2]string{
	{"content-type", "application/json"}, {"cache-control", "no-store"}, {"x-content-type-options", "nosniff"},
}

// pagePolicy is the Content-Security-Policy of HTML pages. A page may only submit its form to its own origin.
const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"

func (c *Call) encode(ans Answer) (Response, error) {
	out := Response{Status: cmp.Or(ans.Status, http.StatusOK), Headers: plainHeaders}
	switch {
	case ans.headers != nil:
		out.Headers = ans.headers
		return out, nil
	case ans.Drawn != "":
		out.Headers = [][2]string{{"content-type", "image/svg+xml"}, plainHeaders[1], plainHeaders[2]}
		out.Body = []byte(ans.Drawn)
		return out, nil
	case ans.Page != "":
		out.Headers = [][2]string{
			{"content-type", "text/html; charset=utf-8"},
			plainHeaders[1], plainHeaders[2],
			{"content-security-policy", pagePolicy},
		}
		out.Body = []byte(ans.Page)
		return out, nil
	}
	var err error
	if out.Body, err = json.Marshal(ans.Body, json.Deterministic(true)); err != nil {
		return Response{}, fmt.Errorf("api: encode answer: %w", err)
	}
	if ans.FreshFor > 0 {
		return c.cacheable(out, ans.FreshFor), nil
	}
	if ans.Replayed {
		out.Headers = append(slices.Clip(plainHeaders), [2]string{"idempotent-replayed", "true"})
	}
	return out, nil
}

func (c *Call) encodeProblem(p wire.Problem, cause error, replayed bool) Response {
	p.RequestID = c.Event.RequestID
	p.Instance = "urn:perennial:request:" + p.RequestID
	headers := [][2]string{{"content-type", "application/problem+json"}, plainHeaders[1], plainHeaders[2]}
	switch p.Status {
	case 401:
		headers = append(headers, [2]string{"www-authenticate", "Bearer"})
	case 405:
		if own, ok := errors.AsType[*Refusal](cause); ok {
			headers = append(headers, [2]string{"allow", own.allow})
		}
	case 429:
		headers = append(headers, [2]string{"retry-after", retryAfter(cause)})
	case 503:
		headers = append(headers, [2]string{"retry-after", retryAfter(cause)})
	}
	if replayed {
		headers = append(headers, [2]string{"idempotent-replayed", "true"})
	}
	body, err := json.Marshal(p, json.Deterministic(true))
	if err != nil {
		body = []byte(`{}`) // this does not happen, because a Problem contains only strings and numbers
	}
	return Response{p.Status, headers, body}
}

// readBody returns the body as it was sent, or nil if the route takes no body. It checks the size and the media type.
func (c *Call) readBody() ([]byte, error) {
	if c.Route.Body == NoBody {
		return nil, nil
	}
	if c.Event.undecodable {
		return nil, Refuse(invalidEncoding, "The body is declared as base64 but cannot be decoded.")
	}
	b := c.Event.Body
	limit := c.Route.Body
	if limit == MaybeBody {
		if len(b) == 0 {
			return []byte("{}"), nil
		}
		limit = SmallBody
	}
	switch {
	case c.Event.Headers.ContentEncoding != "":
		return nil, Refuse(unsupportedMediaType, "Send the body without a Content-Encoding.")
	case !isJSON(c.Event.Headers.ContentType):
		return nil, Refuse(unsupportedMediaType, "Send the body as application/json, in UTF-8.")
	case len(b) > int(limit):
		return nil, Refuse(payloadTooLarge, "The body must have at most %d bytes.", limit)
	}
	return b, nil
}
