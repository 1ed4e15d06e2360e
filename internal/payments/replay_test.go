package payments_test

import (
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// quarantined lists the events that wait in quarantine.
func (s *shop) quarantined() (all []service.StoredDelivery) {
	s.t.Helper()
	for k, err := range s.stack.App.Deliveries.InQuarantine(s.t.Context(), "corner") {
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, k)
	}
	return all
}

// A replayed event leaves the quarantine if it is usable now, and otherwise stays there.
func TestReplayOfQuarantinedEvents(t *testing.T) {
	s := newShop(t, "payments")
	e := sample.Event{
		Provider: app.PayPal,
		Type:     "PAYMENT.CAPTURE.COMPLETED",
		Payment:  "CAP1",
		Total:    4999,
		Member:   "external:cust-42",
	}
	h, body := s.signed(e)
	s.expect(e.Path("corner"), h, body, "200 quarantined webhook_body_mismatch") // PayPal's API does not know it yet
	r := payments.New(s.stack.App)
	waiting := s.quarantined()
	if len(waiting) != 1 {
		t.Fatalf("%d events in quarantine", len(waiting))
	}
	if got, err := r.Body("corner", waiting[0]); err != nil || string(got) != string(body) {
		t.Errorf("%s, %v", got, err)
	}
	one, err := r.Replay(t.Context(), "corner", waiting[0])
	if err != nil || one.Outcome != service.Quarantined || len(s.quarantined()) != 1 {
		t.Errorf("%+v, %v, %d in quarantine", one, err, len(s.quarantined()))
	}
	s.paypal.store(t, e, noon)
	one, err = r.Replay(t.Context(), "corner", waiting[0])
	if err != nil || one.Outcome != service.Applied || len(s.quarantined()) != 0 || s.points(s.member) != whole {
		t.Errorf("%+v, %v, %d in quarantine, %d points", one, err, len(s.quarantined()), s.points(s.member))
	}
	if _, err := r.Replay(t.Context(), "nowhere", waiting[0]); err == nil ||
		!strings.Contains(err.Error(), "not connected") {
		t.Errorf("a program without a connection: %v", err)
	}
	broken := waiting[0]
	broken.Body = nil
	if _, err := r.Replay(t.Context(), "corner", broken); err == nil {
		t.Error("an event without its body was replayed")
	}
}

// Backfill states why a provider's API cannot be used.
func TestBackfillStatesWhatIsMissing(t *testing.T) {
	s := newShop(t, "payments")
	for provider, want := range map[string]string{
		"nobody": "is not connected to nobody", app.Adyen: "has no API to list events", app.Stripe: "has no api_secret",
	} {
		if _, err := payments.New(s.stack.App).Backfill(t.Context(), "corner", provider, noon); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", provider, err)
		}
	}
}
