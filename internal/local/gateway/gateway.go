// Package gateway emulates an HTTP API of API Gateway.
//
// A Gateway finds the route of a request and calls the function of the route with the event that API Gateway would
// send. If the function takes a request.Event, the gateway passes the same fields without encoding them, and the
// response is the same. If a request has no route, or if API Gateway would reject the request, the response is a
// problem document.
//
// Deliberate limits: there are no throttling, authorizers, stages or CORS.
package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"path"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/stack/access"
)

// These constants are quotas of API Gateway for an HTTP API
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html).
const (
	maxBody    = 10 << 20
	maxHeaders = 10240
)

// functionTimeout is the timeout that template.yaml sets for the functions of the API.
const functionTimeout = 10 * time.Second

// A Server is a function that takes requests as a request.Event, without encoding. Serve returns the response that
// Invoke would encode. It must return before the deadline of ctx, which does not end at the deadline. It must not use
// the body of the event after it has returned.
type Server interface {
	Serve(ctx context.Context, e request.Event) request.Response
}

// A Gateway is the http.Handler of an HTTP API. Set its fields before the first request.
type Gateway struct {
	Now   func() time.Time
	Log   *slog.Logger
	NewID func() string // returns the ID of each request

	mux      *http.ServeMux
	fallback *route // receives the requests that have no other route; if it is nil, their response is 404
}

// A route is one route of the HTTP API. Its key is also a pattern of net/http.
type route struct {
	key     string
	params  []string
	handler lambda.Handler
	server  Server // the handler, if it takes requests without an encoded event; otherwise nil
}

// New returns a gateway without routes.
func New(now func() time.Time, log *slog.Logger) *Gateway {
	g := &Gateway{Now: now, Log: log, NewID: RequestID, mux: http.NewServeMux()}
	g.mux.HandleFunc("/", g.unrouted)
	return g
}

// As returns a handler whose calls are made by the given function. It is a Server if h is one.
func As(function string, h lambda.Handler) lambda.Handler {
	marked := access.Handler(function, h)
	if s, ok := h.(Server); ok {
		return server{marked, function, s}
	}
	return marked
}

type server struct {
	lambda.Handler
	function string
	next     Server
}

func (s server) Serve(ctx context.Context, e request.Event) request.Response {
	return s.next.Serve(access.As(ctx, s.function), e)
}

// Handle defines a route. Requests that match the route key, such as "PUT /v1/orders/{order}", are sent to the
// function. The key "$default" matches the requests that have no other route.
func (g *Gateway) Handle(key string, h lambda.Handler) {
	rt := &route{key: key, handler: h}
	rt.server, _ = h.(Server)
	if key == request.DefaultRoute {
		g.fallback = rt
		return
	}
	for segment := range strings.SplitSeq(key, "/") {
		if strings.HasPrefix(segment, "{") {
			rt.params = append(rt.params, strings.Trim(segment, "{}"))
		}
	}
	slices.Sort(rt.params) // the parameters of an encoded event have the same order
	g.mux.HandleFunc(key, func(w http.ResponseWriter, r *http.Request) { g.invoke(w, r, rt) })
}

func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// API Gateway does not redirect a path with "//" or "..", and does not treat HEAD as GET. The mux would do both.
	if p := r.URL.Path; path.Clean(p) != p {
		g.unrouted(w, r)
		return
	}
	if r.Method == http.MethodHead || r.Method == http.MethodConnect {
		g.unrouted(w, r)
		return
	}
	g.mux.ServeHTTP(w, r)
}

// unrouted sends a request that has no route to the default route.
func (g *Gateway) unrouted(w http.ResponseWriter, r *http.Request) {
	if g.fallback == nil {
		Refuse(w, notFound, g.NewID())
		return
	}
	g.invoke(w, r, g.fallback)
}

// work contains the buffers for one request. They are used again for later requests.
type work struct {
	body   bytes.Buffer
	event  []byte
	answer answer
}

