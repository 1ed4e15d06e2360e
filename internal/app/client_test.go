package app

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/outbound"
)

// TestProcessorClientConnectsToPublicAddresses also tests the exception, an emulator without TLS.
func TestProcessorClientConnectsToPublicAddresses(t *testing.T) {
	emulator := httptest.NewServer(http.RedirectHandler("https://169.254.169.254/", http.StatusFound))
	defer emulator.Close()
	for address, want := range map[string]bool{
		emulator.URL: true,
		strings.Replace(emulator.URL, "http:", "https:", 1): false,
		"https://169.254.169.254/latest":                    false, "http://169.254.169.254/latest": false,
		"https://10.0.0.1/": false, "http://192.168.0.1/": false,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := processorClient().Do(req)
		if err == nil {
			resp.Body.Close()
		}
		emulated := err == nil && resp.StatusCode == http.StatusFound
		if emulated != want || !want && !errors.Is(err, outbound.ErrNotPublic) {
			t.Errorf("%s: %v", address, err)
		}
	}
}
