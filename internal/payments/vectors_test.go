package payments

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
)

// vectorsFile is public test data of the providers' own libraries, with its provenance. It is outside the repository.
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
		tb.Skipf("the vectors are missing: %s", vectorsFile)
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

// now returns the clock of a vector, which is a Unix time or a text. The default is in 2026.
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

// verdict returns the result of Verify or Read in the words of the vectors.
func verdict(err error) string {
	var r *webhook.Rejection
	var u *webhook.UnusableError
	switch {
	case err == nil:
		return "accept"
	case errors.As(err, &r):
		return "reject:" + r.Reason
	case errors.As(err, &u) && u.Code == "webhook_body_mismatch":
		return "reject:replay-mismatch"
	case errors.As(err, &u):
		return "reject:semantic"
	}
	return err.Error()
}

func TestPublicVectors(t *testing.T) {
	vectors := readVectors(t)
	cert := vectors[slices.IndexFunc(vectors, func(v vector) bool { return v.CertPEM != "" })].CertPEM
	for _, v := range vectors {
		t.Run(v.ID, func(t *testing.T) {
			if got := v.check(t, cert); got != v.Expect {
				t.Errorf("%s, want %s: %s", got, v.Expect, v.Why)
			}
		})
	}
}

// check returns the verdict of a provider. It also reads the vectors that have a valid signature and must be rejected
// for their content.
func (v vector) check(t *testing.T, cert string) string {
	if v.Provider == "shopify-app-proxy" {
		return verdict(checkAppProxy(v.Query, v.Secret))
	}
	provider, secret, body := v.Provider, v.Secret, []byte(v.Body)
	switch v.Provider {
	case "standard-webhooks":
		provider = app.Standard
	case "adyen-payload":
		provider, secret = app.Adyen, v.SecretHex
	case "adyen":
		secret, body = v.SecretHex, v.batch()
	}
	api := &vectorAPI{cert: cert}
	p := providers[provider](webhook.Connection{
		Processor: app.Processor{
			Secrets: []string{secret}, URL: v.URL, WebhookID: v.WebhookID, API: "https://api.example",
		},
		Stage: app.Test, HTTP: &http.Client{Transport: api}, Roots: rootOf(t, cert), Now: time.Now,
	})
	h := webhook.Header{}
	for name, value := range v.Header {
		h[strings.ToLower(name)] = value
	}
	messages, err := p.Verify(t.Context(), webhook.Request{Header: h, Topic: "orders/paid", Body: body, At: v.now(t)})
	if err == webhook.ErrCertURL && len(api.requests) > 0 {
		t.Errorf("requests %v", api.requests)
	}
	if err == nil && (v.ID == "adyen-18" || v.ID == "paypal-09") {
		_, err = p.Read(t.Context(), messages[0])
	}
	return verdict(err)
}

// batch returns the item of a vector of Adyen as a batch.
func (v vector) batch() []byte {
	return fmt.Appendf(nil, `{"live":"false","notificationItems":[{"NotificationRequestItem":%s}]}`, v.Item)
}

// rootOf returns roots that trust a certificate whose issuers no longer exist.
func rootOf(t *testing.T, cert string) *x509.CertPool {
	block, _ := pem.Decode([]byte(cert))
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return roots
}

// A vectorAPI is PayPal's API for the vectors. The signature of the forged event paypal-09 is valid, so the genuine
// sale in the API must decide.
type vectorAPI struct {
	cert     string
	requests []string
}

func (a *vectorAPI) RoundTrip(r *http.Request) (*http.Response, error) {
	a.requests = append(a.requests, r.URL.String())
	answer := a.cert
	switch {
	case strings.HasSuffix(r.URL.Path, "/v1/oauth2/token"):
		answer = `{"access_token":"t","expires_in":600}`
	case r.URL.Host == "api.example":
		answer = `{"id":"4EU7004268015634R","state":"completed","amount":{"total":"20.00","currency":"USD"},` +
			`"create_time":"2015-05-18T15:44:02Z"}`
	}
	return &http.Response{
		StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(answer)), Header: http.Header{}, Request: r,
	}, nil
}

// checkAppProxy checks the signature of a request that Shopify forwards to a shop's app. The product receives no such
// requests. The check shows that the signatures in the vectors are genuine before they are tried on webhooks, which
// use the same secret.
func checkAppProxy(query, secret string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return err
	}
	signature, err := hex.DecodeString(values.Get("signature"))
	if err != nil {
		return webhook.ErrSignature
	}
	delete(values, "signature")
	var parts []string
	for name, v := range values {
		parts = append(parts, name+"="+strings.Join(v, ","))
	}
	slices.Sort(parts)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(strings.Join(parts, "")))
	if !hmac.Equal(signature, mac.Sum(nil)) {
		return webhook.ErrSignature
	}
	return nil
}
