package payments

import (
	"crypto/hmac"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
)

// vectorsFile is public test data of the processors' own libraries, with its provenance. It lies beside the
// repository.
const vectorsFile = "../../../shared/testdata/webhook-vectors.json"

type vector struct {
	ID, Provider, Expect, Why string
	Secret                    string
	SecretHex                 string `json:"secret_hex"`
	URL                       string `json:"notification_url"`
	WebhookID                 string `json:"webhook_id"`
	Header                    map[string]string
	Body, Query               string
	Item                      json.RawMessage
	Now                       json.RawMessage
	CertPEM                   string `json:"cert_pem"`
}

func readVectors(tb testing.TB) []vector {
	raw, err := os.ReadFile(vectorsFile)
	if errors.Is(err, os.ErrNotExist) {
		tb.Skipf("the vectors are not there: %s", vectorsFile)
	}
	var file struct {
		Count   int
		Vectors []vector
	}
	if err == nil {
		err = json.Unmarshal(raw, &file)
	}
	if err != nil || len(file.Vectors) != file.Count || file.Count < 66 {
		tb.Fatalf("%s: %d of %d vectors: %v", vectorsFile, len(file.Vectors), file.Count, err)
	}
	return file.Vectors
}

// now is the clock of a vector, which writes it in two ways; that of 2026 if it does not matter.
func (v vector) now(tb testing.TB) time.Time {
	var s int64
	var text time.Time
	switch {
	case len(v.Now) == 0:
		return time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	case json.Unmarshal(v.Now, &s) == nil:
		return time.Unix(s, 0)
	case json.Unmarshal(v.Now, &text) == nil:
		return text
	}
	tb.Fatalf("%s: now is %s", v.ID, v.Now)
	return text
}

func lowered(in map[string]string) headers {
	h := headers{}
	for name, value := range in {
		h[strings.ToLower(name)] = value
	}
	return h
}

// verdict is ours, in the words of the vectors.
func verdict(err error) string {
	var r *rejection
	var o *oddity
	switch {
	case err == nil:
		return "accept"
	case errors.As(err, &r):
		return "reject:" + r.reason
	case errors.As(err, &o):
		return "reject:semantic"
	}
	return err.Error()
}

func TestEveryPublicVectorHasItsVerdict(t *testing.T) {
	vectors := readVectors(t)
	cert := vectors[slices.IndexFunc(vectors, func(v vector) bool { return v.CertPEM != "" })].CertPEM
	for _, v := range vectors {
		t.Run(v.ID, func(t *testing.T) {
			if got := v.check(t, cert); got != v.Expect {
				t.Errorf("%s, and not %s: %s", got, v.Expect, v.Why)
			}
		})
	}
}

func (v vector) check(t *testing.T, cert string) string {
	h, body, now := lowered(v.Header), []byte(v.Body), v.now(t)
	switch v.Provider {
	case "stripe":
		return verdict(stripe{plain([]string{v.Secret})}.verify(h, body, now))
	case "shopify":
		return verdict(shopify{plain([]string{v.Secret})}.verify(h, body, now))
	case "square":
		return verdict(square{plain([]string{v.Secret}), v.URL}.verify(h, body, now))
	case "standard-webhooks":
		return verdict(standard{keysOf([]string{v.Secret}, app.StandardKey)}.verify(h, body, now))
	case "adyen-payload":
		return verdict(adyen{keysOf([]string{v.SecretHex}, hex.DecodeString)}.verifyPayload(h["hmacsignature"], body))
	case "adyen":
		it, err := readAdyenItem([]byte(v.Item))
		if err == nil {
			err = adyen{keysOf([]string{v.SecretHex}, hex.DecodeString)}.verify(it)
		}
		if err == nil && v.ID == "adyen-18" {
			err = it.sensible()
		}
		return verdict(err)
	case "shopify-app-proxy":
		return verdict(appProxy(v.Query, v.Secret))
	case "paypal":
		return v.checkPayPal(t, h, body, now, cert)
	}
	return "no verifier for " + v.Provider
}

// appProxy is how Shopify signs what it passes on to a shop's app: no scheme of ours. It is here to show that its
// signatures are real, before they are tried on webhooks, which share the secret.
func appProxy(query, secret string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return err
	}
	signature, err := hex.DecodeString(values.Get("signature"))
	if err != nil {
		return errSignature
	}
	delete(values, "signature")
	var parts []string
	for name, v := range values {
		parts = append(parts, name+"="+strings.Join(v, ","))
	}
	slices.Sort(parts)
	if !hmac.Equal(signature, sum([]byte(secret), []byte(strings.Join(parts, "")))) {
		return errSignature
	}
	return nil
}

// served is a transport that answers every request with a body, and counts them.
type served struct {
	body string
	asks []string
}

func (s *served) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asks = append(s.asks, r.URL.String())
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(s.body)), Header: http.Header{}, Request: r}, nil
}

// checkPayPal trusts the certificate that the vector brings along, of which the issuers are gone.
func (v vector) checkPayPal(t *testing.T, h headers, body []byte, now time.Time, cert string) string {
	block, _ := pem.Decode([]byte(cert))
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	web := &served{body: cert}
	p := &paypal{webhook: v.WebhookID, host: "api.sandbox.paypal.com", name: testCerts, roots: roots, http: &http.Client{Transport: web}}
	err = p.verify(t.Context(), h, body, now)
	if err == errCertURL && len(web.asks) > 0 {
		t.Errorf("asked %v", web.asks)
	}
	if err != nil || v.ID != "paypal-09" {
		return verdict(err)
	}
	// The signature over the forged body is good, as RSA over a CRC goes: what PayPal's API says must decide.
	claim, err := readPayPal(body)
	if err != nil {
		t.Fatal(err)
	}
	genuine := `{"id":"4EU7004268015634R","state":"completed","amount":{"total":"20.00","currency":"USD"},"create_time":"2015-05-18T15:44:02Z"}`
	api := &paypalAPI{base: "https://api.example", token: "t", until: now.Add(time.Hour), now: func() time.Time { return now }, http: &http.Client{Transport: &served{body: genuine}}}
	var o *oddity
	if _, err := claim.confirmed(t.Context(), api); errors.As(err, &o) && o.code == "webhook_body_mismatch" {
		return "reject:replay-mismatch"
	}
	return "accept"
}
