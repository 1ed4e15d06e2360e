package api_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/perennial-loyalty/perennial/internal/api"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/program"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
	"github.com/perennial-loyalty/perennial/internal/stack/access"
	"github.com/perennial-loyalty/perennial/internal/stack/stacktest"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// TestTheGeneratedClientSpeaksWithTheFunctions enrols, orders and is refused through the client and real HTTP.
func TestTheGeneratedClientSpeaksWithTheFunctions(t *testing.T) {
	client := newClient(t)
	m, err := client.EnrolMemberWithResponse(t.Context(), &wire.EnrolMemberParams{IdempotencyKey: "0123456789abcdef"},
		wire.EnrolRequest{ExternalID: "cust-42"})
	if err != nil || m.JSON201 == nil {
		t.Fatalf("%v %s", err, m.Body)
	}
	o, err := client.PutOrderWithResponse(t.Context(), "1042", wire.OrderRequest{
		Member: m.JSON201.ID, PlacedAt: start, Currency: "EUR", Status: wire.OrderRequestStatusPaid,
		Lines: []wire.Line{{ID: "1", Category: "coffee-beans", Quantity: 2, Amount: 2999}},
	})
	if err != nil || o.JSON201 == nil || o.JSON201.Points != 59 || o.JSON201.Entries[0].Status != wire.EntryStatusPending {
		t.Fatalf("%v %s", err, o.Body)
	}
	e, err := client.PutEventWithResponse(t.Context(), wire.EventRequest{
		Member: m.JSON201.ID, Type: "visit.completed", ID: "778", At: start, Data: map[string]any{"store": "berlin", "minutes": 7.5},
	})
	if err != nil || e.JSON201 == nil || e.JSON201.Event.Data["minutes"] != 7.5 {
		t.Fatalf("%v %s", err, e.Body)
	}
	r, err := client.RedeemRewardWithResponse(t.Context(), &wire.RedeemRewardParams{IdempotencyKey: "0123456789abcdef"},
		wire.RedemptionRequest{Member: m.JSON201.ID, Reward: "free-mug"})
	if err != nil || r.ApplicationProblemJSON409 == nil || *r.ApplicationProblemJSON409.Needed != 1200 {
		t.Fatalf("%v %s", err, r.Body)
	}
}

var start = time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)

func newClient(t *testing.T) *wire.ClientWithResponses {
	t.Helper()
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tab.Close() })
	a := &app.App{
		Table: stacktest.Guard(t).Table(tab), Now: func() time.Time { return start }, Log: slog.New(slog.NewJSONHandler(io.Discard, nil)),
		Stage: app.Test, Secret: []byte("0123456789abcdefghijklmnopqrstuv"),
	}
	if err := a.Wire(); err != nil {
		t.Fatal(err)
	}
	p, problems := program.Compile(program.Demo())
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	in := ledger.Published{Program: "bluebird", Source: program.Demo(), Snapshot: snapshot.Encode(p)}
	if err := a.Ledger.Publish(t.Context(), in, 0); err != nil {
		t.Fatal(err)
	}
	key, _, err := a.Keys.Create(t.Context(), "bluebird", auth.Admin)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gateway(t, a))
	t.Cleanup(server.Close)
	client, err := wire.NewClientWithResponses(server.URL, wire.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+key)
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// gateway hands requests to the functions by the very patterns of Routes, as net/http matches them.
func gateway(t *testing.T, a *app.App) http.Handler {
	functions := map[string]lambda.Handler{"members": api.Members(a), "earn": api.Earn(a), "redeem": api.Redeem(a), "programs": api.Programs(api.Reader{Check: program.Check, Explain: program.Explain, Diff: program.Diff})(a)}
	mux := http.NewServeMux()
	for _, route := range api.Routes() {
		function := functions[route.Function]
		if function == nil {
			continue
		}
		function = access.Handler(route.Function, function)
		mux.HandleFunc(route.Pattern, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			headers, params := map[string]string{}, map[string]string{}
			for name := range r.Header {
				headers[strings.ToLower(name)] = r.Header.Get(name)
			}
			for _, name := range []string{"member", "order", "redemption", "entry", "event", "campaign", "reward", "code"} {
				if strings.Contains(route.Pattern, "{"+name+"}") {
					params[name] = r.PathValue(name)
				}
			}
			event, _ := json.Marshal(map[string]any{
				"routeKey": route.Pattern, "rawPath": r.URL.Path, "headers": headers, "pathParameters": params, "body": string(body),
			})
			out, err := function.Invoke(r.Context(), event)
			var answer struct {
				StatusCode int
				Headers    map[string]string
				Body       string
			}
			if err != nil || json.Unmarshal(out, &answer) != nil {
				t.Errorf("%s: %s %v", route.Pattern, out, err)
			}
			for name, value := range answer.Headers {
				w.Header().Set(name, value)
			}
			w.WriteHeader(answer.StatusCode)
			_, _ = io.WriteString(w, answer.Body)
		})
	}
	return mux
}
