package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
)

// TestWebhooksAreTriggeredListedShownAndReplayed checks that events sent to a running stack are in its data
// directory and can be shown and replayed without a second effect.
func TestWebhooksAreTriggeredListedShownAndReplayed(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	file := writeProgram(t, "examples:", "payments: { award: payments }\nexamples:")
	p := start(t, "--empty", "--json", "--data", data, "--program", file)
	if status, answer, err := p.call(
		"POST", "/v1/members", "the-key-of-a-member", `{"external_id":"demo-001"}`,
	); status != 201 || err != nil {
		t.Fatal(status, answer, err)
	}
	status, answer, err := p.call("POST", "/v1/members", "the-key-of-a-customer", `{"external_id":"8"}`)
	if status != 201 || err != nil {
		t.Fatal(status, answer, err)
	}
	now := time.Now().UTC()
	const first = "stripe payment_intent.succeeded --id evt_1 --payment pi_1 --member " +
		"external:demo-001 --total 2000 --at "
	for _, c := range []struct{ args, want string }{
		{first + now.Format(time.RFC3339), `"outcome":"applied"`},
		{first + now.Format(time.RFC3339), `"outcome":"duplicate"`},
		{"stripe charge.refunded --id evt_2 --payment pi_1 --total 2000 --refunded 500", `"outcome":"applied"`},
		{"stripe refund.created --id evt_3 --payment pi_1 --amount 9900", `"code":"refund_exceeds_payment"`},
		{"stripe refund.created --id evt_4 --payment pi_1 --amount 100 --currency USD", `"code":"currency_mismatch"`},
		{"shopify orders/paid --payment 42 --customer 7", `"outcome":"applied"`},
		{"square payment.updated", `"outcome":"applied"`},
		{"adyen AUTHORISATION --order 77", `"outcome":"applied"`},
		{"standard payment.captured", `"outcome":"applied"`},
		{
			"paypal PAYMENT.CAPTURE.COMPLETED --payment 5O1 --member external:demo-001 --total 2000",
			`"outcome":"applied"`,
		},
		{"paypal PAYMENT.CAPTURE.REFUNDED --payment 5O1 --object 1JU --amount 500", `"outcome":"applied"`},
		{"paypal CUSTOMER.DISPUTE.CREATED --payment 5O1 --object PP-D-1 --amount 100", `"outcome":"applied"`},
		{"shopify customers/data_request --customer 8", `"outcome":"data_requested"`},
	} {
		out, errs, status := run(t, append([]string{"trigger", "--url", p.url}, strings.Fields(c.args)...)...)
		if status != 0 || !strings.Contains(out, c.want) {
			t.Errorf("%s: %d %s%s", c.args, status, out, errs)
		}
	}
	if _, errs, status := run(t, "trigger", "--url", p.url, "stripe", "charge.refund"); status != 1 ||
		!strings.Contains(errs, "charge.refunded") {
		t.Errorf("%d %s", status, errs)
	}
	if _, answer, err := p.call("GET", "/v1/orders/paypal:5O1", "", ""); err != nil || answer["points"] != 14.0 {
		t.Errorf("20.00 of which 5.00 were refunded and 1.00 is contested: %v, %v", answer, err)
	}
	order := func() string {
		_, answer, err := p.call("GET", "/v1/orders/stripe:pi_1", "", "")
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(answer)
	}
	before := order()
	if err := p.stop(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}

	at := []string{"--data", data, "--program", "bluebird"}
	webhooks := func(args ...string) string {
		t.Helper()
		out, errs, status := run(t, append(append([]string{"webhooks"}, args...), at...)...)
		if status != 0 {
			t.Errorf("%v: %d %s", args, status, errs)
		}
		return out
	}
	list := webhooks("list")
	if strings.Count(list, "applied") != 9 || !strings.Contains(list, "evt_2") || strings.Contains(list, "evt_4 ") {
		t.Error(list)
	}
	i := strings.Index(list, "body-")
	if id, _, _ := strings.Cut(list[max(i, 0):], " "); i < 0 || !strings.Contains(list, answer["id"].(string)) ||
		!strings.Contains(webhooks("show", "shopify", id), answer["id"].(string)) {
		t.Errorf("the member of the data request is not listed and shown:\n%s", list)
	}
	list = webhooks("list", "--quarantined")
	if !strings.Contains(list, "refund_exceeds_payment") || !strings.Contains(list, "currency_mismatch") {
		t.Error(list)
	}
	shown := webhooks("show", "stripe", "evt_1")
	if !strings.Contains(shown, "applied") || !strings.Contains(shown, `"amount_received":2000`) ||
		!strings.Contains(shown, "stripe:pi_1") {
		t.Error(shown)
	}
	for _, event := range []string{"evt_1", "evt_2", "evt_2"} {
		if out := webhooks("replay", "stripe", event); out != event+" applied\n" {
			t.Error(out)
		}
	}
	if out := webhooks("replay", "stripe", "evt_4"); out != "evt_4 quarantined currency_mismatch\n" {
		t.Error(out)
	}
	webhooks("replay", "stripe", "evt_3") // removes the event from the list
	if list := webhooks("list", "--quarantined"); strings.Contains(list, "refund_exceeds_payment") ||
		!strings.Contains(list, "evt_4 ") {
		t.Error(list)
	}
	if _, errs, status := run(t, append([]string{"webhooks", "show", "stripe", "evt_9"}, at...)...); status != 1 ||
		!strings.Contains(errs, "no event evt_9") {
		t.Errorf("%d %s", status, errs)
	}
	if _, errs, status := run(
		t,
		append([]string{"webhooks", "backfill", "--provider", "stripe", "--since", "2026-12-01T10:00:00Z"}, at...)...,
	); status != 1 || !strings.Contains(errs, "no api_secret") {
		t.Errorf("%d %s", status, errs)
	}

	p = start(t, "--empty", "--json", "--data", data, "--program", file)
	if after := order(); after != before {
		t.Errorf("replaying changed\n%s\nto\n%s", before, after)
	}
}

