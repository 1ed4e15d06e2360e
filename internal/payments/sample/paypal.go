package sample

import (
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func (e Event) paypal() object {
	return object{
		"id": e.ID, "event_version": "1.0", "create_time": e.At.UTC().Format(time.RFC3339),
		"resource_type": kinds[e.Provider][e.Type], "resource_version": "2.0",
		"event_type": e.Type, "summary": "A sample", "resource": e.PayPalResource(),
	}
}

// PayPalResource returns the object of the event as PayPal's API returns it.
func (e Event) PayPalResource() map[string]any {
	e = e.filled()
	money := func(n int64) object {
		m := loyalty.Money{Amount: n, Currency: loyalty.Currency(e.Currency)}
		return object{"currency_code": e.Currency, "value": m.Decimal()}
	}
	o := object{"create_time": e.Created.UTC().Format(time.RFC3339), "update_time": e.At.UTC().Format(time.RFC3339)}
	switch kinds[e.Provider][e.Type] {
	case "paid":
		o["id"], o["status"], o["amount"], o["final_capture"] = e.Payment, or(
			e.Status,
			"COMPLETED",
		), money(
			e.Total,
		), true
		o["custom_id"], o["invoice_id"] = e.Member, e.Order
		o["supplementary_data"] = object{"related_ids": object{"order_id": "PAYPALORDER1"}}
	case "refund":
		o["id"], o["status"], o["amount"] = e.Object, or(e.Status, "COMPLETED"), money(e.Amount)
		if e.Back > 0 {
			o["seller_payable_breakdown"] = object{"total_refunded_amount": money(e.Back)}
		}
		o["links"] = []object{
			{"rel": "up", "method": "GET", "href": "https://api.paypal.com/v2/payments/captures/" + e.Payment},
		}
	case "dispute":
		o["dispute_id"], o["dispute_amount"], o["dispute_life_cycle_stage"] = e.Object, money(e.Amount), "CHARGEBACK"
		o["disputed_transactions"] = []object{{"seller_transaction_id": e.Payment}}
		o["status"] = "OPEN"
		if strings.HasSuffix(e.Type, "RESOLVED") {
			o["status"], o["dispute_outcome"] = "RESOLVED", object{
				"outcome_code": or(e.Status, "RESOLVED_BUYER_FAVOUR"),
			}
		}
	}
	return o
}
