package paypal

import (
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
)

// An amount is an amount in PayPal's API. In version 2, it has the form {currency_code, value}. In version 1, it has
// the form {currency, total}, and may state the shipping and tax that it includes. In version 2, only the checkout
// order states shipping and tax.
type amount struct {
	Code     string `json:"currency_code"`
	Value    string `json:"value"`
	Currency string `json:"currency"`
	Total    string `json:"total"`
	Details  struct {
		Shipping string `json:"shipping"`
		Tax      string `json:"tax"`
	} `json:"details"`
}

// money converts the amount to money. Version 1 of the API reports refunds as negative amounts; money makes them
// positive.
func (a amount) money() (loyalty.Money, error) {
	if a.Total != "" {
		return webhook.DecimalMoney(strings.TrimPrefix(a.Total, "-"), a.Currency)
	}
	return webhook.DecimalMoney(a.Value, a.Code)
}

// An object contains the fields of a capture, sale, refund or dispute that the package uses.
type object struct {
	ID            string `json:"id"`
	Status        string `json:"status"`
	State         string `json:"state"`
	Amount        amount `json:"amount"`
	Custom        string `json:"custom_id"`
	CustomV1      string `json:"custom"`
	Invoice       string `json:"invoice_id"`
	InvoiceV1     string `json:"invoice_number"`
	Sale          string `json:"sale_id"`
	Created       string `json:"create_time"`
	Updated       string `json:"update_time"`
	DisputeID     string `json:"dispute_id"`
	DisputeAmount amount `json:"dispute_amount"`
	Stage         string `json:"dispute_life_cycle_stage"`
	Breakdown     struct {
		Total *amount `json:"total_refunded_amount"`
	} `json:"seller_payable_breakdown"`
	Supplementary struct {
		Related struct {
			Order string `json:"order_id"`
		} `json:"related_ids"`
	} `json:"supplementary_data"`
	Outcome struct {
		Code string `json:"outcome_code"`
	} `json:"dispute_outcome"`
	Disputed []struct {
		Seller string `json:"seller_transaction_id"`
	} `json:"disputed_transactions"`
	Links []link `json:"links"`
}

type link struct {
	Href string `json:"href"`
	Rel  string `json:"rel"`
}

// id returns the ID of the object.
func (o object) id() string {
	if o.DisputeID != "" {
		return o.DisputeID
	}
	return o.ID
}

// capture returns the ID of the capture or sale to which a refund or reversal belongs.
func (o object) capture() string {
	if o.Sale != "" {
		return o.Sale
	}
	for _, l := range o.Links {
		if at := strings.LastIndexByte(l.Href, '/'); l.Rel == "up" && at >= 0 {
			return l.Href[at+1:]
		}
	}
	return ""
}

// report returns the facts that an object of the API states. The field custom_id is the ID of the member, and
// invoice_id is the ID of the order.
func (o object) report(kind string) (*webhook.Report, error) {
	f := loyalty.Fact{ID: o.id(), Clock: webhook.Clock(webhook.Instant(o.Updated)), At: webhook.Instant(o.Created)}
	if f.Clock == 0 {
		f.Clock = webhook.Clock(f.At)
	}
	r := &webhook.Report{}
	stated, payment := o.Amount, o.id()
	switch kind {
	case "capture":
		f.Kind, f.State = loyalty.FactCapture, o.captured()
		r.Order, r.Member = webhook.Reference(o.Invoice+o.InvoiceV1), webhook.Reference(o.Custom+o.CustomV1)
	case "refund":
		f.Kind, f.State, payment = loyalty.FactRefund, o.refunded(), o.capture()
	case "dispute":
		if len(o.Disputed) != 1 {
			return nil, webhook.Invalid("The dispute must be about exactly one payment.")
		}
		f.Kind, f.State, payment, stated = loyalty.FactDispute, o.disputed(), o.Disputed[0].Seller, o.DisputeAmount
	}
	if !webhook.IsID(payment) {
		return nil, webhook.Invalid("The dispute names no payment.")
	}
	r.Payment = "paypal:" + payment
	var err error
	if f.Money, err = stated.money(); err != nil {
		return nil, err
	}
	if f.Tax, f.Shipping, err = stated.salePortions(); err != nil {
		return nil, err
	}
	r.Facts = []loyalty.Fact{f}
	if total := o.Breakdown.Total; kind == "refund" && total != nil && f.State == loyalty.FactDone {
		sum := loyalty.Fact{Kind: loyalty.FactRefunded, ID: payment, State: f.State, Clock: f.Clock, At: f.At}
		if sum.Money, err = total.money(); err != nil {
			return nil, err
		}
		r.Facts = append(r.Facts, sum)
	}
	r.Facts = webhook.Moving(r.Facts...)
	return r, nil
}

// captured returns the state of a capture or sale.
func (o object) captured() loyalty.FactState {
	switch strings.ToUpper(o.Status + o.State) {
	case "COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED":
		return loyalty.FactDone
	case "PENDING":
		return loyalty.FactPending
	}
	return loyalty.FactFailed
}

// refunded returns the state of a refund.
func (o object) refunded() loyalty.FactState {
	switch strings.ToUpper(o.Status + o.State) {
	case "COMPLETED":
		return loyalty.FactDone
	case "PENDING":
		return loyalty.FactPending
	}
	return loyalty.FactFailed
}

// disputed returns the state of a dispute. A dispute in the inquiry stage moves no money.
func (o object) disputed() loyalty.FactState {
	switch {
	case o.Status == "RESOLVED" && (o.Outcome.Code == "RESOLVED_BUYER_FAVOUR" || o.Outcome.Code == "ACCEPTED"):
		return loyalty.FactLost
	case o.Status == "RESOLVED":
		return loyalty.FactWon
	case o.Stage == "INQUIRY":
		return loyalty.FactPending
	}
	return loyalty.FactOpen
}
