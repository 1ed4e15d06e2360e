package payments_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"hash/crc32"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/payments/sample"
)

// A paypalStand stands in for PayPal: its certificates and its API.
type paypalStand struct {
	key   *rsa.PrivateKey
	chain []byte
	roots *x509.CertPool

	mu      sync.Mutex
	objects map[string]string // by path
	asked   []string
	down    bool
	certs   int // what the address of the certificates answers, if not with them
}

var paypalKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func newPayPalStand(t testing.TB) *paypalStand {
	p := &paypalStand{key: paypalKey(), roots: x509.NewCertPool(), objects: map[string]string{}}
	p.chain = p.certificate(t, noon.AddDate(-1, 0, 0), noon.AddDate(1, 0, 0), "messageverificationcerts.sandbox.paypal.com", true)
	return p
}

// certificate makes one for PayPal's name, of an issuer that is trusted or not.
func (p *paypalStand) certificate(t testing.TB, from, until time.Time, name string, trusted bool) []byte {
	issuer := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: fmt.Sprint("Test issuer, trusted: ", trusted)}, NotBefore: from, NotAfter: until, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, issuer, issuer, &p.key.PublicKey, p.key)
	if err != nil {
		t.Fatal(err)
	}
	if issuer, err = x509.ParseCertificate(raw); err != nil {
		t.Fatal(err)
	}
	if trusted {
		p.roots.AddCert(issuer)
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotBefore: from, NotAfter: until,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if raw, err = x509.CreateCertificate(rand.Reader, leaf, issuer, &p.key.PublicKey, p.key); err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})
}

const certAddress = "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1"

func (p *paypalStand) sign(t testing.TB, webhook string, body []byte, now time.Time) http.Header {
	sum := sha256.Sum256(body)
	id, when := fmt.Sprintf("%x", sum[:12]), now.UTC().Format(time.RFC3339)
	digest := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s|%d", id, when, webhook, crc32.ChecksumIEEE(body)))
	signature, err := rsa.SignPKCS1v15(rand.Reader, p.key, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{"Content-Type": {"application/json"}}
	h.Set("Paypal-Transmission-Id", id)
	h.Set("Paypal-Transmission-Time", when)
	h.Set("Paypal-Transmission-Sig", base64.StdEncoding.EncodeToString(signature))
	h.Set("Paypal-Cert-Url", certAddress)
	h.Set("Paypal-Auth-Algo", "SHA256withRSA")
	return h
}

// knows makes the object of an event one that PayPal's API has.
func (p *paypalStand) knows(e sample.Event, now time.Time) {
	if e.At.IsZero() {
		e.At = now
	}
	o := e.PayPalResource()
	path := ""
	switch {
	case o["dispute_id"] != nil:
		path = "/v1/customer/disputes/" + o["dispute_id"].(string)
	case strings.HasSuffix(e.Type, "REFUNDED"):
		path = "/v2/payments/refunds/" + o["id"].(string)
	case o["id"] != nil:
		path = "/v2/payments/captures/" + o["id"].(string)
	}
	raw, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.objects[path] = string(raw)
}

func (p *paypalStand) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Hostname() == "127.0.0.1" {
		return http.DefaultTransport.RoundTrip(r) // a test's own server
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, r.URL.String())
	reply := func(status int, body string) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
	switch {
	case p.certs > 0 && r.URL.String() == certAddress:
		return reply(p.certs, "")
	case r.URL.String() == certAddress:
		return reply(200, string(p.chain))
	case p.down:
		return nil, fmt.Errorf("no route to host")
	case r.URL.Host != "api-m.sandbox.paypal.com":
		return reply(404, "")
	case r.URL.Path == "/v1/oauth2/token":
		return reply(200, `{"access_token":"A21AA","expires_in":32400}`)
	case r.Header.Get("Authorization") != "Bearer A21AA":
		return reply(401, "")
	case p.objects[r.URL.Path] == "":
		return reply(404, "{}")
	}
	return reply(200, p.objects[r.URL.Path])
}
