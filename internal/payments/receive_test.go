package payments

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/service"
)

var at12 = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// A delivery has an identity and a mark. The mark depends on the report and not on the formatting of the body. The
// mark of an unusable event depends on the body.
func TestDeliveriesAreMarked(t *testing.T) {
	r := &Receiver{fingerprint: digest, email: func(program, email string) stored.Identity {
		return stored.Identity{Value: program + "/" + email}
	}}
	con := &connection{program: "corner", provider: app.Stripe}
	paid := func(address string) webhook.Event {
		return webhook.Event{ID: "evt_1", Type: "paid", Report: &webhook.Report{
			Address: address,
			Report:  service.Report{Payment: "p1", Facts: []loyalty.Fact{{ID: "f1", Clock: 5}}},
		}}
	}
	body := arrival{Message: webhook.Message{Body: []byte(`{"a":1}`)}, at: at12}
	spaced := arrival{Message: webhook.Message{Body: []byte(`{ "a": 1 }`)}, at: at12}
	d, report := r.delivery(con, body, paid("ada@shop.test"), true)
	want := service.Report{
		Payment: "p1", Email: "corner/ada@shop.test", Facts: []loyalty.Fact{{ID: "f1", Clock: 5, At: at12}},
	}
	if diff := cmp.Diff(&want, report); diff != "" || d.Event != "evt_1" {
		t.Errorf("%+v (-want +got):\n%s", d, diff)
	}
	if _, report := r.delivery(con, body, paid(""), true); report.Email != "" {
		t.Errorf("an event without an address has the hash %q", report.Email)
	}
	again, _ := r.delivery(con, spaced, paid("ada@shop.test"), true)
	changed, _ := r.delivery(con, body, paid("eve@shop.test"), true)
	if d.Mark == "" || again.Mark != d.Mark || changed.Mark == d.Mark {
		t.Errorf("marks %q, %q, %q", d.Mark, again.Mark, changed.Mark)
	}
	d, _ = r.delivery(con, body, webhook.Event{ID: "evt_1", Type: "paid"}, false)
	again, _ = r.delivery(con, spaced, webhook.Event{ID: "evt_1", Type: "paid"}, false)
	if again.Mark == d.Mark {
		t.Error("unusable events with two bodies have the same mark")
	}
	d, report = r.delivery(con, body, webhook.Event{}, true)
	if report != nil || d.Event != "body-"+webhook.Digest(body.Body) {
		t.Errorf("%+v, %v", d, report)
	}
	readBack := body
	readBack.clock = 9
	if _, report := r.delivery(con, readBack, paid(""), true); report.Facts[0].Clock != 9 {
		t.Errorf("%+v", report)
	}
}

// The mark of PayPal's events is that of the provider, and their facts are those of PayPal's API.
func TestMarkOfProvider(t *testing.T) {
	in := arrival{Message: webhook.Message{Transmission: "T-1", Body: []byte(`{}`)}, at: at12}
	e := webhook.Event{ID: "WH-1", Mark: "m", Report: &webhook.Report{
		Report: service.Report{Payment: "p1", Facts: []loyalty.Fact{{ID: "f1"}}},
	}}
	d, report := (&Receiver{fingerprint: digest}).delivery(&connection{provider: app.PayPal}, in, e, true)
	if d.Transmission != "T-1" || d.Mark != digest("", []byte("m")) || !report.Facts[0].At.IsZero() {
		t.Errorf("%+v, %+v", d, report)
	}
}

// Only objects that the provider's API has are read back, and only with access to it.
func TestReadBackNeedsAccess(t *testing.T) {
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests++
		w.WriteHeader(http.StatusNotFound)
	}))
	defer server.Close()
	a := &app.App{HTTP: server.Client(), Log: slog.New(slog.DiscardHandler)}
	for _, c := range []struct {
		provider string
		kind     loyalty.FactKind
		secret   string
		want     int
	}{
		{app.Stripe, loyalty.FactRefund, "secret", 1},
		{app.Stripe, loyalty.FactRefund, "", 0},
		{app.Stripe, loyalty.FactParts, "secret", 0},
		{app.Adyen, loyalty.FactRefund, "secret", 0},
	} {
		requests = 0
		con := newConnection(a, "corner", c.provider, app.Processor{API: server.URL, APISecret: c.secret})
		(&Receiver{app: a}).readBack(t.Context(), con, []loyalty.Fact{{Kind: c.kind, ID: "x"}})
		if requests != c.want {
			t.Errorf("%s, %s, secret %q: %d requests, want %d", c.provider, c.kind, c.secret, requests, c.want)
		}
	}
}
