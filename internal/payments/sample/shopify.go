package sample

import (
	"encoding/json"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func (e Event) shopify() object {
	amount := func(n int64) string {
		return loyalty.Money{Amount: n, Currency: loyalty.Currency(e.Currency)}.Decimal()
	}
	created := e.Created.Format(time.RFC3339)
	switch kinds[e.Provider][e.Type] {
	case "paid":
		return e.shopifyOrder(amount)
	case "refund":
		return object{
			"id": json.Number(e.Object), "order_id": json.Number(e.Payment), "created_at": created,
			"processed_at": created, "note": nil, "restock": true, "refund_line_items": []object{},
			"order_adjustments": []object{},
			"transactions": []object{{
				"id": 179259969, "kind": "refund", "status": or(e.Status, "success"), "amount": amount(e.Amount),
				"currency": e.Currency, "gateway": "bogus", "test": !e.Live,
			}},
		}
	case "transaction": // the part of an order that was paid with a gift card
		return object{
			"id": json.Number(e.Object), "order_id": json.Number(e.Payment), "kind": "sale",
			"status": or(e.Status, "success"), "gateway": "gift_card", "amount": amount(e.Amount),
			"currency": e.Currency, "created_at": created, "test": !e.Live,
		}
	case "dispute":
		return object{
			"id": json.Number(e.Object), "order_id": json.Number(e.Payment), "type": "chargeback",
			"status": or(e.Status, "needs_response"), "amount": amount(e.Amount), "currency": e.Currency,
			"reason": "fraudulent", "initiated_at": created, "finalized_on": nil,
		}
	}
	return e.shopifyPrivacy()
}

func (e Event) shopifyPrivacy() object {
	o, orders := object{"shop_id": 954889, "shop_domain": "sample.myshopify.com"}, []json.Number{json.Number(e.Payment)}
	switch kinds[e.Provider][e.Type] {
	case "redact":
		o["orders_to_redact"] = orders
	case "data_request":
		o["orders_requested"], o["data_request"] = orders, object{"id": 9999}
	default:
		return o
	}
	o["customer"] = object{
		"id": json.Number(or(e.Customer, "191167")), "email": null(e.Email), "phone": "555-625-1199",
	}
	return o
}

func (e Event) shopifyOrder(amount func(int64) string) object {
	created := e.Created.Format(time.RFC3339)
	o := object{
		"id": json.Number(e.Payment), "order_number": 1234, "name": "#9999", "currency": e.Currency, "test": !e.Live,
		"total_price": amount(e.Total), "current_total_price": amount(e.Total - e.Back),
		"subtotal_price": amount(e.Total), "total_tax": amount(0), "total_discounts": amount(0),
		"taxes_included": false, "financial_status": or(e.Status, "paid"), "email": e.Email, "created_at": created,
		"processed_at": created, "updated_at": e.At.Format(time.RFC3339), "cancelled_at": nil, "refunds": []object{},
		"line_items":      []object{{"id": 866550311766439020, "quantity": 1, "price": amount(e.Total)}},
		"note_attributes": []object{},
	}
	if e.Customer != "" {
		o["customer"] = object{"id": json.Number(e.Customer), "email": null(e.Email)}
	}
	return o
}
