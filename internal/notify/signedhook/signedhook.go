// Package signedhook posts messages to an address of the merchant. It signs them according to Standard Webhooks
// (https://github.com/standard-webhooks/standard-webhooks, v1): HMAC-SHA-256 over ID, timestamp and body.
//
// It connects only to public addresses over HTTPS and never follows a redirect, so that it cannot be used to reach a
// private network. A receiver detects repetitions by the header webhook-id. If it is unknown whether the receiver
// accepted a message, the message is therefore sent again.
package signedhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/notify"
	"github.com/perennial-loyalty/perennial/internal/outbound"
)

// A Sender posts messages to one address. Create one with New.
type Sender struct {
	url     string
	secrets func(context.Context) [][]byte
	now     func() time.Time
	client  *http.Client
}

var _ notify.Sender = (*Sender)(nil)

// timeout limits one request, from name resolution to the end of the response.
const timeout = 5 * time.Second

// Secrets returns the signing secrets: the current one and, after a rotation, the previous one. The argument previous
// may be nil. The receiver has the secrets in base64, with the prefix whsec_.
func Secrets(current, previous []byte) ([][]byte, error) {
	if len(current) < minSecret {
		return nil, errors.New("signedhook: the secret must be at least 24 random bytes")
	}
	if len(previous) < minSecret || bytes.Equal(current, previous) {
		return [][]byte{current}, nil
	}
	return [][]byte{current, previous}, nil
}

const minSecret = 24

// New creates a sender for an https address. The function secrets returns the current signing secrets. The sender signs
// each message with all of them, and a receiver accepts a message with one valid signature. If there is no secret, no
// message is sent.
func New(address string, secrets func(context.Context) [][]byte, now func() time.Time) (*Sender, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Port() != "" && u.Port() != "443" {
		return nil, errors.New(
			"signedhook: the address must have the form https://example.com/path and the default port",
		)
	}
	return &Sender{url: address, secrets: secrets, now: now, client: outbound.Client(timeout)}, nil
}

// Send posts a message.
func (s *Sender) Send(ctx context.Context, m notify.Message) error {
	secrets := s.secrets(ctx)
	if len(secrets) == 0 {
		return fmt.Errorf("signedhook: %w: the secret could not be read", notify.ErrNotSent)
	}
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("signedhook: encode a message: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("signedhook: %w", err)
	}
	stamp := strconv.FormatInt(s.now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("webhook-id", m.ID)
	req.Header.Set("webhook-timestamp", stamp)
	var signatures []string
	for _, secret := range secrets {
		signatures = append(signatures, Sign(secret, m.ID, stamp, body))
	}
	req.Header.Set("webhook-signature", strings.Join(signatures, " "))
	resp, err := s.client.Do(req)
	if err != nil {
		return fmt.Errorf("signedhook: %w: %w", notify.ErrNotSent, err)
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // the connection can then be reused
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("signedhook: %w: the response status was %d", notify.ErrNotSent, resp.StatusCode)
	}
	return nil
}

// Sign returns the signature of a body in the form "v1,BASE64".
func Sign(secret []byte, id, stamp string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
