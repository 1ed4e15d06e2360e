package webhook_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook/webhooktest"
)

// Answers of up to MaxAnswer bytes are read.
func TestSizeOfAnswers(t *testing.T) {
	for size, want := range map[int]bool{webhook.MaxAnswer: true, webhook.MaxAnswer + 1: false} {
		c := webhooktest.Serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, size)) })
		raw, err := c.Get(t.Context(), c.API, nil)
		if (err == nil) != want || want && len(raw) != size || !want && !errors.Is(err, webhook.ErrUnreachable) {
			t.Errorf("%d bytes: %d, %v", size, len(raw), err)
		}
	}
}

// An answer of 4xx is final, except for the two that ask for a retry.
func TestFinalAnswers(t *testing.T) {
	for status, want := range map[int]bool{
		400: true, 403: true, 404: true, 499: true, 408: false, 429: false, 399: false, 500: false, 503: false,
	} {
		if got := (&webhook.AnswerError{Status: status}).Final(); got != want {
			t.Errorf("%d: %t", status, got)
		}
	}
}
