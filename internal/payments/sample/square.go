package sample

import (
	"strings"
	"time"
)

func (e Event) square() object {
	money := func(n int64) object { return object{"amount": n, "currency": e.Currency} }
	o := object{
		"created_at": e.Created.UTC().
			Format("2006-01-02T15:04:05.000Z"),
		"updated_at": e.At.UTC().Format("2006-01-02T15:04:05.000Z"), "location_id": "S8GWD5R9QB376",
	}
	name, _, _ := strings.Cut(e.Type, ".")
	switch kinds[e.Provider][e.Type] {
	case "paid":
		o["id"], o["status"], o["amount_money"], o["total_money"] = e.Payment, or(
			e.Status,
			"COMPLETED",
		), money(
			e.Total,
		), money(
			e.Total,
		)
		o["order_id"], o["version_token"] = "SQUAREORDER1", "token"
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
	case "refund":
		o["id"], o["status"], o["amount_money"], o["payment_id"], o["unlinked"] = e.Object, or(
			e.Status,
			"COMPLETED",
		), money(
			e.Amount,
		), e.Payment, false
	case "dispute":
		o["dispute_id"], o["state"], o["amount_money"] = e.Object, or(e.Status, "EVIDENCE_REQUIRED"), money(e.Amount)
		o["disputed_payment"], o["reason"], o["version"] = object{"payment_id": e.Payment}, "NOT_AS_DESCRIBED", 1
	default:
		o["id"] = "CUSTOMER1"
	}
	return object{
		"merchant_id": "6SSW7HV8K2ST5", "location_id": "S8GWD5R9QB376", "type": e.Type, "event_id": e.ID,
		"created_at": e.At.UTC().Format(time.RFC3339),
		"data":       object{"type": name, "id": e.Object, "object": object{name: o}},
	}
}
