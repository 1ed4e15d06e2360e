package gateway

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"
	"github.com/perennial-loyalty/perennial/internal/local/gateway/gatewaytest"
)

// invoked is a function of a test.
type invoked func(context.Context, []byte) ([]byte, error)

func (f invoked) Invoke(ctx context.Context, payload []byte) ([]byte, error) { return f(ctx, payload) }

var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// behind serves one route with a function.
func behind(t *testing.T, route string, f invoked) *httptest.Server {
	t.Helper()
	g := New(func() time.Time { return noon }, slog.New(slog.DiscardHandler))
	g.Handle(route, f)
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	return server
}

func TestRequestIsConvertedToAPIGatewayEvent(t *testing.T) {
	var got events.APIGatewayV2HTTPRequest
	var id string
	server := behind(t,
		"PUT /v1/things/{thing}/parts/{part}", func(ctx context.Context, payload []byte) ([]byte, error) {
			if lc, ok := lambdacontext.FromContext(ctx); ok {
				id = lc.AwsRequestID
			}
			if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > functionTimeout {
				t.Error("the function has no deadline")
			}
			return []byte(`{"statusCode":204}`), json.Unmarshal(payload, &got)
		})
	resp, _ := gatewaytest.Do(
		t, "PUT", server.URL+"/v1/things/a%20b/parts/%22?x=1&x=2&y=%C3%A9", "{\"text\":\"<é>\\u0001\n\"}",
		"Content-Type", "application/json; charset=utf-8", "X-Twice", "one", "X-Twice", "two", "Cookie", "a=1; b=2")
	if resp.StatusCode != 204 || resp.Header.Get("Apigw-Requestid") != id || id == "" {
		t.Errorf("status %d, request ID %q and %q", resp.StatusCode, resp.Header.Get("Apigw-Requestid"), id)
	}
	host := strings.TrimPrefix(server.URL, "http://")
	want := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: "PUT /v1/things/{thing}/parts/{part}",
		RawPath: `/v1/things/a b/parts/"`, RawQueryString: "x=1&x=2&y=%C3%A9",
		Cookies: []string{"a=1", "b=2"},
		Headers: map[string]string{
			"host": host, "content-type": "application/json; charset=utf-8", "content-length": "22",
			"x-twice":    "one,two",
			"user-agent": "Go-http-client/1.1", "accept-encoding": "gzip", "x-forwarded-for": "127.0.0.1",
			"x-forwarded-proto": "http",
		},
		QueryStringParameters: map[string]string{"x": "1,2", "y": "é"},
		PathParameters:        map[string]string{"thing": "a b", "part": `"`},
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey: "PUT /v1/things/{thing}/parts/{part}", AccountID: "000000000000", Stage: "$default",
			RequestID: id,
			APIID:     "local", DomainName: host, DomainPrefix: "local", Time: "01/Dec/2026:12:00:00 +0000",
			TimeEpoch: noon.UnixMilli(),
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
				Method: "PUT", Path: `/v1/things/a b/parts/"`, Protocol: "HTTP/1.1", SourceIP: "127.0.0.1",
				UserAgent: "Go-http-client/1.1",
			},
		},
		Body: "{\"text\":\"<é>\\u0001\n\"}",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestBinaryBodyIsBase64(t *testing.T) {
	var got events.APIGatewayV2HTTPRequest
	server := behind(t, "POST /", func(_ context.Context, payload []byte) ([]byte, error) {
		got = events.APIGatewayV2HTTPRequest{}
		return []byte(`{"statusCode":200}`), json.Unmarshal(payload, &got)
	})
	for _, c := range []struct{ name, media, body string }{
		{"a form", "application/x-www-form-urlencoded", "a=1"},
		{"no content type", "", "a"},
		{"JSON that is not UTF-8", "application/json", "\"\xff\""},
	} {
		t.Run(c.name, func(t *testing.T) {
			gatewaytest.Do(t, "POST", server.URL+"/", c.body, "Content-Type", c.media)
			body, err := base64.StdEncoding.DecodeString(got.Body)
			if !got.IsBase64Encoded || string(body) != c.body || err != nil {
				t.Errorf("%v %q %v", got.IsBase64Encoded, body, err)
			}
		})
	}
}

