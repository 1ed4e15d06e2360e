package sample

import "strings"

func (e Event) stripe() object {
	o := object{
		"id":       e.Object,
		"currency": strings.ToLower(e.Currency),
		"created":  e.Created.Unix(),
		"livemode": e.Live,
	}
	metadata := object{}
	for name, value := range map[string]string{"loyalty_order": e.Order, "loyalty_member": e.Member} {
		if value != "" {
			metadata[name] = value
		}
	}
	charge := "ch_" + strings.TrimPrefix(e.Payment, "pi_")
	switch kinds[e.Provider][e.Type] {
	case "paid":
		o["id"], o["object"], o["status"] = e.Payment, "payment_intent", "succeeded"
		o["amount"], o["amount_received"] = e.Total, e.Total
		o["metadata"], o["customer"], o["receipt_email"], o["latest_charge"] = metadata, null(
			e.Customer,
		), null(
			e.Email,
		), charge
	case "charge":
		o["id"], o["object"], o["captured"], o["status"] = charge, "charge", true, "succeeded"
		o["amount"], o["amount_captured"] = e.Total, e.Total
		o["amount_refunded"], o["refunded"], o["payment_intent"] = e.Back, e.Back == e.Total, e.Payment
		o["metadata"], o["customer"], o["billing_details"] = metadata, null(
			e.Customer,
		), object{
			"email": null(e.Email),
			"name":  nil,
		}
	case "refund":
		o["object"], o["amount"], o["charge"], o["payment_intent"], o["status"] = "refund", e.Amount, charge, e.Payment, or(
			e.Status,
			"succeeded",
		)
		o["metadata"] = object{}
	case "dispute":
		o["object"], o["amount"], o["reason"] = "dispute", e.Amount, "fraudulent"
		o["charge"], o["payment_intent"] = charge, e.Payment
		o["status"] = or(
			e.Status,
			map[bool]string{true: "lost", false: "needs_response"}[e.Type == "charge.dispute.closed"],
		)
	case "session":
		o["object"], o["amount_total"] = "checkout.session", e.Total
		o["payment_intent"], o["payment_status"] = e.Payment, "paid"
		o["metadata"], o["customer"], o["customer_details"] = metadata, null(e.Customer), object{"email": null(e.Email)}
	case "invoice":
		o["object"], o["amount_paid"], o["payment_intent"], o["subscription"] = "invoice", e.Total, e.Payment, "sub_sample"
		o["metadata"], o["customer"] = metadata, or(e.Customer, "cus_sample")
	default:
		o["object"] = "customer"
	}
	return object{
		"id": e.ID, "object": "event", "api_version": "2025-06-30.basil", "created": e.At.Unix(), "livemode": e.Live,
		"pending_webhooks": 1,
		"request":          object{"id": "req_sample", "idempotency_key": nil}, "type": e.Type, "data": object{"object": o},
	}
}

// null returns a text, or nil if it is empty.
func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
