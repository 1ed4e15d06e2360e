package sample

import (
	"maps"
	"strings"
)

func (e Event) stripe() object {
	o := object{
		"id": e.Object, "currency": strings.ToLower(e.Currency), "created": e.Created.Unix(), "livemode": e.Live,
	}
	maps.Copy(o, e.stripeObject())
	return object{
		"id": e.ID, "object": "event", "type": e.Type, "api_version": "2025-06-30.basil", "created": e.At.Unix(),
		"livemode": e.Live, "pending_webhooks": 1, "request": object{"id": "req_sample", "idempotency_key": nil},
		"data": object{"object": o},
	}
}

// stripeObject returns the fields of the event's object that depend on the kind of the object.
func (e Event) stripeObject() object {
	metadata := object{}
	for name, value := range map[string]string{"loyalty_order": e.Order, "loyalty_member": e.Member} {
		if value != "" {
			metadata[name] = value
		}
	}
	charge := "ch_" + strings.TrimPrefix(e.Payment, "pi_")
	switch kinds[e.Provider][e.Type] {
	case "paid":
		return object{
			"id": e.Payment, "object": "payment_intent", "amount": e.Total, "amount_received": e.Total,
			"status": "succeeded", "metadata": metadata, "customer": null(e.Customer), "receipt_email": null(e.Email),
			"latest_charge": charge,
		}
	case "charge":
		return object{
			"id": charge, "object": "charge", "payment_intent": e.Payment, "amount": e.Total,
			"amount_captured": e.Total,
			"amount_refunded": e.Back, "refunded": e.Back == e.Total, "captured": true, "status": "succeeded",
			"metadata": metadata, "customer": null(e.Customer),
			"billing_details": object{"email": null(e.Email), "name": nil},
		}
	case "refund":
		return object{
			"object": "refund", "amount": e.Amount, "charge": charge, "payment_intent": e.Payment,
			"status": or(e.Status, "succeeded"), "metadata": object{},
		}
	case "dispute":
		status := "needs_response"
		if e.Type == "charge.dispute.closed" {
			status = "lost"
		}
		return object{
			"object": "dispute", "amount": e.Amount, "charge": charge, "payment_intent": e.Payment,
			"reason": "fraudulent", "status": or(e.Status, status),
		}
	case "session":
		return object{
			"object": "checkout.session", "amount_total": e.Total, "payment_intent": e.Payment,
			"payment_status": "paid",
			"metadata":       metadata, "customer": null(e.Customer),
			"customer_details": object{"email": null(e.Email)},
		}
	case "invoice":
		return object{
			"object": "invoice", "amount_paid": e.Total, "payment_intent": e.Payment, "subscription": "sub_sample",
			"metadata": metadata, "customer": or(e.Customer, "cus_sample"),
		}
	}
	return object{"object": "customer"}
}

// null returns s, or nil if s is empty.
func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// or returns s if it is not empty, and otherwise the other string.
func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
