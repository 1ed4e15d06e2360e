package payments

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
	"io"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
)

// A paypal verifies PayPal's signatures. With the key of a certificate that the request names, PayPal signs the
// transmission ID, the time, the webhook ID and the CRC-32 of the body
// (https://developer.paypal.com/api/rest/webhooks/rest/#verify). A CRC does not protect the body, because an attacker
// can change the body and pad it to the same CRC. The signature therefore only proves that PayPal sent a webhook. Its
// content is compared with PayPal's API (paypal.go), and a transmission ID stays bound to the body with which it was
// first accepted.
type paypal struct {
	webhook string
	host    string // host of the certificates; depends on the stage
	name    string // expected DNS name in the certificates
	roots   *x509.CertPool
	http    *http.Client

	mu    sync.Mutex
	known map[string][]*x509.Certificate // by address; only a few entries
}

const (
	liveCerts = "messageverificationcerts.paypal.com"
	testCerts = "messageverificationcerts.sandbox.paypal.com"

	maxAnswer = 1 << 20
	maxCerts  = 16

	// PayPal retries an event for three days, with the time of the first attempt.
	paypalRetries = 3 * 24 * time.Hour
)

var certPath = regexp.MustCompile(`^https://([a-z.]{1,64})/v1/notifications/certs/[A-Za-z0-9_\-]{1,128}$`)

func newPayPal(c app.Processor, a *app.App) *paypal {
	p := &paypal{webhook: c.WebhookID, host: "api.sandbox.paypal.com", name: testCerts, roots: a.Roots, http: a.HTTP}
	if a.Stage == app.Live {
		p.host, p.name = "api.paypal.com", liveCerts
	}
	return p
}

// verify returns a *rejection if the signature is invalid, or another error if the certificate could not be fetched.
// It sends no request to an address that is not PayPal's.
func (p *paypal) verify(ctx context.Context, h headers, body []byte, now time.Time) error {
	id, when, signature := h["paypal-transmission-id"], h["paypal-transmission-time"], h["paypal-transmission-sig"]
	at, err := time.Parse(time.RFC3339, when)
	switch {
	case p.webhook == "" || p.webhook == "WEBHOOK_ID": // the value that PayPal's webhook simulator signs
		return errConfig
	case id == "" || when == "" || signature == "" || h["paypal-cert-url"] == "":
		return errMissing
	case h["paypal-auth-algo"] != "SHA256withRSA":
		return errAlgorithm
	case err != nil || !idForm.MatchString(id):
		return errHeader
	}
	address := certPath.FindStringSubmatch(h["paypal-cert-url"])
	if address == nil || address[1] != p.host {
		return errCertURL
	}
	chain, err := p.certificates(ctx, address[0])
	if err != nil {
		return err
	}
	key, err := p.trusted(chain, now)
	if err != nil {
		return err
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(signature)
	if err != nil {
		return errSignature
	}
	digest := sha256.Sum256([]byte(id + "|" + when + "|" + p.webhook + "|" + strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10)))
	if rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], raw) != nil {
		return errSignature
	}
	switch age := now.Sub(at); {
	case age > paypalRetries+tolerance:
		return errStale
	case age < -tolerance:
		return errFuture
	}
	return nil
}

// trusted returns the key of a certificate that is valid now, has PayPal's DNS name and was issued by a trusted
// authority.
func (p *paypal) trusted(chain []*x509.Certificate, now time.Time) (*rsa.PublicKey, error) {
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{DNSName: p.name, Roots: p.roots, Intermediates: between, CurrentTime: now})
	key, ok := chain[0].PublicKey.(*rsa.PublicKey)
	if err != nil || !ok || key.N.BitLen() < 2048 {
		return nil, errCert
	}
	return key, nil
}

// certificates fetches a certificate chain, the signer's first. It caches the chain, because the content of a
// certificate address never changes.
func (p *paypal) certificates(ctx context.Context, address string) ([]*x509.Certificate, error) {
	chain := p.fetched(address)
	if chain != nil {
		return chain, nil
	}
	raw, err := fetch(ctx, p.http, address, nil)
	if bad := (*answerError)(nil); errors.As(err, &bad) && bad.final() {
		return nil, errCertURL // the certificate does not exist, so the request is not from PayPal
	}
	if err != nil {
		return nil, err
	}
	for block, rest := pem.Decode(raw); block != nil && len(chain) < 8; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, errCert
		}
		chain = append(chain, c)
	}
	if len(chain) == 0 {
		return nil, errCert
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil || len(p.known) >= maxCerts {
		p.known = map[string][]*x509.Certificate{}
	}
	p.known[address] = chain
	return chain, nil
}

// fetched returns the cached chain of an address, or nil if there is none.
func (p *paypal) fetched(address string) []*x509.Certificate {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.known[address]
}

// An answerError is an answer of a processor's API with a status other than 200.
type answerError struct{ status int }

func (e *answerError) Error() string {
	return "payments: the processor's API answered " + strconv.Itoa(e.status)
}

// final reports whether a retry would get the same answer.
func (e *answerError) final() bool {
	return e.status/100 == 4 && e.status != http.StatusRequestTimeout && e.status != http.StatusTooManyRequests
}

// fetch sends a GET request with limits on its time and size. It does not follow redirects.
func fetch(ctx context.Context, client *http.Client, address string, prepare func(*http.Request)) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("payments: fetch: %w", err)
	}
	if prepare != nil {
		prepare(req)
	}
	return send(client, req)
}

func send(client *http.Client, req *http.Request) ([]byte, error) {
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnreachable, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, &answerError{resp.StatusCode}
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("%w: read its answer: %w", errUnreachable, err)
	}
	if len(raw) > maxAnswer {
		return nil, fmt.Errorf("%w: its answer is larger than %d bytes", errUnreachable, maxAnswer)
	}
	return raw, nil
}
