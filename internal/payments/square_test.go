package payments_test

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
)

// A tip earns nothing, and can be refunded.
func TestSquareTips(t *testing.T) {
	const amount = `"amount_money":{"amount":4999,"currency":"EUR"}`
	paid := sample.Event{
		Provider: app.Square,
		Type:     "payment.updated",
		Payment:  "pay1",
		Total:    4999,
		Order:    "1042",
		Email:    "ada@shop.test",
	}
	refund := sample.Event{Provider: app.Square, Type: "refund.updated", Payment: "pay1", Object: "ref1", Amount: 5999}
	for _, award := range []string{"orders_when_paid", "payments"} {
		s := newShop(t, award)
		if award != "payments" {
			s.order("1042", "placed", `,"member":"`+s.member+`"`)
		}
		if got := s.edited(paid, amount, amount+`,"tip_money":{"amount":1000,`+
			`"currency":"EUR"}`).String(); got != "200 applied" {
			t.Fatal(got)
		}
		if s.points(s.member) != whole {
			t.Errorf("%s: %d points with a tip", award, s.points(s.member))
		}
		s.want(refund, "200 applied")
		if s.points(s.member) != 0 {
			t.Errorf("%s: %d points after all of it went back", award, s.points(s.member))
		}
		again := refund
		again.Object, again.Amount = "ref2", 1
		s.want(again, "200 quarantined refund_exceeds_payment")
	}
	s := newShop(t, "payments")
	if got := s.edited(paid, amount, amount+`,"tip_money":{"amount":1000,`+
		`"currency":"USD"}`).String(); got != "200 quarantined currency_mismatch" {
		t.Error(got)
	}
}

// An event about the evidence of a dispute is ignored. A dispute without a known state goes to quarantine.
func TestEvidenceOfSquareDisputeIsIgnored(t *testing.T) {
	s := newShop(t, "payments")
	dispute := sample.Event{Provider: app.Square, Type: "dispute.state.updated", Payment: "pay1", Object: "dis1"}
	for kind, want := range map[string]string{
		"dispute.evidence.added": "200 ignored", "dispute.evidence.created": "200 ignored",
		"dispute.evidence.deleted": "200 ignored",
		"dispute.state.changed":    "200 waiting",
	} {
		dispute.ID = "evt_" + kind
		if got := s.edited(dispute, `"type":"dispute.state.updated"`, `"type":"`+kind+`"`).String(); got != want {
			t.Errorf("%s: %s", kind, got)
		}
	}
	dispute.ID, dispute.Status = "evt_state", "SOME_NEW_STATE"
	s.want(dispute, "200 quarantined validation_failed")
}