// TestMissedEventsAreCaughtUp checks that events that were missed while the stack was stopped are requested and counted
// once, even if the request is repeated.
func TestMissedEventsAreCaughtUp(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p := start(
		t, "--empty", "--json", "--data", data, "--program",
		writeProgram(t, "examples:", "payments: { award: payments }\nexamples:"),
	)
	if err := p.stop(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	since := time.Now().UTC().Add(-time.Hour).Truncate(time.Second)
	e := sample.Event{
		Provider: app.Stripe, Type: "payment_intent.succeeded", ID: "evt_1", Payment: "pi_1", Total: 2000,
		Currency: "EUR", At: since,
	}
	body, err := e.Body("")
	if err != nil {
		t.Fatal(err)
	}
	stripe := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/events" || r.FormValue("created[gte]") != fmt.Sprint(since.Unix()) ||
			r.Header.Get("Authorization") != "Bearer token-0123456789abcdef" {
			t.Errorf("the request is %s with %s", r.URL, r.Header)
		}
		fmt.Fprintf(w, `{"data": [%s]}`, body)
	}))
	defer stripe.Close()
	file := filepath.Join(t.TempDir(), "webhooks.json")
	agreed := `{"bluebird": {"stripe": {"secrets": ["whsec_0123456789abcdef"], ` +
		`"api_secret": "token-0123456789abcdef", "api": "` + stripe.URL + `"}}}`
	if err := os.WriteFile(file, []byte(agreed), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{
		"webhooks", "backfill", "--provider", "stripe", "--since", since.Format(time.RFC3339), "--data", data,
		"--program", "bluebird", "--webhooks", file,
	}
	for _, want := range []string{"1 applied\n", "1 duplicate\n"} {
		if out, errs, status := run(t, args...); status != 0 || out != want {
			t.Errorf("%d %s%s, not %s", status, out, errs, want)
		}
	}
}
