package payments_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/local/paypal"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
)

// A paypalServer is an emulated PayPal that records requests and can fail.
type paypalServer struct {
	*paypal.Server

	mu         sync.Mutex
	requests   []string
	down       bool // the API cannot be reached
	certStatus int  // status of the answers to requests for certificates, if they fail
}

// paypalKey is the signing key of all servers, because creating one is slow.
var paypalKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func newPayPalServer(t testing.TB) *paypalServer {
	server, err := paypal.New()
	if err != nil {
		t.Fatal(err)
	}
	server.Key, server.Next = paypalKey(), loopback{}
	return &paypalServer{Server: server}
}

// RoundTrip implements http.RoundTripper.
func (p *paypalServer) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	if r.URL.Hostname() != "127.0.0.1" {
		p.requests = append(p.requests, r.URL.String())
	}
	down, status := p.down, p.certStatus
	p.mu.Unlock()
	switch {
	case down && r.URL.Host == "api-m.sandbox.paypal.com":
		return nil, fmt.Errorf("no route to host")
	case status > 0 && r.URL.Host == "api.sandbox.paypal.com":
		return empty(r, status), nil
	}
	return p.Server.RoundTrip(r)
}

// loopback is a network that consists of the servers of a test.
type loopback struct{}

func (loopback) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Hostname() == "127.0.0.1" {
		return http.DefaultTransport.RoundTrip(r)
	}
	return empty(r, http.StatusNotFound), nil
}

func empty(r *http.Request, status int) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: r,
	}
}

// sign returns the headers of a webhook of the corner shop.
func (p *paypalServer) sign(t testing.TB, body []byte, now time.Time) http.Header {
	h, err := p.Sign(settings()["corner"][app.PayPal].WebhookID, body, now)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// store stores the object of an event, so that the API confirms the event.
func (p *paypalServer) store(t testing.TB, e sample.Event, now time.Time) {
	if e.At.IsZero() {
		e.At = now
	}
	body, err := e.Body("")
	if err == nil {
		err = p.Store(body)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// put stores an object as JSON text, unless it is empty.
func (p *paypalServer) put(path, object string) {
	if object != "" {
		p.Put(path, json.RawMessage(object))
	}
}
