package paypal

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"math/big"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook/webhooktest"
)

// A certifier issues and serves certificates.
type certifier struct {
	t        *testing.T
	root     *x509.Certificate
	key      *rsa.PrivateKey
	answers  map[string][]byte // the answers by address; the default is the certificate of the signer
	statuses map[string]int
	asked    int
}

var rsaKeys = sync.OnceValue(func() (keys [3]*rsa.PrivateKey) {
	for i, bits := range []int{2048, 2048, 1024} {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			panic(err)
		}
		keys[i] = key
	}
	return keys
})

// issue returns a certificate that the key of the issuer signs. Without an issuer, it is self-signed.
func (c *certifier) issue(x, issuer *x509.Certificate, public crypto.PublicKey, key *rsa.PrivateKey) *x509.Certificate {
	c.t.Helper()
	x.SerialNumber = big.NewInt(1)
	if x.NotAfter.IsZero() {
		x.NotBefore, x.NotAfter = webhooktest.At12.AddDate(-1, 0, 0), webhooktest.At12.AddDate(1, 0, 0)
	}
	if issuer == nil {
		issuer = x
	}
	raw, err := x509.CreateCertificate(rand.Reader, x, issuer, public, key)
	if err != nil {
		c.t.Fatal(err)
	}
	out, err := x509.ParseCertificate(raw)
	if err != nil {
		c.t.Fatal(err)
	}
	return out
}

func authority(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
}

func leaf(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject:     pkix.Name{CommonName: name},
		DNSNames:    []string{name},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
}

func inPEM(chain ...*x509.Certificate) []byte {
	var out bytes.Buffer
	for _, c := range chain {
		_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	}
	return out.Bytes()
}

func (c *certifier) RoundTrip(r *http.Request) (*http.Response, error) {
	c.asked++
	status := c.statuses[r.URL.Path]
	if status == 0 {
		status = http.StatusOK
	}
	return &http.Response{
		StatusCode: status,
		Body:       io.NopCloser(bytes.NewReader(c.answers[r.URL.Path])),
		Request:    r,
	}, nil
}

const certsPath = "/v1/notifications/certs/"

