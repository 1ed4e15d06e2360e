package sample

import (
	"maps"
	"strings"
	"time"
)

func (e Event) square() object {
	const form = "2006-01-02T15:04:05.000Z"
	o := object{
		"created_at": e.Created.UTC().Format(form), "updated_at": e.At.UTC().Format(form),
		"location_id": "S8GWD5R9QB376",
	}
	maps.Copy(o, e.squareObject())
	name, _, _ := strings.Cut(e.Type, ".")
	return object{
		"merchant_id": "6SSW7HV8K2ST5", "location_id": "S8GWD5R9QB376", "type": e.Type, "event_id": e.ID,
		"created_at": e.At.UTC().Format(time.RFC3339),
		"data":       object{"type": name, "id": e.Object, "object": object{name: o}},
	}
}

// squareObject returns the fields of the event's object that depend on the kind of the object.
func (e Event) squareObject() object {
	money := func(n int64) object { return object{"amount": n, "currency": e.Currency} }
	switch kinds[e.Provider][e.Type] {
	case "paid":
		o := object{
			"id": e.Payment, "status": or(e.Status, "COMPLETED"), "amount_money": money(e.Total),
			"total_money": money(e.Total), "order_id": "SQUAREORDER1", "version_token": "token",
		}
		if e.Back > 0 {
			o["refunded_money"] = money(e.Back)
		}
		for field, value := range map[string]string{
			"reference_id": e.Order, "customer_id": e.Customer, "buyer_email_address": e.Email,
		} {
			if value != "" {
				o[field] = value
			}
		}
		return o
	case "refund":
		return object{
			"id": e.Object, "status": or(e.Status, "COMPLETED"), "amount_money": money(e.Amount),
			"payment_id": e.Payment, "unlinked": false,
		}
	case "dispute":
		return object{
			"dispute_id": e.Object, "state": or(e.Status, "EVIDENCE_REQUIRED"), "amount_money": money(e.Amount),
			"disputed_payment": object{"payment_id": e.Payment}, "reason": "NOT_AS_DESCRIBED", "version": 1,
		}
	}
	return object{"id": "CUSTOMER1"}
}
