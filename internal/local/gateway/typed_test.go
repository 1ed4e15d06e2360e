package gateway

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/stack/access"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// FuzzTypedEvent compares the event of a typed call with the decoded form of the event that API Gateway would send, for
// every request that net/http accepts.
func FuzzTypedEvent(f *testing.F) {
	const key = "PUT /v1/orders/{order}/lines/{line}"
	for _, raw := range []string{
		"PUT /v1/orders/1/lines/2 HTTP/1.1\r\nHost: api.test\r\nContent-Type: application/json\r\n" +
			"Content-Length: 2\r\nAuthorization: Bearer x\r\nIdempotency-Key: one\r\nidempotency-key: two\r\n\r\n{}",
		"PUT /v1/orders/%FF%fe/lines/a%20b?x=1&x=2&y=%C3%A9&%ff=1&%FE=2&;&z HTTP/1.1\r\nHost: \xff\r\n" +
			"Perennial-Client: \xff\xfe\r\nperennial-client: caf\xc3\xa9\r\nContent-Encoding: gzip\r\n\r\n",
		"PUT /v1/orders/%25%2F/lines/%00? HTTP/1.1\r\nHost: a\r\nCookie: a=1; b=2\r\nAuthorization:\r\n" +
			"Content-Type: application/octet-stream\r\nContent-Length: 3\r\n\r\n\xff\x00\n",
		"PUT /v1/orders/1/lines/2?a=%zz HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n" +
			"Content-Length: 6\r\n\r\n\xed\xa0\x80\"\\\xff",
	} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
		if err != nil || r.URL.Path == "*" {
			t.Skip()
		}
		mux, rt := http.NewServeMux(), &route{key: key, params: []string{"line", "order"}}
		mux.HandleFunc(key, func(_ http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Skip()
			}
			want, err := request.DecodeEvent(appendEvent(nil, rt, r, body, "req-1", noon))
			if err != nil {
				t.Fatal(err)
			}
			opts := cmp.Options{cmpopts.EquateEmpty(), cmp.AllowUnexported(request.Event{})}
			if d := cmp.Diff(want, newEvent(rt, r, body, "req-1"), opts); d != "" {
				t.Error("the typed event differs from the decoded event (-decoded +typed):", d)
			}
		})
		mux.ServeHTTP(httptest.NewRecorder(), r)
	})
}

// A typed function serves typed requests only.
type typed func(context.Context, request.Event) request.Response

func (f typed) Serve(ctx context.Context, e request.Event) request.Response { return f(ctx, e) }

func (f typed) Invoke(context.Context, []byte) ([]byte, error) {
	return nil, errors.New("the event was encoded")
}

// serveTyped returns the response to a request that a gateway passes to a function without an encoded event.
func serveTyped(f typed) *httptest.ResponseRecorder {
	g := New(func() time.Time { return noon }, slog.New(slog.DiscardHandler))
	g.Handle("POST /x", As("earn", f))
	rec := httptest.NewRecorder()
	g.ServeHTTP(rec, httptest.NewRequest("POST", "/x", strings.NewReader("{}")))
	return rec
}

func TestTypedCallHasContextOfInvocation(t *testing.T) {
	rec := serveTyped(func(ctx context.Context, e request.Event) request.Response {
		if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > functionTimeout {
			t.Error("the function has no deadline")
		}
		if lc, ok := lambdacontext.FromContext(ctx); !ok || lc.AwsRequestID != e.RequestID || e.RequestID == "" {
			t.Errorf("the request ID is %q in the event and differs in the context", e.RequestID)
		}
		guard := &access.Guard{} // denies every call of a function
		if _, err := guard.Table(nil).Get(ctx, table.Key{}); err == nil {
			t.Error("the function's calls are not marked")
		}
		return request.Response{Status: 201, Headers: [][2]string{{"x-a", "b"}, {"x-a", "c"}}, Body: e.Body}
	})
	if rec.Code != 201 || rec.Body.String() != "{}" || !slices.Equal(rec.Header().Values("X-A"), []string{"b", "c"}) ||
		rec.Header().Get("Content-Type") != "application/json" || rec.Header().Get("Apigw-Requestid") == "" {
		t.Error(rec.Code, rec.Header(), rec.Body)
	}
}

func TestFailedTypedCallGetsFixedResponse(t *testing.T) {
	for name, f := range map[string]typed{
		"a panic":   func(context.Context, request.Event) request.Response { panic("secret") },
		"no status": func(context.Context, request.Event) request.Response { return request.Response{} },
	} {
		if rec := serveTyped(f); rec.Code != 500 || rec.Body.String() != `{"message":"Internal Server Error"}` {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
		}
	}
}