var works = sync.Pool{New: func() any { return new(work) }}

func (g *Gateway) invoke(w http.ResponseWriter, r *http.Request, rt *route) {
	id := g.NewID()
	if headerBytes(r) > maxHeaders {
		Refuse(w, headersTooLarge, id)
		return
	}
	wk := works.Get().(*work)
	defer wk.release()
	wk.body.Reset()
	if _, err := wk.body.ReadFrom(http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			Refuse(w, payloadTooLarge, id)
		}
		return // other errors mean that the client disconnected or sent invalid HTTP
	}
	if err := g.respond(w, r, rt, wk, id); err != nil {
		g.Log.Error("function failed", "route", rt.key, "request_id", id, "err", err)
		failed(w, id)
	}
}

// respond calls the function and writes the function's response. If respond returns an error, it has written nothing.
func (g *Gateway) respond(w http.ResponseWriter, r *http.Request, rt *route, wk *work, id string) error {
	if rt.server != nil {
		resp, err := serve(rt.server, newEvent(rt, r, wk.body.Bytes(), id))
		if err != nil {
			return err
		}
		if err := checkStatus(resp.Status); err != nil {
			return err
		}
		write(w, resp.Status, resp.Headers, resp.Body, id)
		return nil
	}
	wk.event = appendEvent(wk.event[:0], rt, r, wk.body.Bytes(), id, g.Now())
	raw, err := Invoke(rt.handler, wk.event, id, functionTimeout)
	if err != nil {
		return err
	}
	if err := wk.answer.read(raw); err != nil {
		return err
	}
	wk.answer.write(w, id)
	return nil
}

// release returns the buffers to the pool, unless they are large.
func (wk *work) release() {
	const keep = 256 << 10
	if wk.body.Cap() <= keep && cap(wk.event) <= keep && cap(wk.answer.body) <= keep {
		works.Put(wk)
	}
}

// Invoke invokes a function as Lambda does, with its own deadline and context, even if the client disconnects. It
// converts a panic to an error; on Lambda, a panic would end the process.
func Invoke(h lambda.Handler, event []byte, id string, timeout time.Duration) (out []byte, err error) {
	defer recovered(&err)
	ctx, cancel := invocation(id, timeout)
	defer cancel()
	return h.Invoke(ctx, event)
}

// serve is like Invoke, but for a Server, which takes a request that is not encoded.
func serve(s Server, e request.Event) (resp request.Response, err error) {
	defer recovered(&err)
	return s.Serve(withID(deadline{context.Background(), time.Now().Add(functionTimeout)}, e.RequestID), e), nil
}

// A deadline is a context that has a deadline but does not end. The function of a Server ends its own context before
// the deadline (app.Begin), so that a request needs only one timer.
type deadline struct {
	context.Context
	at time.Time
}

func (d deadline) Deadline() (time.Time, bool) { return d.at, true }

// invocation returns the context of an invocation.
func invocation(id string, timeout time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	return withID(ctx, id), cancel
}

// withID returns a context with the ID of an invocation.
func withID(ctx context.Context, id string) context.Context {
	return lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: id})
}

// recovered recovers from a panic and stores the panic as an error in err. It must be called with defer.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("gateway: panic: %v\n%s", p, debug.Stack())
	}
}

func headerBytes(r *http.Request) int {
	n := len(r.Method) + len(r.RequestURI) + len(r.Proto) + len(r.Host)
	for name, values := range r.Header {
		for _, v := range values {
			n += len(name) + len(v)
		}
	}
	return n
}

// RequestID returns an ID that is unique in the log of one machine.
func RequestID() string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz234567"
	var b [16]byte
	bits := rand.Uint64()
	for i := range b {
		if i == 12 {
			bits = rand.Uint64()
		}
		b[i] = alphabet[bits&31]
		bits >>= 5
	}
	return string(b[:])
}
