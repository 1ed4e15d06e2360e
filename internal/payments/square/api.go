package square

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
)

// base returns the base URL of Square's API.
func (p *provider) base() string {
	return p.Base("https://connect.squareup.com", "https://connect.squareupsandbox.com")
}

// authorize sets the access token of a request.
func (p *provider) authorize(r *http.Request) { r.Header.Set("Authorization", "Bearer "+p.APISecret) }

// List reads a page of events (https://developer.squareup.com/reference/square/events-api/search-events).
func (p *provider) List(ctx context.Context, since time.Time, cursor string) (webhook.Page, error) {
	created := map[string]string{"start_at": since.Format(time.RFC3339)}
	query := map[string]any{
		"limit": 100, "query": map[string]any{"filter": map[string]any{"created_at": created}},
	}
	if cursor != "" {
		query["cursor"] = cursor
	}
	body, err := json.Marshal(query)
	if err != nil {
		return webhook.Page{}, fmt.Errorf("payments: list events of Square: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.base()+"/v2/events", bytes.NewReader(body))
	if err != nil {
		return webhook.Page{}, fmt.Errorf("payments: list events of Square: %w", err)
	}
	p.authorize(req)
	req.Header.Set("Content-Type", "application/json")
	raw, err := p.Do(req)
	if err != nil {
		return webhook.Page{}, err
	}
	var list struct {
		Events []jsontext.Value `json:"events"`
		Cursor string           `json:"cursor"`
	}
	err = webhook.DecodeList(raw, &list)
	return webhook.Page{Messages: webhook.Messages("", list.Events), Next: list.Cursor}, err
}

// retrievals contains, for each kind of fact, the API path of the object and the type of event that reports such an
// object.
var retrievals = map[loyalty.FactKind]struct{ path, kind string }{
	loyalty.FactCapture:  {"/v2/payments/", "payment.updated"},
	loyalty.FactRefunded: {"/v2/payments/", "payment.updated"},
	loyalty.FactRefund:   {"/v2/refunds/", "refund.updated"},
	loyalty.FactDispute:  {"/v2/disputes/", "dispute.state.updated"},
}

// Retrieve reads the object of a fact from Square's API.
func (p *provider) Retrieve(ctx context.Context, f loyalty.Fact) (m webhook.Message, ok bool, err error) {
	from, ok := retrievals[f.Kind]
	if !ok {
		return m, false, nil
	}
	object, err := p.Get(ctx, p.base()+from.path+f.ID, p.authorize)
	if err != nil {
		return m, true, err
	}
	m.Body, err = json.Marshal(map[string]any{
		"event_id": webhook.ReadBackID(f, object), "type": from.kind,
		"created_at": time.UnixMilli(f.Clock).UTC().Format(time.RFC3339),
		"data":       map[string]any{"object": jsontext.Value(object)},
	}, json.Deterministic(true))
	return m, true, err
}
