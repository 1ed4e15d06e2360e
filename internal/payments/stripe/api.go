package stripe

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
)

// apiVersion is the API version with which objects are read from the API. Since this version, amount_refunded excludes
// money that was authorized but never captured.
const apiVersion = "2025-03-31.basil"

// get reads a document from Stripe's API.
func (p *provider) get(ctx context.Context, path string) ([]byte, error) {
	return p.Get(ctx, p.Base("https://api.stripe.com", "https://api.stripe.com")+path, func(r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+p.APISecret)
		r.Header.Set(
			"Stripe-Version", apiVersion,
		) // applies to objects; listed events have the version of their webhook
	})
}

// List reads a page of events, newest first (https://docs.stripe.com/api/events/list).
func (p *provider) List(ctx context.Context, since time.Time, cursor string) (webhook.Page, error) {
	q := url.Values{"limit": {"100"}, "created[gte]": {fmt.Sprint(since.Unix())}}
	if cursor != "" {
		q.Set("starting_after", cursor)
	}
	raw, err := p.get(ctx, "/v1/events?"+q.Encode())
	if err != nil {
		return webhook.Page{}, err
	}
	var list struct {
		Data []jsontext.Value `json:"data"`
		More bool             `json:"has_more"`
	}
	if err := webhook.DecodeList(raw, &list); err != nil {
		return webhook.Page{}, err
	}
	page := webhook.Page{Messages: webhook.Messages("", list.Data)}
	if !list.More || len(list.Data) == 0 {
		return page, nil
	}
	var last event
	err = webhook.DecodeList(list.Data[len(list.Data)-1], &last)
	page.Next = last.ID
	return page, err
}

// retrievals contains, for each kind of fact, the API path of the object and the type of event that reports such an
// object.
var retrievals = map[loyalty.FactKind]struct{ path, kind string }{
	loyalty.FactCapture:  {"/v1/payment_intents/", "payment_intent.succeeded"},
	loyalty.FactRefunded: {"/v1/charges/", "charge.updated"},
	loyalty.FactRefund:   {"/v1/refunds/", "refund.updated"},
	loyalty.FactDispute:  {"/v1/disputes/", "charge.dispute.updated"},
}

// Retrieve reads the object of a fact from Stripe's API.
func (p *provider) Retrieve(ctx context.Context, f loyalty.Fact) (m webhook.Message, ok bool, err error) {
	from, ok := retrievals[f.Kind]
	if !ok {
		return m, false, nil
	}
	object, err := p.get(ctx, from.path+f.ID)
	if err != nil {
		return m, true, err
	}
	m.Body, err = json.Marshal(map[string]any{
		"id": webhook.ReadBackID(f, object), "object": "event", "type": from.kind, "api_version": apiVersion,
		"created": time.UnixMilli(f.Clock &^ overCharge).Unix(),
		"data":    map[string]any{"object": jsontext.Value(object)},
	}, json.Deterministic(true))
	return m, true, err
}
