package shopify

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
)

// A privacyRequest contains the fields of the three topics that Shopify requires of every app
// (https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance).
type privacyRequest struct {
	Shop     jsontext.Value `json:"shop_id"`
	Domain   string         `json:"shop_domain"`
	Customer *struct {
		ID    jsontext.Value `json:"id"`
		Email string         `json:"email"`
	} `json:"customer"`
	Redact    []jsontext.Value `json:"orders_to_redact"`
	Requested []jsontext.Value `json:"orders_requested"`
	Request   *struct{}        `json:"data_request"`
}

// kind returns the kind of the request, or an empty kind if the body belongs to none of the three topics. The signature
// does not cover the topic. Only the form of a body proves that Shopify sent it as a request to erase data.
func (x privacyRequest) kind() webhook.PrivacyKind {
	export := x.Requested != nil || x.Request != nil
	switch {
	case !webhook.IsID(webhook.Number(x.Shop)) || x.Domain == "":
		return ""
	case x.Customer == nil && x.Redact == nil && !export:
		return webhook.ShopErasureRequest
	case x.Customer == nil:
		return ""
	case export && x.Redact == nil:
		return webhook.ExportRequest
	case !export && x.Redact != nil:
		return webhook.ErasureRequest
	}
	return ""
}

// readPrivacy returns the function that reads the requests of one kind.
func readPrivacy(kind webhook.PrivacyKind) func(body []byte) (webhook.Event, error) {
	return func(body []byte) (webhook.Event, error) {
		var x privacyRequest
		if err := webhook.Decode(body, &x); err != nil {
			return webhook.Event{}, err
		}
		if x.kind() != kind {
			return webhook.Event{}, errTopic
		}
		r := &webhook.PrivacyRequest{Kind: kind}
		if c := x.Customer; c != nil {
			r.Address = c.Email
			if id := webhook.Number(c.ID); webhook.IsID(id) {
				r.Customer = "shopify:" + id
			}
			if r.Customer == "" && r.Address == "" {
				return webhook.Event{}, webhook.Invalid("The request names no customer.")
			}
		}
		for _, v := range x.Redact {
			id := webhook.Number(v)
			if !webhook.IsID(id) {
				return webhook.Event{}, errTopic
			}
			r.Payments = append(r.Payments, "shopify:"+id)
		}
		return webhook.Event{Privacy: r}, nil
	}
}
