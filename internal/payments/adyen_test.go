package payments_test

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
)

// adyenEvent returns an event of a payment of 49.99 to a merchant account.
func adyenEvent(account, kind, object string) sample.Event {
	return sample.Event{
		Provider: app.Adyen, Type: kind, Payment: "PSP1", Object: object, Account: account, Total: 4999, Amount: 4999,
		Order: "1042",
	}
}

// For an account that captures automatically, the authorization counts as the payment, and later events can only cancel
// it. For an account that captures manually, the captures count. The setting of an account overrides that of its
// connection.
func TestAdyenCaptureModes(t *testing.T) {
	refund := adyenEvent("", "REFUND", "PSPR1")
	refund.Amount = 1733
	declined := adyenEvent("", "AUTHORISATION", "")
	declined.Status = "false"
	failed := adyenEvent("", "CANCELLATION", "PSPX1")
	failed.Status = "false"
	authorization, capture := adyenEvent("", "AUTHORISATION", ""), adyenEvent("", "CAPTURE", "PSPC1")
	for _, c := range []struct {
		name              string
		events            []sample.Event
		automatic, manual int64
	}{
		{"an authorization", []sample.Event{authorization}, whole, 0},
		{"a capture", []sample.Event{authorization, capture}, whole, whole},
		{"a refund", []sample.Event{authorization, capture, refund}, refunded1, refunded1},
		{
			"a capture that fails",
			[]sample.Event{authorization, capture, adyenEvent("", "CAPTURE_FAILED", "PSPC1")},
			0, 0,
		},
		{"a cancellation", []sample.Event{authorization, adyenEvent("", "CANCELLATION", "PSPX1")}, 0, 0},
		{"a technical cancellation", []sample.Event{authorization, adyenEvent("", "TECHNICAL_CANCEL", "PSPX1")}, 0, 0},
		{"a cancellation that fails", []sample.Event{authorization, failed}, whole, 0},
		{"a payment that is declined", []sample.Event{declined}, 0, 0},
	} {
		for account, want := range map[string]int64{"Automatic": c.automatic, "SampleMerchant": c.manual} {
			for _, award := range []string{"orders_when_paid", "payments"} {
				permutations(len(c.events), func(order []int) {
					s := newShop(t, award)
					s.order("1042", "paid", `,"member":"`+s.member+`"`)
					for _, i := range order {
						e := c.events[i]
						e.Account = account
						if got := s.deliver(e); got.status != 200 || got.received[0].Code != "" {
							t.Errorf("%s: %v", e.Type, got)
						}
					}
					if got := s.points(s.member); got != want {
						t.Errorf(
							"%s of the account %s, award %s: %d points in the order %v, want %d",
							c.name,
							account,
							award,
							got,
							order,
							want,
						)
					}
					s.server.Close()
				})
			}
		}
	}
}
