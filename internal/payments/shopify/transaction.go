package shopify

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// A transaction is one payment, refund or authorization of an order
// (https://shopify.dev/docs/api/admin-rest/latest/resources/transaction). An order lists its gateways without amounts,
// and the transactions state the amount of each gateway. The total of the payment still comes from the order.
type transaction struct {
	ID       jsontext.Value `json:"id"`
	Order    jsontext.Value `json:"order_id"`
	Kind     string         `json:"kind"`
	Status   string         `json:"status"`
	Gateway  string         `json:"gateway"`
	Amount   string         `json:"amount"`
	Currency string         `json:"currency"`
	Set      moneySet       `json:"amount_set"`
	Created  string         `json:"created_at"`
	Test     *bool          `json:"test"`
}

// refunded reports whether the transaction returned money.
func (t transaction) refunded() bool { return t.Kind == "refund" && t.Status == "success" }

// transactionStates maps the statuses of a transaction to states of a fact.
var transactionStates = map[string]loyalty.FactState{
	"success": loyalty.FactDone, "pending": loyalty.FactPending,
	"failure": loyalty.FactFailed, "error": loyalty.FactFailed,
}

func readTransaction(body []byte) (webhook.Event, error) {
	var x transaction
	if err := webhook.Decode(body, &x); err != nil {
		return webhook.Event{}, err
	}
	id, order := webhook.Number(x.ID), webhook.Number(x.Order)
	if !webhook.IsID(id) || !webhook.IsID(order) || x.Kind == "" || x.Status == "" || x.Created == "" {
		return webhook.Event{}, errTopic
	}
	e := webhook.Event{ID: id + ":", At: webhook.Instant(x.Created), Live: not(x.Test)}
	if x.Kind != "sale" && x.Kind != "capture" {
		return e, nil
	}
	state, ok := transactionStates[x.Status]
	if !ok {
		return e, webhook.Invalid("The transaction has an unknown status.")
	}
	amount := money{x.Amount, x.Currency}
	if x.Set.Shop != nil {
		amount = *x.Set.Shop
	}
	m, err := webhook.DecimalMoney(amount.Amount, amount.Currency)
	if err != nil {
		return e, err
	}
	f := loyalty.Fact{Kind: loyalty.FactTender, ID: id, State: state, Money: m, Clock: webhook.Clock(e.At), At: e.At}
	if isGiftCard(x.Gateway) {
		f.Kind = loyalty.FactGiftCard
	}
	e.Report = &webhook.Report{Report: service.Report{
		Payment: "shopify:" + order, Order: order, Facts: webhook.Moving(f),
	}}
	return e, nil
}
