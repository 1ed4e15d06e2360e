package vouchers

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/ledgertest"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// A voucher has the state of its code. If the code's item now belongs to another redemption, the voucher has the dates
// that its redemption states.
func TestVoucherWhoseCodeAnotherRedemptionHas(t *testing.T) {
	for _, c := range []struct {
		name, owner string
		used        bool
	}{
		{"its own code", "rd_1", true},
		{"a code that another redemption has", "rd_2", false},
	} {
		l := newLedger(t, c.owner)
		got, err := Vouchers{l}.List(t.Context(), "p", "mem_ada", "", 10)
		if err != nil || len(got) != 1 || got[0].Issued.Used.IsZero() == c.used {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
}

func TestFailedReadIsReturned(t *testing.T) {
	create := func() table.Table { return newLedger(t, "rd_1").Table }
	tabletest.EachReadFails(t, "vouchers", create, func(tab table.Table) error {
		_, err := Vouchers{&ledger.Ledger{Table: tab}}.List(t.Context(), "p", "mem_ada", "", 0)
		return err
	})
}

// newLedger returns a ledger with a redemption that issued a code. The item of the code belongs to the redemption
// owner.
func newLedger(t *testing.T, owner string) *ledger.Ledger {
	l, noon := ledgertest.New(t).Ledger, loyaltytest.Noon
	e := loyalty.Entry{
		Member: "mem_ada", Kind: loyalty.KindRedeem, Effective: noon,
		Cause: loyalty.Cause{Kind: loyalty.CauseRedemption, ID: "rd_1", Revision: 1},
		Detail: loyalty.Detail{
			Subject: loyalty.Subject{
				Redemption: &loyalty.Redemption{ID: "rd_1", Status: loyalty.Committed, Code: "ABC"},
			},
		},
	}
	ops := append(ledger.VoucherOps("p", []loyalty.Entry{e}),
		table.Put(table.Item{
			Key: stored.CauseKey("p", e.Cause), Doc: stored.Encode(stored.StoredEntry(e)),
		}),
		table.Put(table.Item{
			Key: ledger.CodeKey("p", "ABC"),
			Doc: stored.Encode(ledger.CodeDoc{Redemption: owner, Used: stored.Millis(noon)}),
		}))
	if err := l.Table.Transact(t.Context(), ops...); err != nil {
		t.Fatal(err)
	}
	return l
}