// Every part of PayPal's signature is checked, and each fault has its own rejection.
func TestSignature(t *testing.T) {
	keys := rsaKeys()
	c := &certifier{t: t, key: keys[0], statuses: map[string]int{certsPath + "GONE": 404, certsPath + "DOWN": 500}}
	c.root = c.issue(authority("root"), nil, &keys[0].PublicKey, keys[0])
	between := c.issue(authority("between"), c.root, &keys[1].PublicKey, keys[0])
	stranger := c.issue(authority("stranger"), nil, &keys[1].PublicKey, keys[1])
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	expired := leaf(testCertName)
	expired.NotBefore, expired.NotAfter = webhooktest.At12.AddDate(-1, 0, 0), webhooktest.At12.Add(-time.Second)
	good := c.issue(leaf(testCertName), c.root, &keys[0].PublicKey, keys[0])
	below := c.issue(leaf(testCertName), between, &keys[0].PublicKey, keys[1])
	var long []*x509.Certificate
	for range 8 {
		long = append(long, good)
	}
	c.answers = map[string][]byte{
		certsPath + "GOOD": inPEM(good), certsPath + "BELOW": inPEM(below, between), certsPath + "ALONE": inPEM(below),
		certsPath + "EIGHT": append(
			inPEM(long...),
			"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"...),
		certsPath + "SEVEN": append(
			inPEM(long[1:]...),
			"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"...),
		certsPath + "EXPIRED":  inPEM(c.issue(expired, c.root, &keys[0].PublicKey, keys[0])),
		certsPath + "LIVE":     inPEM(c.issue(leaf(liveCertName), c.root, &keys[0].PublicKey, keys[0])),
		certsPath + "STRANGER": inPEM(c.issue(leaf(testCertName), stranger, &keys[0].PublicKey, keys[1])),
		certsPath + "SHORT":    inPEM(c.issue(leaf(testCertName), c.root, &keys[2].PublicKey, keys[0])),
		certsPath + "CURVE":    inPEM(c.issue(leaf(testCertName), c.root, &elliptical.PublicKey, keys[0])),
		certsPath + "EMPTY":    []byte("no certificate"),
	}
	roots := x509.NewCertPool()
	roots.AddCert(c.root)
	sign := func(key *rsa.PrivateKey, id, when, webhookID string, body string) string {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s|%d", id, when, webhookID, crc32.ChecksumIEEE([]byte(body))))
		signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		return base64.StdEncoding.EncodeToString(signature)
	}
	connect := func(webhookID string) *provider {
		return New(webhook.Connection{
			Processor: app.Processor{WebhookID: webhookID}, Stage: app.Test, Roots: roots,
			HTTP: &http.Client{Transport: c},
		}).(*provider)
	}
	const host = "https://api.sandbox.paypal.com"
	when := webhooktest.At12.Format(time.RFC3339)
	base := webhook.Header{
		"paypal-transmission-id": "T-1", "paypal-transmission-time": when, "paypal-auth-algo": "SHA256withRSA",
		"paypal-cert-url":         host + certsPath + "GOOD",
		"paypal-transmission-sig": sign(keys[0], "T-1", when, "WH", webhooktest.Body),
	}
	with := func(name, value string) webhook.Header {
		h := maps.Clone(base)
		h[name] = value
		return h
	}
	cert := func(name string) webhook.Header { return with("paypal-cert-url", host+certsPath+name) }
	for _, x := range []struct {
		name, webhook string
		h             webhook.Header
		want          error
		asks          bool
	}{
		{"as it should be", "WH", base, nil, true},
		{"no webhook ID", "", base, webhook.ErrConfig, false},
		{"the simulator's webhook ID", "WEBHOOK_ID", base, webhook.ErrConfig, false},
		{"another webhook ID", "WH2", base, webhook.ErrSignature, true},
		{"no transmission ID", "WH", with("paypal-transmission-id", ""), webhook.ErrMissing, false},
		{"no time", "WH", with("paypal-transmission-time", ""), webhook.ErrMissing, false},
		{"no signature", "WH", with("paypal-transmission-sig", ""), webhook.ErrMissing, false},
		{"no address", "WH", with("paypal-cert-url", ""), webhook.ErrMissing, false},
		{"no algorithm", "WH", with("paypal-auth-algo", ""), webhook.ErrAlgorithm, false},
		{"a time of another form", "WH", with("paypal-transmission-time", "noon"), webhook.ErrHeader, false},
		{"a transmission ID of another form", "WH", with("paypal-transmission-id", "T|1"), webhook.ErrHeader, false},
		{"another transmission ID", "WH", with("paypal-transmission-id", "T-2"), webhook.ErrSignature, true},
		{
			"another time", "WH", with("paypal-transmission-time", webhooktest.At11.Format(time.RFC3339)),
			webhook.ErrSignature, true,
		},
		{"a signature of another form", "WH", with("paypal-transmission-sig", "??"), webhook.ErrSignature, true},
		{
			"a signature of another key", "WH",
			with("paypal-transmission-sig", sign(keys[1], "T-1", when, "WH", webhooktest.Body)), webhook.ErrSignature,
			true,
		},
		{
			"the address of the live stage", "WH", with("paypal-cert-url", "https://api.paypal.com"+certsPath+"GOOD"),
			webhook.ErrCertURL, false,
		},
		{"an address below another path", "WH", with("paypal-cert-url", host+"/v1/GOOD"), webhook.ErrCertURL, false},
		{"a certificate below another one", "WH", cert("BELOW"), nil, true},
		{"a certificate whose issuer is missing", "WH", cert("ALONE"), webhook.ErrCert, true},
		{"eight certificates and more", "WH", cert("EIGHT"), nil, true},
		{"a certificate that cannot be read", "WH", cert("SEVEN"), webhook.ErrCert, true},
		{"an expired certificate", "WH", cert("EXPIRED"), webhook.ErrCert, true},
		{"a certificate of another name", "WH", cert("LIVE"), webhook.ErrCert, true},
		{"a certificate of a stranger", "WH", cert("STRANGER"), webhook.ErrCert, true},
		{"a key of 1024 bits", "WH", cert("SHORT"), webhook.ErrCert, true},
		{"a key of a curve", "WH", cert("CURVE"), webhook.ErrCert, true},
		{"no certificate", "WH", cert("EMPTY"), webhook.ErrCert, true},
		{"a certificate that is not there", "WH", cert("GONE"), webhook.ErrCertURL, true},
	} {
		p := connect(x.webhook)
		c.asked = 0
		webhooktest.CheckVerify(t, x.name, p, x.h, webhooktest.Body, webhooktest.At12, x.want)
		if (c.asked > 0) != x.asks {
			t.Errorf("%s: %d requests", x.name, c.asked)
		}
	}
	p := connect("WH")
	var answer *webhook.AnswerError
	if err := webhooktest.Verify(p, cert("DOWN"), webhooktest.Body, webhooktest.At12); !errors.As(err, &answer) ||
		answer.Status != 500 {
		t.Errorf("an address that fails for the moment: %v", err)
	}
	webhooktest.CheckVerify(t, "another body", p, base, "{}", webhooktest.At12, webhook.ErrSignature)
	for age, want := range map[time.Duration]error{
		retries + webhook.Tolerance: nil, retries + webhook.Tolerance + time.Second: webhook.ErrStale,
		-webhook.Tolerance: nil, -webhook.Tolerance - time.Second: webhook.ErrFuture,
	} {
		webhooktest.CheckVerify(t, age.String(), p, base, webhooktest.Body, webhooktest.At12.Add(age), want)
	}
	c.asked = 0
	webhooktest.CheckVerify(t, "again", p, base, webhooktest.Body, webhooktest.At12, nil)
	if c.asked != 0 {
		t.Error("a certificate that is known was fetched again")
	}
	for i := range maxCerts {
		c.answers[fmt.Sprint(certsPath, i)] = inPEM(good)
		webhooktest.CheckVerify(t, "more certificates", p, cert(fmt.Sprint(i)), webhooktest.Body, webhooktest.At12, nil)
		if want := (i+1)%maxCerts + 1; len(p.chains.known) != want {
			t.Errorf("%d certificates are kept after %d, want %d", len(p.chains.known), i+2, want)
		}
	}
}