func TestResponseOfFunctionIsWritten(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		status       int
		header       http.Header
		body         string
	}{
		{
			"text",
			`{"statusCode":201,"headers":{"content-type":"text/plain","x-a":"b"},"body":"h\u00e9\n\"",` +
				`"isBase64Encoded":false}`,
			201,
			http.Header{"Content-Type": {"text/plain"}, "X-A": {"b"}},
			"hé\n\"",
		},
		{
			"null members", `{"statusCode":200,"headers":null,"multiValueHeaders":null,"body":"","cookies":null}`,
			200,
			http.Header{"Content-Type": {"application/json"}},
			"",
		},
		{
			"many values",
			`{"cookies":["a=1","b=2"],"multiValueHeaders":{"X-M":["1","2"]},"statusCode":200,"unknown":[{}]}`,
			200,
			http.Header{"Set-Cookie": {"a=1", "b=2"}, "X-M": {"1", "2"}},
			"",
		},
		{"bytes", `{"statusCode":200,"body":"/wA=","isBase64Encoded":true}`, 200, nil, "\xff\x00"},
		{
			"base64 flag before the body", `{"isBase64Encoded":true,"statusCode":200,"body":"/wA="}`, 200, nil,
			"\xff\x00",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := behind(
				t, "GET /x", func(context.Context, []byte) ([]byte, error) { return []byte(c.answer), nil },
			)
			resp, body := gatewaytest.Do(t, "GET", server.URL+"/x", "")
			if resp.StatusCode != c.status || body != c.body {
				t.Errorf("%d %q", resp.StatusCode, body)
			}
			for name, want := range c.header {
				if d := cmp.Diff(want, resp.Header[name]); d != "" {
					t.Errorf("%s: %s", name, d)
				}
			}
		})
	}
}

func TestFailedFunctionGetsFixedResponse(t *testing.T) {
	for name, f := range map[string]invoked{
		"an error":  func(context.Context, []byte) ([]byte, error) { return nil, io.ErrUnexpectedEOF },
		"a panic":   func(context.Context, []byte) ([]byte, error) { panic("secret") },
		"no JSON":   func(context.Context, []byte) ([]byte, error) { return []byte(`secret`), nil },
		"no status": func(context.Context, []byte) ([]byte, error) { return []byte(`{}`), nil },
		"invalid base64": func(context.Context, []byte) ([]byte, error) {
			return []byte(`{"statusCode":200,"body":"#","isBase64Encoded":true}`), nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := behind(t, "GET /x", f)
			resp, body := gatewaytest.Do(t, "GET", server.URL+"/x", "")
			if resp.StatusCode != 500 || body != `{"message":"Internal Server Error"}` ||
				resp.Header.Get("Apigw-Requestid") == "" {
				t.Errorf("%d %s %v", resp.StatusCode, body, resp.Header)
			}
		})
	}
}

// TestBuffersAreReusedCleanly checks that a client that sends an incomplete request neither holds its buffers nor
// changes those of others.
func TestBuffersAreReusedCleanly(t *testing.T) {
	server := behind(t, "POST /echo", func(_ context.Context, payload []byte) ([]byte, error) {
		var e events.APIGatewayV2HTTPRequest
		if err := json.Unmarshal(payload, &e); err != nil {
			return nil, err
		}
		return json.Marshal(events.APIGatewayV2HTTPResponse{StatusCode: 200, Body: e.Body})
	})
	for i := range 200 {
		sent := `"` + strings.Repeat(string(rune('a'+i%26)), (i*7919)%5000) + `"`
		_, got := gatewaytest.Do(t, "POST", server.URL+"/echo", sent, "Content-Type", "application/json")
		if got != sent {
			t.Fatalf("round %d: got %d bytes of %d, or different ones", i, len(got), len(sent))
		}
	}
	if large := bytes.Repeat([]byte("x"), 300<<10); true {
		_, got := gatewaytest.Do(
			t, "POST", server.URL+"/echo", `"`+string(large)+`"`, "Content-Type", "application/json",
		)
		if len(got) != len(large)+2 {
			t.Errorf("got %d bytes", len(got))
		}
	}
}
