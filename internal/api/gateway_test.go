package api

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/goldentest"
	"github.com/perennial-loyalty/perennial/internal/local/gateway"
	"github.com/perennial-loyalty/perennial/internal/seedtest"
)

// A throughGateway sends the requests of a world over HTTP and records the complete responses.
type throughGateway struct {
	*world
	gateway   *gateway.Gateway
	responses bytes.Buffer
}

// encodedOnly hides the method Serve of a function, so that the gateway encodes its events.
type encodedOnly struct{ lambda.Handler }

// onGateway returns a world whose requests go through a gateway. If typed is false, the gateway encodes the events.
func onGateway(t *testing.T, typed bool) *world {
	w := openWorld(t, memory(t), seedtest.Random(0), nil)
	g := gateway.New(w.clock, slog.New(slog.DiscardHandler))
	g.NewID = func() string { return fmt.Sprintf("req-%06d", w.last) }
	handle := func(key, function string) {
		h := w.handlers[function]
		if _, ok := h.(gateway.Server); !ok {
			t.Fatalf("the function %s has no typed calls", function)
		}
		if !typed {
			h = encodedOnly{h}
		}
		g.Handle(key, h)
	}
	for _, r := range request.Routes() {
		if w.handlers[r.Function] != nil {
			handle(r.Pattern, r.Function)
		}
	}
	handle(request.DefaultRoute, request.DefaultFunction)
	w.http = &throughGateway{world: w, gateway: g}
	return w
}

func (g *throughGateway) send(r sentRequest) (answered, string) {
	g.t.Helper()
	g.last++
	body := r.body
	if r.base64 != "" {
		body, _ = base64.StdEncoding.DecodeString(r.base64)
	}
	var raw bytes.Buffer
	fmt.Fprintf(&raw, "%s %s HTTP/1.1\r\nContent-Length: %d\r\n", r.method, r.path, len(body))
	for name, value := range g.headers(r, fmt.Sprintf("req-%06d", g.last)) {
		fmt.Fprintf(&raw, "%s: %s\r\n", name, value)
	}
	raw.WriteString("\r\n")
	raw.Write(body)
	req, err := http.ReadRequest(bufio.NewReader(&raw))
	if err != nil {
		return answered{status: http.StatusBadRequest}, "" // a server does not pass it to the gateway
	}
	req.RemoteAddr = "203.0.113.7:1"
	rec := httptest.NewRecorder()
	g.gateway.ServeHTTP(rec, req)
	fmt.Fprintf(&g.responses, "%s %s => %d %v %s\n", r.method, r.path, rec.Code, rec.Header(), rec.Body)
	a := answered{status: rec.Code, header: map[string]string{}, body: rec.Body.Bytes()}
	for name, values := range rec.Header() {
		if name != "Apigw-Requestid" {
			a.header[strings.ToLower(name)] = values[0]
		}
	}
	g.parse(r, &a)
	pattern, _, _ := g.route(r)
	return a, pattern
}

// sameThroughGateway runs the same requests twice: once with typed calls of the functions, and once with encoded
// events. The responses and the tables must be the same.
func sameThroughGateway(t *testing.T, requests func(*testing.T, *world)) {
	t.Helper()
	run := func(typed bool) string {
		w := onGateway(t, typed)
		requests(t, w)
		if w.http.responses.Len() == 0 {
			t.Error("no request was sent")
		}
		return w.http.responses.String() + w.dump()
	}
	encoded := run(false)
	if diff := goldentest.Difference(encoded, run(true)); diff != "" {
		t.Error("typed calls differ from encoded events:", diff)
	}
}

func TestTypedCallsOfScripts(t *testing.T) {
	for _, file := range scripts(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			sameThroughGateway(t, func(_ *testing.T, w *world) {
				w.transcript = &w.http.responses
				s := &script{world: w, file: file, vars: map[string]string{}, replayed: map[string]bool{}}
				s.run(strings.Split(string(raw), "\n"))
			})
		})
	}
}

func TestTypedCallsOfEveryRoute(t *testing.T) {
	sameThroughGateway(t, func(t *testing.T, w *world) {
		w.spec = loadSpec(t)
		newMatrix(w).run(t)
	})
}

func TestTypedCallsOfUnusualBodies(t *testing.T) {
	sameThroughGateway(t, func(_ *testing.T, w *world) {
		w.publish("bluebird", []byte(programSource(t, "generous")), 1)
		ada := w.must("POST", "/v1/members", `{"external_id": "cust"}`)
		media := []string{
			"application/json", "text/plain", "application/octet-stream", "application/json; charset=utf-8",
		}
		for i, seed := range append(orderSeeds(ada), eventSeeds(ada)...) {
			for _, m := range media {
				header := map[string]string{"content-type": m}
				w.do(sentRequest{
					method: "PUT", path: fmt.Sprintf("/v1/orders/%d", i), body: []byte(seed), header: header,
				})
				w.do(sentRequest{method: "POST", path: "/v1/events", body: []byte(seed), header: header})
			}
		}
	})
}
