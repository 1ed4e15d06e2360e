package local

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// TestSignInLinkWorksOnce uses the link of the local owner with a wrong code, from a foreign host, and twice.
func TestSignInLinkWorksOnce(t *testing.T) {
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tab.Close() })
	s, _, _ := newStack(t, tab, NewClock(time.Time{}))
	link := s.SignInLink("bluebird")
	get := func(target, host, token string) (int, map[string]any) {
		r := httptest.NewRequest(http.MethodGet, target, nil)
		r.Host = host
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		var body map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatal(w.Body, err)
		}
		return w.Code, body
	}
	for _, c := range []struct {
		name, target, host string
		want               int
	}{
		{"a foreign host", link, "evil.example", 403},
		{"a wrong code", link + "A", "localhost:8080", 401},
		{"no code", "/v1/test/sign-in", "localhost:8080", 401},
	} {
		if status, body := get(c.target, c.host, ""); status != c.want || body["token"] != nil {
			t.Errorf("%s: %d %v", c.name, status, body)
		}
	}
	status, body := get(link, "127.0.0.1:8080", "")
	token, _ := body["token"].(string)
	if status != 200 || body["role"] != "owner" {
		t.Fatalf("%d %v", status, body)
	}
	if status, body := get("/v1/session", "127.0.0.1:8080", token); status != 200 || body["program"] != "bluebird" {
		t.Errorf("the session: %d %v", status, body)
	}
	if status, body := get(link, "127.0.0.1:8080", ""); status != 401 {
		t.Errorf("the link works twice: %d %v", status, body)
	}
	status, again := get(s.SignInLink("bluebird"), "[::1]:8080", "")
	if status != 200 || again["operator"] != body["operator"] {
		t.Errorf("a second link: %d %v, not the operator of %v", status, again, body)
	}
}
