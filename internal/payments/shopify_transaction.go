package payments

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A shopifyPayment is one payment, refund or authorization of an order
// (https://shopify.dev/docs/api/admin-rest/latest/resources/transaction). An order lists its gateways without
// amounts, and the transactions state the amount of each gateway. The total still comes from the order.
type shopifyPayment struct {
	ID       jsontext.Value `json:"id"`
	Order    jsontext.Value `json:"order_id"`
	Kind     string         `json:"kind"`
	Status   string         `json:"status"`
	Gateway  string         `json:"gateway"`
	Amount   string         `json:"amount"`
	Currency string         `json:"currency"`
	Set      shopifyBag     `json:"amount_set"`
	Created  string         `json:"created_at"`
	Test     *bool          `json:"test"`
}

func readShopifyPayment(body []byte) (event, error) {
	var x shopifyPayment
	if err := decode(body, &x); err != nil {
		return event{}, err
	}
	id, order := number(x.ID), number(x.Order)
	if !idForm.MatchString(id) || !idForm.MatchString(order) || x.Kind == "" || x.Status == "" || x.Created == "" {
		return event{}, wrongShape()
	}
	e := event{id: id + ":", at: instant(x.Created), live: not(x.Test)}
	if x.Kind != "sale" && x.Kind != "capture" {
		return e, nil
	}
	state, ok := map[string]loyalty.FactState{
		"success": loyalty.FactDone, "pending": loyalty.FactPending, "failure": loyalty.FactFailed, "error": loyalty.FactFailed,
	}[x.Status]
	if !ok {
		return e, odd("validation_failed", "The transaction has a status that is not known.")
	}
	amount := shopifyMoney{x.Amount, x.Currency}
	if x.Set.Shop != nil {
		amount = *x.Set.Shop
	}
	m, err := decimalMoney(amount.Amount, amount.Currency)
	if err != nil {
		return e, err
	}
	f := loyalty.Fact{Kind: loyalty.FactTender, ID: id, State: state, Money: m, Clock: clock(e.at), At: e.at}
	if shopifyGiftCard(x.Gateway) {
		f.Kind = loyalty.FactGiftCard
	}
	e.report = &report{Report: ledger.Report{
		Payment: "shopify:" + order, Order: order, Facts: nothing([]loyalty.Fact{f}),
	}}
	return e, nil
}
