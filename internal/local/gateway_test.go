package local

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/perennial-loyalty/perennial/internal/api"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/local/gateway/gatewaytest"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// invoked is a function of a test.
type invoked func(context.Context, []byte) ([]byte, error)

func (f invoked) Invoke(ctx context.Context, payload []byte) ([]byte, error) { return f(ctx, payload) }

var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

func checkProblem(t *testing.T, resp *http.Response, body string, status int, code string) {
	t.Helper()
	var p struct {
		Status    int    `json:"status"`
		Code      string `json:"code"`
		Type      string `json:"type"`
		RequestID string `json:"request_id"`
	}
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		t.Errorf("%s is not a problem document: %v", body, err)
	}
	if resp.StatusCode != status || p.Status != status || p.Code != code || p.Type != wire.ProblemType+code ||
		resp.Header.Get("Content-Type") != "application/problem+json" || p.RequestID == "" {
		t.Errorf("%d %v %s, want %d %s", resp.StatusCode, resp.Header, body, status, code)
	}
}

func TestInvalidRequestsGetProblemDocuments(t *testing.T) {
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Close()
	stack, _, key := newStack(t, tab, NewClock(noon))
	server := httptest.NewServer(stack)
	defer server.Close()
	long := strings.Repeat("x", 10240)
	for _, c := range []struct {
		name, method, path, body string
		header                   string
		status                   int
		code                     string
	}{
		{"an unknown path", "GET", "/v1/nothing", "", "", 404, "not_found"},
		{"the root", "GET", "/", "", "", 404, "not_found"},
		{"a path with an empty segment", "GET", "/v1//rewards", "", "", 404, "not_found"},
		{"a path with ..", "GET", "/v1/members/../rewards", "", "", 404, "not_found"},
		{"a trailing slash", "GET", "/v1/rewards/", "", "", 404, "not_found"},
		{"another method", "DELETE", "/v1/orders/1", "", "", 405, "method_not_allowed"},
		{"HEAD", "HEAD", "/v1/rewards", "", "", 405, ""},
		{"TRACE", "TRACE", "/v1/rewards", "", "", 405, "method_not_allowed"},
		{
			"a body that is too large", "PUT", "/v1/orders/1", strings.Repeat(" ", 10<<20+1), "", 413,
			"payload_too_large",
		},
		{"headers that are too large", "GET", "/v1/rewards", "", long, 431, "headers_too_large"},
		{
			"headers that are much too large", "GET", "/v1/rewards", "", strings.Repeat(long, 5), 431,
			"headers_too_large",
		},
		{
			"a webhook of a known processor", "POST", "/v1/webhooks/bluebird/stripe", "{}", "", 503,
			"webhook_not_configured",
		},
		{"a webhook of an unknown processor", "POST", "/v1/webhooks/bluebird/paypa1", "{}", "", 404, "not_found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			resp, body := gatewaytest.Do(
				t, c.method, server.URL+c.path, c.body, "Authorization", "Bearer "+key, "X-Long", c.header,
			)
			if c.method != "HEAD" {
				checkProblem(t, resp, body, c.status, c.code)
			}
			if resp.StatusCode != c.status || (c.status == 405) != (resp.Header.Get("Allow") != "") {
				t.Errorf("%d, Allow %q", resp.StatusCode, resp.Header.Get("Allow"))
			}
			if c.status == 503 && resp.Header.Get("Retry-After") == "" {
				t.Error("Retry-After is missing")
			}
		})
	}
}

// TestUnroutedRequestsGetSameResponseAsOnLambda checks the default route: API Gateway invokes the same function, so
// this machine and Lambda respond with the same bytes.
func TestUnroutedRequestsGetSameResponseAsOnLambda(t *testing.T) {
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Close()
	stack, _, _ := newStack(t, tab, NewClock(noon))
	server := httptest.NewServer(stack)
	defer server.Close()
	onLambda := api.Members(stack.App)
	for _, c := range []struct {
		method, path, allow string
		status              int
	}{
		{"GET", "/v1/nothing", "", 404},
		{"GET", "/", "", 404},
		{"GET", "/v1//rewards", "", 404},
		{"GET", "/v1/members/../rewards", "", 404},
		{"DELETE", "/v1/orders/1", "GET, PUT", 405},
		{"OPTIONS", "/v1/members", "GET, POST", 405},
		{"GET", "/v1/webhooks/bluebird/stripe", "POST", 405},
	} {
		resp, body := gatewaytest.Do(t, c.method, server.URL+c.path, "")
		event, err := json.Marshal(events.APIGatewayV2HTTPRequest{
			RouteKey: "$default", RawPath: "/live" + c.path,
			RequestContext: events.APIGatewayV2HTTPRequestContext{
				Stage: "live", RequestID: resp.Header.Get("Apigw-Requestid"),
				HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{Method: c.method},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		out, err := onLambda.Invoke(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		var want events.APIGatewayV2HTTPResponse
		if err := json.Unmarshal(out, &want); err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != c.status || resp.StatusCode != want.StatusCode || body != want.Body ||
			resp.Header.Get("Allow") != c.allow {
			t.Errorf(
				"%s %s: %d, Allow %q, %s; on Lambda %d %s", c.method, c.path, resp.StatusCode,
				resp.Header.Get("Allow"), body, want.StatusCode, want.Body,
			)
		}
		for name, value := range want.Headers {
			if resp.Header.Get(name) != value {
				t.Errorf("%s %s: %s is %q, on Lambda %q", c.method, c.path, name, resp.Header.Get(name), value)
			}
		}
	}
}
