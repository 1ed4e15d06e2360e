package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"path"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
)

// The quotas of API Gateway for an HTTP API
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html).
const (
	maxBody    = 10 << 20
	maxHeaders = 10240
)

// functionTimeout is the timeout of the API's functions in template.yaml.
const functionTimeout = 10 * time.Second

// A gateway emulates the HTTP API. It finds the route of a request, converts the request to the event that API Gateway
// would send, invokes the function with this event and writes the response. If a request has no route, or API Gateway
// would reject it, the gateway answers with a problem document.
type gateway struct {
	mux      *http.ServeMux
	fallback *route // serves requests without another route; nil: they get status 404
	now      func() time.Time
	log      *slog.Logger
}

// A route is one route of the HTTP API. Its key is also a pattern of net/http.
type route struct {
	key     string
	params  []string
	handler lambda.Handler
}

func newGateway(now func() time.Time, log *slog.Logger) *gateway {
	g := &gateway{mux: http.NewServeMux(), now: now, log: log}
	g.mux.HandleFunc("/", g.unrouted)
	return g
}

// handle sends the requests of a route key ("PUT /v1/orders/{order}") to a function. The key "$default" receives
// the requests without another route.
func (g *gateway) handle(key string, h lambda.Handler) {
	rt := &route{key: key, handler: h}
	if key == request.DefaultRoute {
		g.fallback = rt
		return
	}
	for segment := range strings.SplitSeq(key, "/") {
		if strings.HasPrefix(segment, "{") {
			rt.params = append(rt.params, strings.Trim(segment, "{}"))
		}
	}
	g.mux.HandleFunc(key, func(w http.ResponseWriter, r *http.Request) { g.invoke(w, r, rt) })
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The mux would redirect a path with "//" or ".." and treat HEAD as GET; API Gateway does neither.
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

// unrouted sends a request without a route to the default route.
func (g *gateway) unrouted(w http.ResponseWriter, r *http.Request) {
	if g.fallback == nil {
		refuse(w, notFound, requestID())
		return
	}
	g.invoke(w, r, g.fallback)
}

// work contains the reusable buffers of one request.
type work struct {
	body   bytes.Buffer
	event  []byte
	answer answer
}

var works = sync.Pool{New: func() any { return new(work) }}

func (g *gateway) invoke(w http.ResponseWriter, r *http.Request, rt *route) {
	id := requestID()
	if headerBytes(r) > maxHeaders {
		refuse(w, headersTooLarge, id)
		return
	}
	wk := works.Get().(*work)
	defer wk.release()
	wk.body.Reset()
	if _, err := wk.body.ReadFrom(http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			refuse(w, payloadTooLarge, id)
		}
		return // other errors mean that the client disconnected or sent invalid HTTP
	}
	wk.event = appendEvent(wk.event[:0], rt, r, wk.body.Bytes(), id, g.now())

	raw, err := call(rt.handler, wk.event, id, functionTimeout)
	if err == nil {
		err = wk.answer.read(raw)
	}
	if err != nil {
		g.log.Error("function failed", "route", rt.key, "request_id", id, "err", err)
		failed(w, id)
		return
	}
	wk.answer.write(w, id)
}

// release returns the buffers to the pool unless they are large.
func (wk *work) release() {
	const keep = 256 << 10
	if wk.body.Cap() <= keep && cap(wk.event) <= keep && cap(wk.answer.body) <= keep {
		works.Put(wk)
	}
}

// call invokes a function as Lambda does: with its own deadline and context, even if the client disconnects. A
// panic, which would end the process on Lambda, becomes an error.
func call(h lambda.Handler, event []byte, id string, timeout time.Duration) (out []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("local: panic: %v\n%s", p, debug.Stack())
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return h.Invoke(lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: id}), event)
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

// requestID returns an ID that is unique within one machine's log.
func requestID() string {
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

// A problem is an error response of the gateway. It has the same wording as the API's error catalog.
type problem struct {
	status              int
	code, title, detail string
}

var (
	notFound         = problem{404, "not_found", "Not found", "There is no resource at this path."}
	methodNotAllowed = problem{
		405, "method_not_allowed", "Method not allowed", "The path supports other methods; see the Allow header.",
	}
	payloadTooLarge = problem{413, "payload_too_large", "Payload too large", "A request body has at most 10 MB."}
	headersTooLarge = problem{
		431, "headers_too_large", "Headers too large",
		"The request line and the headers have at most 10,240 bytes together.",
	}
)

// failed responds like an HTTP API whose function returned an error, exited, timed out or returned no response: see
// "Troubleshooting issues with HTTP API Lambda integrations"
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html). The response
// is not a problem document, because an HTTP API cannot change it. The integration timeout of 30 seconds, after
// which an HTTP API returns 503 or 504, is never reached, because the functions of the API have shorter timeouts.
func failed(w http.ResponseWriter, id string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Apigw-Requestid", id)
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = io.WriteString(w, `{"message":"Internal Server Error"}`)
}

func refuse(w http.ResponseWriter, p problem, id string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Apigw-Requestid", id)
	w.WriteHeader(p.status)
	_, _ = io.WriteString(w, fmt.Sprintf(`{"type":"%s%s","title":%q,"status":%d,"code":%q,"detail":%q,`+
		`"instance":"urn:perennial:request:%s","request_id":%q,"errors":[]}`,
		wire.ProblemType, p.code, p.title, p.status, p.code, p.detail, id, id))
}
