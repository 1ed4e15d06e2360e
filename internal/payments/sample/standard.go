package sample

import "time"

func (e Event) standard() object {
	data := object{
		"payment":  e.Payment,
		"id":       e.Object,
		"status":   or(e.Status, "done"),
		"amount":   e.Amount,
		"currency": e.Currency,
	}
	switch kinds[e.Provider][e.Type] {
	case "paid":
		data["id"], data["amount"] = e.Payment, e.Total
	case "dispute":
		data["status"] = or(e.Status, "open")
	}
	for field, value := range map[string]string{
		"order": e.Order, "member": e.Member, "customer": e.Customer, "email": e.Email,
	} {
		if value != "" {
			data[field] = value
		}
	}
	return object{"type": e.Type, "timestamp": e.At.UTC().Format(time.RFC3339Nano), "live": e.Live, "data": data}
}
