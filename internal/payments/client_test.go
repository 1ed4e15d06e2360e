package payments

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// The client of an App follows no redirects and waits three seconds. A failure of a provider's API is temporary.
func TestClientFollowsNoRedirects(t *testing.T) {
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Close()
	a := &app.App{
		Table: tab, Now: time.Now, Log: slog.New(slog.DiscardHandler), Stage: app.Test,
		Secret: []byte("0123456789abcdefghijklmnopqrstuv"),
	}
	if err := a.Wire(); err != nil {
		t.Fatal(err)
	}
	if a.HTTP.Timeout != 3*time.Second {
		t.Errorf("the client waits %s", a.HTTP.Timeout)
	}
	elsewhere := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer other.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, other.URL+"/latest/meta-data", http.StatusMovedPermanently)
		case "/large":
			_, _ = io.WriteString(w, strings.Repeat("x", webhook.MaxAnswer+1))
		default:
			_, _ = io.WriteString(w, "good")
		}
	}))
	defer server.Close()
	c := webhook.Connection{HTTP: a.HTTP}
	_, err = c.Get(t.Context(), server.URL+"/moved", nil)
	var answer *webhook.AnswerError
	if !errors.As(err, &answer) || answer.Status != http.StatusMovedPermanently || elsewhere > 0 || !busy(err) {
		t.Errorf("a redirect: %v, and %d requests to its target", err, elsewhere)
	}
	if _, err := c.Get(t.Context(), server.URL+"/large", nil); !errors.Is(err, webhook.ErrUnreachable) || !busy(err) {
		t.Errorf("a large answer: %v", err)
	}
	if raw, err := c.Get(t.Context(), server.URL+"/", nil); err != nil || string(raw) != "good" {
		t.Errorf("%s %v", raw, err)
	}
}
