package sample

import (
	"maps"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func (e Event) paypal() object {
	o := object{"create_time": e.Created.UTC().Format(time.RFC3339), "update_time": e.At.UTC().Format(time.RFC3339)}
	maps.Copy(o, e.paypalObject())
	return object{
		"id": e.ID, "event_version": "1.0", "create_time": e.At.UTC().Format(time.RFC3339),
		"resource_type": kinds[e.Provider][e.Type], "resource_version": "2.0", "event_type": e.Type,
		"summary": "A sample", "resource": o,
	}
}

// paypalObject returns the fields of the event's object that depend on the kind of the object.
func (e Event) paypalObject() object {
	money := func(n int64) object {
		m := loyalty.Money{Amount: n, Currency: loyalty.Currency(e.Currency)}
		return object{"currency_code": e.Currency, "value": m.Decimal()}
	}
	switch kinds[e.Provider][e.Type] {
	case "paid":
		return object{
			"id": e.Payment, "status": or(e.Status, "COMPLETED"), "amount": money(e.Total), "final_capture": true,
			"custom_id": e.Member, "invoice_id": e.Order,
			"supplementary_data": object{"related_ids": object{"order_id": "PAYPALORDER1"}},
		}
	case "refund":
		o := object{
			"id": e.Object, "status": or(e.Status, "COMPLETED"), "amount": money(e.Amount),
			"links": []object{
				{"rel": "up", "method": "GET", "href": "https://api.paypal.com/v2/payments/captures/" + e.Payment},
			},
		}
		if e.Back > 0 {
			o["seller_payable_breakdown"] = object{"total_refunded_amount": money(e.Back)}
		}
		return o
	case "dispute":
		o := object{
			"dispute_id": e.Object, "dispute_amount": money(e.Amount), "dispute_life_cycle_stage": "CHARGEBACK",
			"disputed_transactions": []object{{"seller_transaction_id": e.Payment}}, "status": "OPEN",
		}
		if strings.HasSuffix(e.Type, "RESOLVED") {
			o["status"] = "RESOLVED"
			o["dispute_outcome"] = object{"outcome_code": or(e.Status, "RESOLVED_BUYER_FAVOUR")}
		}
		return o
	}
	return nil
}
