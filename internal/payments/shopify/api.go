package shopify

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
)

// pageSize is the number of orders in a page of the list.
const pageSize = 50

// List reads a page of orders by ascending ID (https://shopify.dev/docs/api/admin-rest/latest/resources/order). An
// order includes its refunds. If gift cards paid part of an order, List also reads its transactions.
func (p *provider) List(ctx context.Context, since time.Time, cursor string) (webhook.Page, error) {
	q := url.Values{
		"status": {"any"}, "limit": {strconv.Itoa(pageSize)}, "updated_at_min": {since.Format(time.RFC3339)},
		"since_id": {cmp.Or(cursor, "0")},
	}
	var list struct {
		Orders []jsontext.Value `json:"orders"`
	}
	if err := p.get(ctx, "orders.json?"+q.Encode(), &list); err != nil {
		return webhook.Page{}, err
	}
	page := webhook.Page{Messages: webhook.Messages("orders/updated", list.Orders)}
	for i, raw := range list.Orders {
		var o order
		if err := webhook.DecodeList(raw, &o); err != nil {
			return webhook.Page{}, err
		}
		id := webhook.Number(o.ID)
		if i == pageSize-1 {
			page.Next = id
		}
		if _, mixed := o.tenders(); !mixed || !webhook.IsID(id) {
			continue
		}
		var paid struct {
			Transactions []jsontext.Value `json:"transactions"`
		}
		if err := p.get(ctx, "orders/"+id+"/transactions.json", &paid); err != nil {
			return webhook.Page{}, err
		}
		page.Messages = append(page.Messages, webhook.Messages("order_transactions/create", paid.Transactions)...)
	}
	return page, nil
}

// get reads a document from Shopify's Admin API. The address of the API is in the settings of the connection.
func (p *provider) get(ctx context.Context, path string, into any) error {
	raw, err := p.Get(ctx, p.Base("", "")+"/admin/api/2025-07/"+path, func(r *http.Request) {
		r.Header.Set("X-Shopify-Access-Token", p.APISecret)
	})
	if err != nil {
		return err
	}
	return webhook.DecodeList(raw, into)
}
