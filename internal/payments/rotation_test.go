package payments_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments"
)

func TestRotatedSecretIsAcceptedWithinMinutes(t *testing.T) {
	const old, fresh = "whsec_1b1f0c7e9a2d4863", "whsec_2c2f0c7e9a2d4863"
	s := newShop(t, "payments")
	now, secrets, failure := noon, []string{old}, error(nil)
	var log bytes.Buffer
	a := *s.stack.App
	a.Now = func() time.Time { return now }
	a.Log = slog.New(slog.NewTextHandler(&log, nil))
	a.Reread = func(context.Context) (app.Processors, error) {
		return app.Processors{"corner": {app.Stripe: {Secrets: secrets}}}, failure
	}
	a.Processors, _ = a.Reread(t.Context())
	function := payments.Webhooks(&a)
	n := 0
	signedWith := func(secret, want string) {
		t.Helper()
		n++
		e := s.paid(app.Stripe)
		e.Payment += fmt.Sprint("_", n)
		body, err := e.Body("")
		if err != nil {
			t.Fatal(err)
		}
		h, err := e.Headers(app.Processor{Secrets: []string{secret}}, body, now)
		if err != nil {
			t.Fatal(err)
		}
		if got := post(t, t.Context(), function, e, h, body); got != want {
			t.Errorf("%s after the start, %s: %s, want %s", now.Sub(noon), secret, got, want)
		}
	}
	const minutes = 6 * time.Minute // five minutes, and at most one minute of jitter
	signedWith(old, "200 ")
	secrets = []string{fresh, old} // boot reads both secrets during the overlap
	signedWith(fresh, "401 webhook_signature_invalid")
	now = now.Add(minutes)
	signedWith(fresh, "200 ")
	signedWith(old, "200 ")
	secrets = []string{fresh} // the overlap is over
	now = now.Add(minutes)
	signedWith(old, "401 webhook_signature_invalid")
	failure = errors.New("Secrets Manager does not answer")
	now = now.Add(minutes)
	signedWith(fresh, "200 ")
	if !strings.Contains(log.String(), "Secrets Manager does not answer") ||
		!strings.Contains(log.String(), "Errors=1") {
		t.Errorf("the failure raises no alarm: %s", log.String())
	}
}

func TestWebhookIsAnsweredBeforeDeadline(t *testing.T) {
	s := newShop(t, "payments")
	var log bytes.Buffer
	a := *s.stack.App
	a.Log = slog.New(slog.NewTextHandler(&log, nil))
	ctx, cancel := context.WithTimeout(t.Context(), app.Reserve)
	defer cancel()
	e := s.paid(app.Stripe)
	h, body := s.signed(e)
	s.unchanged(func() {
		if got := post(t, ctx, payments.Webhooks(&a), e, h, body); got != "503 temporarily_unavailable" {
			t.Error(got)
		}
	})
	if !strings.Contains(log.String(), "Timeouts=1") || !strings.Contains(log.String(), "Errors=1") {
		t.Errorf("the timeout is not counted: %s", log.String())
	}
}
