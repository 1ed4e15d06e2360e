package payments_test

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/keyring"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	member "github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
	"github.com/perennial-loyalty/perennial/internal/stack/access"
	"github.com/perennial-loyalty/perennial/internal/stack/stacktest"
)

// TestWebhookPoliciesAreExact sends events under the policies of template.yaml: of members with due work of every kind,
// and of an unknown person. It fails if a policy denies a call or grants a permission that no call needs.
func TestWebhookPoliciesAreExact(t *testing.T) {
	var calls access.Recorder
	s := newShop(t, "payments")
	s.guard.Observe = calls.Record
	a, now := s.stack.App, noon
	a.Now = func() time.Time { return now }
	a.Ledger.Now, a.Programs.Now, a.Ledger.Keyring.Now = a.Now, a.Now, a.Now
	late := stacktest.Overdue{T: t, Stores: a.Stores, Advance: func(d time.Duration) { now = now.Add(d) }}
	p := late.Publish("corner", 1)
	a.Programs.Forget("corner")
	members := []loyalty.MemberID{"mem_stripe", "mem_paypal"}
	late.Enroll(members...)
	late.Members(members...)
	code, err := a.Referrals.GiveCode(t.Context(), p, "mem_stripe", "")
	if err != nil {
		t.Fatal(err)
	}
	friend := member.Enrollment{Member: "mem_friend", Code: code}
	if _, err := a.Members.Enroll(t.Context(), p, friend, ledger.By{Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	now = now.Add(keyring.CacheFor) // a separate process reads the key of the program
	a.Programs.Forget("corner")     // and the program
	for _, e := range []sample.Event{
		{
			Provider: app.Stripe, Type: "payment_intent.succeeded", Payment: "pi_1",
			Total: 4999, Member: "mem_stripe", Customer: "cus_1",
		},
		{
			Provider: app.Stripe, Type: "payment_intent.succeeded", Payment: "pi_2",
			Total: 4999, Email: "grace@shop.test", Customer: "cus_2",
		},
		{
			Provider: app.Stripe, Type: "payment_intent.succeeded", Payment: "pi_3",
			Total: 4999, Member: "external:grace", Customer: "cus_2",
		},
		{
			Provider: app.PayPal, Type: "PAYMENT.CAPTURE.COMPLETED", Payment: "5O190127TN364715T",
			Total: 4999, Member: "mem_paypal",
		},
		{
			Provider: app.Stripe, Type: "payment_intent.succeeded", Payment: "pi_4",
			Total: 4999, Member: "mem_friend", // converts the referral
		},
		{Provider: app.Stripe, Type: "charge.refunded", Payment: "pi_1", Total: 4999, Back: 4999}, // withdraws a level
	} {
		s.want(e, "200 applied")
	}
	for kind, want := range map[string]string{
		"customers/redact": "200 erasure_requested", "customers/data_request": "200 data_requested",
	} {
		s.want(sample.Event{Provider: app.Shopify, Type: kind, Email: "ada@shop.test"}, want)
	}
	stacktest.Prove(t, s.guard, "webhooks", stacktest.Table, &calls)
}
