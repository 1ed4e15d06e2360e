package paypal

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
	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
)

// base returns the base URL of PayPal's API.
func (p *provider) base() string {
	return p.Base("https://api-m.paypal.com", "https://api-m.sandbox.paypal.com")
}

// get reads a document from PayPal's API. If the response has the status 401, the next call of get fetches a new access
// token.
func (p *provider) get(ctx context.Context, path string) ([]byte, error) {
	bearer, err := p.bearer(ctx)
	if err != nil {
		return nil, err
	}
	raw, err := p.Get(ctx, p.base()+path, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+bearer) })
	if bad := (*webhook.AnswerError)(nil); errors.As(err, &bad) && bad.Status == http.StatusUnauthorized {
		p.token.mu.Lock()
		defer p.token.mu.Unlock()
		p.token.value = ""
	}
	return raw, err
}

// An accessToken is a cached access token. It is safe for concurrent use.
type accessToken struct {
	mu    sync.Mutex
	value string
	until time.Time
}

// bearer returns an access token. It caches the token until one minute before the token expires.
func (p *provider) bearer(ctx context.Context) (string, error) {
	p.token.mu.Lock()
	defer p.token.mu.Unlock()
	if p.token.value != "" && p.Now().Before(p.token.until) {
		return p.token.value, nil
	}
	form := strings.NewReader(url.Values{"grant_type": {"client_credentials"}}.Encode())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.base()+"/v1/oauth2/token", form)
	if err != nil {
		return "", fmt.Errorf("payments: request a token: %w", err)
	}
	req.SetBasicAuth(p.ClientID, p.APISecret)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	raw, err := p.Do(req)
	if err != nil {
		return "", err
	}
	var answer struct {
		Token   string `json:"access_token"`
		Seconds int64  `json:"expires_in"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil || answer.Token == "" {
		return "", errors.New("payments: PayPal returned no token")
	}
	lifetime := time.Duration(answer.Seconds)*time.Second - time.Minute
	p.token.value, p.token.until = answer.Token, p.Now().Add(lifetime)
	return answer.Token, nil
}

// List reads a page of events (https://developer.paypal.com/docs/api/webhooks/v1/#webhooks-events_list).
func (p *provider) List(ctx context.Context, since time.Time, cursor string) (webhook.Page, error) {
	path := cursor
	if path == "" {
		path = "/v1/notifications/webhooks-events?" + url.Values{
			"page_size":  {"100"},
			"start_time": {since.Format(time.RFC3339)},
			"end_time":   {p.Now().UTC().Format(time.RFC3339)},
		}.Encode()
	}
	raw, err := p.get(ctx, path)
	if err != nil {
		return webhook.Page{}, err
	}
	var list struct {
		Events []jsontext.Value `json:"events"`
		Links  []link           `json:"links"`
	}
	if err := webhook.DecodeList(raw, &list); err != nil {
		return webhook.Page{}, err
	}
	page := webhook.Page{Messages: webhook.Messages("", list.Events)}
	for _, l := range list.Links {
		if u, err := url.Parse(l.Href); l.Rel == "next" && err == nil && len(list.Events) > 0 {
			page.Next = u.RequestURI() // only the path, so that the next request is sent to the known host of PayPal
		}
	}
	return page, nil
}
