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

// PayPal signs, with the key of a certificate that it names itself, its id of the transmission, its time, the id of
// the webhook and the CRC-32 of the body (https://developer.paypal.com/api/rest/webhooks/rest/#verify). A CRC is no
// proof: a body can be changed and padded so that it stays the same. So the signature only says that PayPal sent
// something; what it is about is read back from PayPal's API (paypal.go), and a transmission is bound to the body
// that was taken with it.
type paypal struct {
	webhook string
	host    string // of the certificates, by stage
	name    string // whom they are for
	roots   *x509.CertPool
	http    *http.Client

	mu    sync.Mutex
	known map[string][]*x509.Certificate // by address; a handful at most
}

const (
	liveCerts = "messageverificationcerts.paypal.com"
	testCerts = "messageverificationcerts.sandbox.paypal.com"

	maxAnswer = 1 << 20
	maxCerts  = 16

	// PayPal repeats what was not taken for three days, with the time of the first attempt.
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

// verify returns a *rejection, or another error if the certificate could not be fetched. No request is made to an
// address that is not PayPal's.
func (p *paypal) verify(ctx context.Context, h headers, body []byte, now time.Time) error {
	id, when, signature := h["paypal-transmission-id"], h["paypal-transmission-time"], h["paypal-transmission-sig"]
	at, err := time.Parse(time.RFC3339, when)
	switch {
	case p.webhook == "" || p.webhook == "WEBHOOK_ID": // what PayPal's simulator really signs
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

// trusted is the key of a certificate that is valid now, for PayPal's name, and issued by whom we trust.
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

// certificates fetches a chain, the signer's first. A certificate's address never shows another one.
func (p *paypal) certificates(ctx context.Context, address string) ([]*x509.Certificate, error) {
	chain := p.fetched(address)
	if chain != nil {
		return chain, nil
	}
	raw, err := fetch(ctx, p.http, address, nil)
	if bad := (*answerError)(nil); errors.As(err, &bad) && bad.final() {
		return nil, errCertURL // there is no such certificate: whoever named it is not PayPal
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

// fetched returns the chain that was fetched from an address before; nil if none was.
func (p *paypal) fetched(address string) []*x509.Certificate {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.known[address]
}

// An answerError is an answer of a processor's API that is not 200.
type answerError struct{ status int }

func (e *answerError) Error() string {
	return "payments: the processor's API answered " + strconv.Itoa(e.status)
}

// final reports whether the same question has the same answer in a moment.
func (e *answerError) final() bool {
	return e.status/100 == 4 && e.status != http.StatusRequestTimeout && e.status != http.StatusTooManyRequests
}

// fetch gets what is at an address, within bounds, and follows nothing.
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
