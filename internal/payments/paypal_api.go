package payments

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/app"
)

// A paypalAPI reads the objects of webhooks from PayPal's API. It is safe for concurrent use.
type paypalAPI struct {
	base         string
	client, pass string
	http         *http.Client
	now          func() time.Time

	mu    sync.Mutex
	token string
	until time.Time
}

func newPayPalAPI(c app.Processor, a *app.App) *paypalAPI {
	p := &paypalAPI{base: strings.TrimSuffix(c.API, "/"), client: c.ClientID, pass: c.APISecret, http: a.HTTP, now: a.Now}
	if p.base == "" {
		p.base = "https://api-m.sandbox.paypal.com"
		if a.Stage == app.Live {
			p.base = "https://api-m.paypal.com"
		}
	}
	return p
}

// get reads one object.
func (p *paypalAPI) get(ctx context.Context, path string) ([]byte, error) {
	token, err := p.bearer(ctx)
	if err != nil {
		return nil, err
	}
	raw, err := fetch(ctx, p.http, p.base+path, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) })
	if bad := (*answerError)(nil); errors.As(err, &bad) && bad.status == http.StatusUnauthorized {
		p.forget()
	}
	return raw, err
}

// forget discards the access token, so that the next request fetches a new one.
func (p *paypalAPI) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.token = ""
}

// bearer returns an access token. It caches the token until PayPal's expiry.
func (p *paypalAPI) bearer(ctx context.Context) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.token != "" && p.now().Before(p.until) {
		return p.token, nil
	}
	form := url.Values{"grant_type": {"client_credentials"}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.base+"/v1/oauth2/token", strings.NewReader(form))
	if err != nil {
		return "", fmt.Errorf("payments: ask for a token: %w", err)
	}
	req.SetBasicAuth(p.client, p.pass)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	raw, err := send(p.http, req)
	if err != nil {
		return "", err
	}
	var answer struct {
		Token   string `json:"access_token"`
		Seconds int64  `json:"expires_in"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil || answer.Token == "" {
		return "", errors.New("payments: PayPal gave no token")
	}
	p.token, p.until = answer.Token, p.now().Add(time.Duration(answer.Seconds)*time.Second-time.Minute)
	return p.token, nil
}
