package shopify

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// A dispute is an inquiry or a chargeback (https://shopify.dev/docs/api/admin-rest/latest/resources/dispute).
type dispute struct {
	ID        jsontext.Value `json:"id"`
	Order     jsontext.Value `json:"order_id"`
	Type      string         `json:"type"`
	Status    string         `json:"status"`
	Amount    string         `json:"amount"`
	Currency  string         `json:"currency"`
	Initiated string         `json:"initiated_at"`
}

// disputeStatuses lists the statuses of a dispute in the order in which they can occur. Shopify does not state the time
// of a change. The position of the status in this list is therefore the clock of the fact.
var disputeStatuses = []string{"needs_response", "under_review", "charge_refunded", "accepted", "lost", "won"}

func readDispute(body []byte) (webhook.Event, error) {
	var x dispute
	if err := webhook.Decode(body, &x); err != nil {
		return webhook.Event{}, err
	}
	id, order, rank := webhook.Number(x.ID), webhook.Number(x.Order), slices.Index(disputeStatuses, x.Status)
	if !webhook.IsID(id) || !webhook.IsID(order) || rank < 0 || x.Type != "inquiry" && x.Type != "chargeback" {
		return webhook.Event{}, errTopic
	}
	m, err := webhook.DecimalMoney(x.Amount, x.Currency)
	if err != nil {
		return webhook.Event{}, err
	}
	state := loyalty.FactOpen
	switch x.Status {
	case "won":
		state = loyalty.FactWon
	case "lost", "accepted":
		state = loyalty.FactLost
	default:
		if x.Type == "inquiry" {
			state = loyalty.FactPending // no money has moved yet
		}
	}
	f := loyalty.Fact{
		Kind: loyalty.FactDispute, ID: id, State: state, Money: m, Clock: int64(rank), At: webhook.Instant(x.Initiated),
	}
	if x.Type == "chargeback" {
		// A chargeback can follow an inquiry, so its clock is greater than all clocks of the inquiry.
		f.Clock += int64(len(disputeStatuses))
	}
	return webhook.Event{
		ID: id + ":", At: f.At,
		Report: &webhook.Report{Report: service.Report{
			Payment: "shopify:" + order, Order: order, Facts: webhook.Moving(f),
		}},
	}, nil
}
