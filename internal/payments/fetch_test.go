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
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// The client that an App makes by itself follows nothing, waits three seconds, and reads a megabyte.
func TestAProcessorsAPILeadsNowhereElse(t *testing.T) {
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Close()
	a := &app.App{Table: tab, Now: time.Now, Log: slog.New(slog.DiscardHandler), Stage: app.Test, Secret: []byte("0123456789abcdefghijklmnopqrstuv")}
	if err := a.Wire(); err != nil {
		t.Fatal(err)
	}
	if a.HTTP.Timeout != 3*time.Second {
		t.Errorf("it waits %s", a.HTTP.Timeout)
	}
	elsewhere := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer other.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, other.URL+"/latest/meta-data", http.StatusMovedPermanently)
		case "/large":
			_, _ = io.WriteString(w, strings.Repeat("x", maxAnswer+1))
		default:
			_, _ = io.WriteString(w, "good")
		}
	}))
	defer server.Close()
	var bad *answerError
	if _, err := fetch(t.Context(), a.HTTP, server.URL+"/moved", nil); !errors.As(err, &bad) || bad.status != 301 || elsewhere > 0 || !busy(err) {
		t.Errorf("%v, and was asked elsewhere %d times", err, elsewhere)
	}
	if _, err := fetch(t.Context(), a.HTTP, server.URL+"/large", nil); !errors.Is(err, errUnreachable) {
		t.Errorf("%v", err)
	}
	if raw, err := fetch(t.Context(), a.HTTP, server.URL+"/", nil); err != nil || string(raw) != "good" {
		t.Errorf("%s %v", raw, err)
	}
}
