package payments_test

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
)

// A story is a payment of 49.99 EUR in the events of one provider.
type story struct {
	provider                         string
	paid, refund, disputed, decided  string // types of the events
	open, lost, won                  string // the provider's words
	payment, refund1, refund2, case_ string
}

// stories contains one story for each provider.
var stories = []story{
	{
		app.Stripe,
		"payment_intent.succeeded",
		"refund.created",
		"charge.dispute.created",
		"charge.dispute.closed",
		"needs_response",
		"lost",
		"won",
		"pi_1",
		"re_1",
		"re_2",
		"dp_1",
	},
	{
		app.Shopify,
		"orders/paid",
		"refunds/create",
		"disputes/create",
		"disputes/update",
		"needs_response",
		"lost",
		"won",
		"1042",
		"501",
		"502",
		"601",
	},
	{
		app.Square,
		"payment.updated",
		"refund.updated",
		"dispute.created",
		"dispute.state.updated",
		"EVIDENCE_REQUIRED",
		"LOST",
		"WON",
		"pay1",
		"ref1",
		"ref2",
		"dis1",
	},
	{
		app.PayPal,
		"PAYMENT.CAPTURE.COMPLETED",
		"PAYMENT.CAPTURE.REFUNDED",
		"CUSTOMER.DISPUTE.CREATED",
		"CUSTOMER.DISPUTE.RESOLVED",
		"",
		"RESOLVED_BUYER_FAVOUR",
		"RESOLVED_SELLER_FAVOUR",
		"CAP1",
		"REF1",
		"REF2",
		"PP-D-1",
	},
	{
		app.Adyen,
		"CAPTURE",
		"REFUND",
		"NOTIFICATION_OF_CHARGEBACK",
		"CHARGEBACK",
		"",
		"CHARGEBACK",
		"CHARGEBACK_REVERSED",
		"PSP1",
		"PSPR1",
		"PSPR2",
		"PSPD1",
	},
}

// facts returns the five events: a capture, two refunds, a dispute and its end.
func (x story) facts(won bool) [5]sample.Event {
	at := func(minute int) time.Time { return noon.Add(time.Duration(minute) * time.Minute) }
	base := sample.Event{Provider: x.provider, Payment: x.payment, Total: 4999, Order: "1042"}
	event := func(kind, object, status string, amount int64, minute int) sample.Event {
		e := base
		e.Type, e.Object, e.Status, e.Amount, e.At, e.Created = kind, object, status, amount, at(
			minute-30,
		), at(
			minute-30,
		)
		return e
	}
	all := [5]sample.Event{
		event(
			x.paid,
			"",
			"",
			4999,
			0,
		), event(x.refund, x.refund1, "", 1733, 10), event(x.refund, x.refund2, "", 899, 11),
		event(x.disputed, x.case_, x.open, 3000, 12), event(x.decided, x.case_, x.lost, 3000, 15),
	}
	if won {
		all[4].Status = x.won
	}
	if x.provider == app.Adyen { // Adyen's event code states the outcome
		all[0].Object = "PSPC1"
		all[3].Status, all[4].Status = "", ""
		if all[4].Type = x.lost; won {
			all[4].Type = x.won
		}
	}
	all[4].Created = all[3].Created
	return all
}

// The points of an order of 49.99 EUR after both refunds, and after the dispute about 30.00 EUR is lost.
const (
	whole     = 49
	refunded1 = 32 // 4999 - 1733
	refunded2 = 23 // - 899
	afterLoss = 0
)

func TestPointsFollowMoney(t *testing.T) {
	for _, x := range stories {
		t.Run(x.provider, func(t *testing.T) {
			s := newShop(t, "orders_when_paid")
			s.order("1042", "placed", `,"member":"`+s.member+`"`)
			steps := []int64{whole, refunded1, refunded2, 0, refunded2}
			for i, e := range x.facts(true) {
				s.want(e, "200 applied")
				if got := s.orderPoints("1042"); got != steps[i] {
					t.Errorf("after %s the order is worth %d, want %d", e.Type, got, steps[i])
				}
				s.want(e, "200 duplicate")
			}
			if got := s.points(s.member); got != refunded2 {
				t.Errorf("the member has %d points", got)
			}
		})
	}
}
