package service

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/ledgertest"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A code belongs to a redemption only if the item of the code names the redemption. Older gift cards do not store their
// initial value.
func TestCodeOfARedemption(t *testing.T) {
	card := loyalty.Reward{ID: "card", Type: "gift_card", Value: loyalty.Money{Amount: 25_00, Currency: "EUR"}}
	p := &loyalty.Program{ID: "p", Spending: loyalty.Spending{Rewards: []loyalty.Reward{card}}}
	for _, c := range []struct {
		name  string
		code  string
		doc   ledger.CodeDoc
		found bool
		worth int64
	}{
		{"its code", "ABC", ledger.CodeDoc{Redemption: "rd_1", Reward: "card"}, true, 0},
		{"the code of another redemption", "ABC", ledger.CodeDoc{Redemption: "rd_2", Reward: "card"}, false, 0},
		{"no code", "", ledger.CodeDoc{Redemption: "rd_1"}, false, 0},
		{
			"a gift card", "ABC",
			ledger.CodeDoc{Redemption: "rd_1", Reward: "card", Left: 5_00, Currency: "EUR", Worth: 20_00},
			true, 20_00,
		},
		{
			"an older gift card", "ABC",
			ledger.CodeDoc{Redemption: "rd_1", Reward: "card", Left: 5_00, Currency: "EUR"},
			true, 25_00,
		},
		{
			"an older gift card of more", "ABC",
			ledger.CodeDoc{Redemption: "rd_1", Reward: "card", Left: 30_00, Currency: "EUR"},
			true, 30_00,
		},
		{
			"an older gift card in another currency", "ABC",
			ledger.CodeDoc{Redemption: "rd_1", Reward: "card", Left: 5_00, Currency: "USD"},
			true, 5_00,
		},
		{
			"an older gift card of no reward", "ABC",
			ledger.CodeDoc{Redemption: "rd_1", Reward: "old", Left: 5_00, Currency: "EUR"},
			true, 5_00,
		},
	} {
		l := ledgertest.New(t).Ledger
		if err := l.Table.Transact(
			t.Context(), table.Put(table.Item{Key: ledger.CodeKey("p", "ABC"), Doc: stored.Encode(c.doc)}),
		); err != nil {
			t.Fatal(err)
		}
		got, err := Redemptions{l}.issuedFor(
			t.Context(), p,
			loyalty.Entry{
				Detail: loyalty.Detail{
					Subject: loyalty.Subject{Redemption: &loyalty.Redemption{ID: "rd_1", Code: c.code}},
				},
			},
		)
		if err != nil || (got.item.Version > 0) != c.found || got.Worth != c.worth {
			t.Errorf("%s: %+v, %v", c.name, got, err)
			continue
		}
		if ops := got.become(inventory.Issued(&got.CodeDoc)); len(ops) > 0 {
			t.Errorf("%s: a code that does not change is written: %+v", c.name, ops)
		}
		void := inventory.Issued(&got.CodeDoc)
		void.Void = true
		if ops := got.become(void); (len(ops) == 1) != c.found || c.found && ops[0].Item.Version != 1 {
			t.Errorf("%s: a void code is written as %+v", c.name, ops)
		}
	}
	missing, err := Redemptions{ledgertest.New(t).Ledger}.issuedFor(
		t.Context(), p,
		loyalty.Entry{
			Detail: loyalty.Detail{Subject: loyalty.Subject{Redemption: &loyalty.Redemption{ID: "rd_1", Code: "ABC"}}},
		},
	)
	if err != nil || missing.item.Version != 0 {
		t.Errorf("a code without an item: %+v, %v", missing, err)
	}
}
