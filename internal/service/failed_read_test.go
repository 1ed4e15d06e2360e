package service

import (
	"context"
	"math/big"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/keyring/keyringtest"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

func TestConversionThatDoesNotExist(t *testing.T) {
	x := newTill(t)
	_, err := Conversions{x.Ledger}.Get(t.Context(), "p", "cv_1")
	WantRejection(t, "get", err, loyalty.NotFound)
	_, err = Conversions{x.Ledger}.Reverse(t.Context(), x.p, "cv_1", 0, ledger.By{Input: "x"})
	WantRejection(t, "reverse", err, loyalty.NotFound)
	_, err = Transfers{x.Ledger}.Get(t.Context(), "p", "tr_1")
	WantRejection(t, "transfer", err, loyalty.NotFound)
	_, err = Redemptions{x.Ledger}.Get(t.Context(), "p", "rd_1")
	WantRejection(t, "redemption", err, loyalty.NotFound)
	_, err = Orders{x.Ledger}.Get(t.Context(), "p", "1")
	WantRejection(t, "order", err, loyalty.NotFound)
	_, err = Fulfillments{x.Ledger}.Fulfill(t.Context(), x.p, "rd_1", redeem.Shipped, "", ledger.By{})
	WantRejection(t, "fulfillment", err, loyalty.NotFound)
}

// If a read fails, an operation returns the error. It does not continue as if the item were absent.
func TestOperationsReturnTheErrorOfARead(t *testing.T) {
	var x *till
	create := func() table.Table {
		x = newTill(t)
		x.enroll(t, "mem_ada")
		x.p.Rewards = []loyalty.Reward{{
			ID: "mug", Type: "free_product", Cost: 1, Manual: true, Codes: loyalty.Codes{From: loyalty.GeneratedCode},
		}}
		adjust := Adjustment{ID: "adj", Member: "mem_ada", Points: 100, Reason: "test"}
		if _, err := (Adjustments{x.Ledger}).Adjust(t.Context(), x.p, adjust, ledger.By{Input: "adj"}); err != nil {
			t.Fatal(err)
		}
		for id, commit := range map[string]bool{"rd_1": true, "rd_2": false} {
			in := RedemptionRequest{ID: id, Member: "mem_ada", Reward: "mug", Commit: commit}
			if _, err := (Redemptions{x.Ledger}).Redeem(t.Context(), x.p, in, ledger.By{Input: id}); err != nil {
				t.Fatal(err)
			}
		}
		r := captured("stripe:pi_1", "1")
		r.Email, r.Customer = "hash", "stripe:7"
		x.receive(t, "evt_1", &r)
		return x
	}
	by := ledger.By{Actor: "test", Input: "x"}
	for name, operation := range map[string]func(l *ledger.Ledger) error{
		"order": func(l *ledger.Ledger) error {
			o := loyalty.Order{
				ID: "1", PlacedAt: noon, Currency: "EUR", Status: loyalty.OrderPaid,
				Lines: []loyalty.Line{{ID: "1", SKU: "MUG", Quantity: 1, Amount: 40_00}},
			}
			_, err := Orders{l}.Put(t.Context(), x.p, o, by)
			return err
		},
		"get an order": func(l *ledger.Ledger) error {
			_, err := Orders{l}.Get(t.Context(), "p", "1")
			return err
		},
		"payment": func(l *ledger.Ledger) error {
			r := captured("stripe:pi_2", "2")
			r.Email, r.Customer, r.Member, r.Same = "hash", "stripe:7", "mem_ada", "stripe:pi_3"
			d := Delivery{Provider: "stripe", Event: "evt_2", Received: noon, Mark: "x", Transmission: "tr"}
			_, err := Payments{l}.Receive(t.Context(), x.p, d, &r)
			return err
		},
		"payment of an unknown payer": func(l *ledger.Ledger) error {
			r := captured("stripe:pi_2", "2")
			r.Email, r.Customer = "other", "stripe:8"
			d := Delivery{Provider: "stripe", Event: "evt_2", Received: noon, Mark: "x"}
			_, err := Payments{l}.Receive(t.Context(), x.p, d, &r)
			return err
		},
		"claim": func(l *ledger.Ledger) error {
			_, err := Payments{l}.Claim(t.Context(), x.p, "mem_ada", []stored.Identity{byEmail})
			return err
		},
		"redriven": func(l *ledger.Ledger) error {
			k := StoredDelivery{Delivery: Delivery{Provider: "stripe", Event: "evt_1"}, Key: eventItem}
			return Deliveries{l}.Redriven(t.Context(), "p", k)
		},
		"named": func(l *ledger.Ledger) error {
			_, err := Payments{l}.named(t.Context(), "p", "mem_ada")
			return err
		},
		"redemption": func(l *ledger.Ledger) error {
			_, err := Redemptions{l}.Get(t.Context(), "p", "rd_1")
			return err
		},
		"current redemption": func(l *ledger.Ledger) error {
			_, err := Redemptions{l}.Current(t.Context(), x.p, "rd_1")
			return err
		},
		"redeem": func(l *ledger.Ledger) error {
			in := RedemptionRequest{ID: "rd_3", Member: "mem_ada", Reward: "mug", Commit: true}
			_, err := Redemptions{l}.Redeem(t.Context(), x.p, in, by)
			return err
		},
		"commit": func(l *ledger.Ledger) error {
			_, err := Redemptions{l}.Commit(t.Context(), x.p, "rd_2", by)
			return err
		},
		"cancel": func(l *ledger.Ledger) error {
			_, err := Redemptions{l}.Cancel(t.Context(), x.p, "rd_2", by)
			return err
		},
		"reverse": func(l *ledger.Ledger) error {
			_, err := Redemptions{l}.Reverse(t.Context(), x.p, "rd_1", big.NewRat(1, 1), by)
			return err
		},
		"ship": func(l *ledger.Ledger) error {
			_, err := Fulfillments{l}.Fulfill(t.Context(), x.p, "rd_1", redeem.Shipped, "", by)
			return err
		},
		"cancel a fulfillment": func(l *ledger.Ledger) error {
			_, err := Fulfillments{l}.Fulfill(t.Context(), x.p, "rd_1", redeem.FulfillmentCanceled, "", by)
			return err
		},
		"quote": func(l *ledger.Ledger) error {
			o := loyalty.Order{
				ID: "9", Member: "mem_ada", PlacedAt: noon, Currency: "EUR", Status: loyalty.OrderPlaced,
				Lines: []loyalty.Line{{ID: "1", SKU: "MUG", Quantity: 1, Amount: 40_00}},
			}
			_, err := Quotes{l}.Quote(t.Context(), x.p, o)
			return err
		},
	} {
		tabletest.EachReadFails(t, name, create, func(tab table.Table) error {
			return operation(&ledger.Ledger{
				Table: tab, Now: func() time.Time { return noon },
				Keyring: keyringtest.New(tab, func() time.Time { return noon }),
				Program: func(context.Context, string, int) (*loyalty.Program, error) { return x.p, nil },
			})
		})
	}
}
