package local

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHostsThatTheClockAccepts(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LOCALHOST:8080": true, "127.0.0.1": true, "127.0.0.1:8080": true, "[::1]:8080": true,
		"[::1]": true, "192.0.2.7:80": true,
		"": false, "attacker.example": false, "attacker.example:8080": false, "localhost.attacker.example": false,
		"127.0.0.1.attacker.example:8080": false,
	} {
		if got := ownHost(host); got != want {
			t.Errorf("%q: %v, want %v", host, got, want)
		}
	}
}

// The clock rejects a request with a foreign Host header before it reads or moves anything: the handler has no stack.
func TestClockRejectsForeignHosts(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		r := httptest.NewRequest(method, clockPath, strings.NewReader(`{"advance": "30d"}`))
		r.Host = "attacker.example:8080"
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		clockHandler{}.ServeHTTP(w, r)
		if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "localhost") {
			t.Errorf("%s: %d %s", method, w.Code, w.Body)
		}
	}
}
