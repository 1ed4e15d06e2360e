// Package paypal emulates PayPal on one machine. It signs webhooks, and responds to requests for PayPal's certificates
// and objects.
//
// The certificates are issued by an authority that is created when the server is created. The private key of the
// authority exists only in the memory of the process. Only clients that use the certificate returned by Roots trust
// this authority: the local stack in the same process. Deployed functions cannot trust it, because they do not contain
// this package.
//
// Deliberate limits: it supports captures, refunds and disputes, accepts any client, and loses all data when the
// process exits.
package paypal

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"hash/crc32"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"time"
)

// These constants are the hosts of PayPal's sandbox that a Server emulates, and the DNS name in its certificates.
const (
	certHost = "api.sandbox.paypal.com"
	apiHost  = "api-m.sandbox.paypal.com"
	certName = "messageverificationcerts.sandbox.paypal.com"

	certPath = "/v1/notifications/certs/LOCAL"
	token    = "A21AA-local"
)

// A Server emulates PayPal. It is safe for concurrent use.
type Server struct {
	// Next handles requests to other hosts.
	Next http.RoundTripper

	// Key is the private key that signs webhooks. If it is nil, the first call of Sign creates it, which takes some
	// time.
	Key *rsa.PrivateKey

	// Certificate changes the template of the certificate for Key, so that tests can use an invalid certificate. It may
	// be nil.
	Certificate func(template *x509.Certificate)

	issuer    *x509.Certificate
	issuerKey *ecdsa.PrivateKey

	mu      sync.Mutex
	cert    []byte // the certificate for Key, in PEM; created by the first call of Sign
	objects map[string]json.RawMessage
}

// New creates a server with its own new certificate authority.
func New() (*Server, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("paypal: %w", err)
	}
	template := certificate("Perennial's local emulation of PayPal")
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("paypal: %w", err)
	}
	issuer, err := x509.ParseCertificate(raw)
	if err != nil {
		return nil, fmt.Errorf("paypal: %w", err)
	}
	return &Server{
		Next: http.DefaultTransport, issuer: issuer, issuerKey: key, objects: map[string]json.RawMessage{},
	}, nil
}

// certificate returns a template for a certificate that is valid at every time to which the clock of a local stack can
// be set.
func certificate(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

// Roots returns a pool with the certificate of the server's authority.
func (s *Server) Roots() *x509.CertPool {
	roots := x509.NewCertPool()
	roots.AddCert(s.issuer)
	return roots
}

// An event contains those fields of a webhook that the server uses.
type event struct {
	Type     string          `json:"event_type"`
	Resource json.RawMessage `json:"resource"`
}

// Store stores the object of an event. The emulated API then returns this object.
func (s *Server) Store(body []byte) error {
	var e event
	if err := json.Unmarshal(body, &e); err != nil || e.Type == "" {
		return fmt.Errorf("paypal: the body is not an event of PayPal")
	}
	path, err := objectPath(e)
	if err == nil && path != "" {
		s.Put(path, e.Resource)
	}
	return err
}

// Put stores an object, which the emulated API then returns for the given path.
func (s *Server) Put(path string, object json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects[path] = object
}

// Sign signs a webhook at the given instant and returns the headers of the request.
func (s *Server) Sign(webhookID string, body []byte, now time.Time) (http.Header, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.certify(); err != nil {
		return nil, err
	}
	sum, when := sha256.Sum256(body), now.UTC().Format(time.RFC3339)
	id := hex.EncodeToString(sum[:12])
	digest := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s|%d", id, when, webhookID, crc32.ChecksumIEEE(body)))
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.Key, crypto.SHA256, digest[:])
	if err != nil {
		return nil, fmt.Errorf("paypal: %w", err)
	}
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	h.Set("Paypal-Transmission-Id", id)
	h.Set("Paypal-Transmission-Time", when)
	h.Set("Paypal-Transmission-Sig", base64.StdEncoding.EncodeToString(signature))
	h.Set("Paypal-Cert-Url", "https://"+certHost+certPath)
	h.Set("Paypal-Auth-Algo", "SHA256withRSA")
	return h, nil
}

// certify creates the signing key and its certificate, unless they exist. The caller must hold s.mu.
func (s *Server) certify() (err error) {
	if s.cert != nil {
		return nil
	}
	if s.Key == nil {
		if s.Key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			return fmt.Errorf("paypal: %w", err)
		}
	}
	template := certificate(certName)
	template.DNSNames, template.ExtKeyUsage = []string{certName}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	if s.Certificate != nil {
		s.Certificate(template)
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, s.issuer, s.Key.Public(), s.issuerKey)
	if err != nil {
		return fmt.Errorf("paypal: %w", err)
	}
	s.cert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})
	return nil
}

// objectPath returns the path of an event's object in the API. It returns "" if the event does not concern a payment.
func objectPath(e event) (string, error) {
	var o struct {
		ID      string `json:"id"`
		Dispute string `json:"dispute_id"`
	}
	if err := json.Unmarshal(e.Resource, &o); err != nil {
		return "", fmt.Errorf("paypal: the event has no resource")
	}
	switch {
	case strings.HasPrefix(e.Type, "CUSTOMER.DISPUTE."):
		return "/v1/customer/disputes/" + o.Dispute, nil
	case e.Type == "PAYMENT.CAPTURE.REFUNDED":
		return "/v2/payments/refunds/" + o.ID, nil
	case strings.HasPrefix(e.Type, "PAYMENT.CAPTURE."):
		return "/v2/payments/captures/" + o.ID, nil
	}
	return "", nil
}

// RoundTrip responds to requests to PayPal's sandbox, and passes all other requests to Next.
func (s *Server) RoundTrip(r *http.Request) (*http.Response, error) {
	switch r.URL.Host {
	case certHost, apiHost:
	default:
		return s.Next.RoundTrip(r)
	}
	if r.Body != nil {
		defer r.Body.Close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	reply := func(status int, body []byte) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Request: r,
			Body: io.NopCloser(strings.NewReader(string(body))), ContentLength: int64(len(body)),
		}, nil
	}
	switch path := r.URL.Path; {
	case r.URL.Host == certHost && path == certPath && s.cert != nil:
		return reply(http.StatusOK, s.cert)
	case r.URL.Host == certHost:
		return reply(http.StatusNotFound, nil)
	case path == "/v1/oauth2/token" && r.Method == http.MethodPost:
		return reply(http.StatusOK, []byte(`{"access_token":"`+token+`","expires_in":32400}`))
	case r.Header.Get("Authorization") != "Bearer "+token:
		return reply(http.StatusUnauthorized, nil)
	case s.objects[path] == nil:
		return reply(http.StatusNotFound, []byte("{}"))
	default:
		return reply(http.StatusOK, s.objects[path])
	}
}
