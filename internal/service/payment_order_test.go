package service_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
)

// payFor reports a captured payment of an order in an event.
func (b *bench) payFor(t *testing.T, event, order string, payer loyalty.MemberID) {
	t.Helper()
	d := service.Delivery{Provider: "stripe", Event: event, Received: b.Now(), Mark: event}
	paid := service.Report{Payment: "stripe:pi_1", Order: order, Member: string(payer), Facts: []loyalty.Fact{{
		Kind: loyalty.FactCapture, ID: "pi_1", State: loyalty.FactDone, Clock: servicetest.Start.UnixMilli(),
		At:    servicetest.Start,
		Money: loyalty.Money{Amount: 40_00, Currency: "EUR"},
	}}}
	if got, err := (service.Payments{Ledger: b.Ledger}).Receive(t.Context(), b.P, d, &paid); err != nil ||
		got.Outcome != service.Applied {
		t.Fatalf("event %s: %s %s %v", event, got.Outcome, got.Detail, err)
	}
}

// A second event with the same facts of a payment writes no further revision of its order.
func TestRepeatedPaymentFactsKeepTheRevision(t *testing.T) {
	b := newBench(t, servicetest.Memory(t))
	b.P.Payments.Award = loyalty.AwardPayments
	b.Enroll(t, "mem_ada")
	for _, event := range []string{"evt_1", "evt_2"} {
		b.payFor(t, event, "1", "mem_ada")
		got, err := service.Orders{Ledger: b.Ledger}.Get(t.Context(), b.P.ID, "1")
		if err != nil || got.Revision != 1 || got.State.Order.Member != "mem_ada" {
			t.Errorf("after %s: revision %d of member %q, %v", event, got.Revision, got.State.Order.Member, err)
		}
	}
}

// An order of a payment can be reassigned to another member only if it changes the referral of neither member.
func TestReassignedOrderOfAReferral(t *testing.T) {
	for _, c := range []struct {
		Name                  string
		PayerJoins, NamedJoin bool // with a referral code
		Want                  loyalty.Code
	}{
		{"no referral", false, false, ""},
		{"the payer was referred", true, false, loyalty.ValidationFailed},
		{"the named member was referred", false, true, loyalty.ValidationFailed},
	} {
		b := newBench(t, servicetest.Memory(t))
		code := b.EnrollReferrers(t, 1)[0]
		b.P.Payments.Award = loyalty.AwardPayments
		for i, referred := range []bool{c.PayerJoins, c.NamedJoin} {
			in := members.Enrollment{Member: servicetest.Member(i + 1)}
			if referred {
				in.Code = code
			}
			if _, err := (members.Members{Ledger: b.Ledger}).Enroll(
				t.Context(), b.P, in, ledger.By{Input: fmt.Sprint("join ", i)},
			); err != nil {
				t.Fatal(err)
			}
		}
		b.Wait(time.Hour)
		b.payFor(t, "evt_1", "1", servicetest.Member(1))
		o := b.Order("1", servicetest.Member(2), 40_00)
		_, err := service.Orders{Ledger: b.Ledger}.Put(t.Context(), b.P, o, ledger.By{Actor: "shop"})
		if c.Want == "" && err != nil || c.Want != "" && !errors.Is(err, c.Want) {
			t.Errorf("%s: %v, want %q", c.Name, err, c.Want)
		}
	}
}
