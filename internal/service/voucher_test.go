package service

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/ledgertest"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A voucher has the state of its code. If the code's item now belongs to another redemption, the voucher has the dates
// of its own redemption.
func TestVoucherWhoseCodeAnotherRedemptionHas(t *testing.T) {
	for _, c := range []struct {
		name, owner string
		used        bool
	}{
		{"its own code", "rd_1", true},
		{"a code that another redemption has", "rd_2", false},
	} {
		l := ledgertest.New(t).Ledger
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
				Doc: stored.Encode(ledger.CodeDoc{Redemption: c.owner, Used: stored.Millis(noon)}),
			}))
		if err := l.Table.Transact(t.Context(), ops...); err != nil {
			t.Fatal(err)
		}
		got, err := Vouchers{l}.List(t.Context(), "p", "mem_ada", "", 10)
		if err != nil || len(got) != 1 || got[0].Issued.Used.IsZero() == c.used {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
}
