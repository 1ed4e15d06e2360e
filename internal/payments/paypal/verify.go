package paypal

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"hash/crc32"
	"sync"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/lazyregexp"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
)

// These constants are the hosts from which PayPal's certificates are read, and the DNS names that the certificates must
// contain.
const (
	liveCertHost = "api.paypal.com"
	testCertHost = "api.sandbox.paypal.com"
	liveCertName = "messageverificationcerts.paypal.com"
	testCertName = "messageverificationcerts.sandbox.paypal.com"
)

const (
	maxChain = 8  // maximum number of certificates in a chain
	maxCerts = 16 // maximum number of cached chains

	// retries is the time for which PayPal resends an event. The resent event states the time of the first attempt.
	retries = 3 * 24 * time.Hour
)

// A transmission contains the data that PayPal signs, and the signature.
type transmission struct {
	id, time  string
	at        time.Time
	signature string // the signature, in base64
	certURL   string
}

// Verify checks the signature of a request. The request names a certificate. With the key of this certificate, PayPal
// signs the transmission ID, the time, the webhook ID and the CRC-32 of the body
// (https://developer.paypal.com/api/rest/webhooks/rest/#verify). A CRC does not protect the body, because an attacker
// can change the body and add bytes until it has the same CRC. The signature therefore only proves that PayPal sent a
// webhook. Verify sends requests only to addresses of PayPal.
func (p *provider) Verify(ctx context.Context, r webhook.Request) ([]webhook.Message, error) {
	t, err := p.transmission(r.Header)
	if err != nil {
		return nil, err
	}
	chain, err := p.certificates(ctx, t.certURL)
	if err != nil {
		return nil, err
	}
	key, err := p.trusted(chain, r.At)
	if err != nil {
		return nil, err
	}
	signature, err := base64.StdEncoding.Strict().DecodeString(t.signature)
	if err != nil {
		return nil, webhook.ErrSignature
	}
	digest := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s|%d", t.id, t.time, p.WebhookID, crc32.ChecksumIEEE(r.Body)))
	if rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) != nil {
		return nil, webhook.ErrSignature
	}
	switch age := r.At.Sub(t.at); {
	case age > retries+webhook.Tolerance:
		return nil, webhook.ErrStale
	case age < -webhook.Tolerance:
		return nil, webhook.ErrFuture
	}
	return []webhook.Message{{Transmission: t.id, Body: r.Body}}, nil
}

var certPath = lazyregexp.New(`^https://([a-z.]{1,64})/v1/notifications/certs/[A-Za-z0-9_\-]{1,128}$`)

// transmission reads the signed data and the signature from the headers of a request.
func (p *provider) transmission(h webhook.Header) (t transmission, err error) {
	t.id, t.time = h["paypal-transmission-id"], h["paypal-transmission-time"]
	t.signature, t.certURL = h["paypal-transmission-sig"], h["paypal-cert-url"]
	t.at, err = time.Parse(time.RFC3339, t.time)
	switch {
	// WEBHOOK_ID is the ID with which PayPal's webhook simulator signs.
	case p.WebhookID == "" || p.WebhookID == "WEBHOOK_ID":
		return t, webhook.ErrConfig
	case t.id == "" || t.time == "" || t.signature == "" || t.certURL == "":
		return t, webhook.ErrMissing
	case h["paypal-auth-algo"] != "SHA256withRSA":
		return t, webhook.ErrAlgorithm
	case err != nil || !webhook.IsID(t.id):
		return t, webhook.ErrHeader
	}
	if address := certPath.FindStringSubmatch(t.certURL); address == nil || address[1] != p.certHost() {
		return t, webhook.ErrCertURL
	}
	return t, nil
}

// certHost returns the host from which certificates of the stage are read.
func (p *provider) certHost() string {
	if p.Stage == app.Live {
		return liveCertHost
	}
	return testCertHost
}

// certName returns the DNS name that PayPal's certificates must have in this stage.
func (p *provider) certName() string {
	if p.Stage == app.Live {
		return liveCertName
	}
	return testCertName
}

// trusted returns the public key of the first certificate in a chain. It returns an error unless this certificate is
// valid now, has PayPal's DNS name and was issued by a trusted authority.
func (p *provider) trusted(chain []*x509.Certificate, now time.Time) (*rsa.PublicKey, error) {
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		DNSName: p.certName(), Roots: p.Roots, Intermediates: between, CurrentTime: now,
	})
	key, ok := chain[0].PublicKey.(*rsa.PublicKey)
	if err != nil || !ok || key.N.BitLen() < 2048 {
		return nil, webhook.ErrCert
	}
	return key, nil
}

// certificates reads a certificate chain, which starts with the signer's certificate. It caches the chain, because the
// content at a certificate address never changes.
func (p *provider) certificates(ctx context.Context, address string) ([]*x509.Certificate, error) {
	if chain := p.chains.get(address); chain != nil {
		return chain, nil
	}
	raw, err := p.Get(ctx, address, nil)
	if bad := (*webhook.AnswerError)(nil); errors.As(err, &bad) && bad.Final() {
		return nil, webhook.ErrCertURL // there is no such certificate, so the request is not from PayPal
	}
	if err != nil {
		return nil, err
	}
	var chain []*x509.Certificate
	for block, rest := pem.Decode(raw); block != nil && len(chain) < maxChain; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, webhook.ErrCert
		}
		chain = append(chain, c)
	}
	if len(chain) == 0 {
		return nil, webhook.ErrCert
	}
	p.chains.put(address, chain)
	return chain, nil
}

// A chainCache caches up to maxCerts certificate chains by address. It is safe for concurrent use.
type chainCache struct {
	mu    sync.Mutex
	known map[string][]*x509.Certificate
}

// get returns the cached chain of an address, or nil if there is none.
func (c *chainCache) get(address string) []*x509.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known[address]
}

func (c *chainCache) put(address string, chain []*x509.Certificate) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || len(c.known) >= maxCerts {
		c.known = map[string][]*x509.Certificate{}
	}
	c.known[address] = chain
}
