package engine

import (
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

func TestWhatIsCalledOffIsGivenBackWhole(t *testing.T) {
	for _, policy := range []loyalty.OnRefund{loyalty.AllBack, loyalty.ShareBack, loyalty.NoneBack} {
		p := stocked(t, func(p *loyalty.Program, r *loyalty.Reward) {
			r.StockBatches = []loyalty.StockBatch{{Quantity: 1}}
			r.Limits = []loyalty.Limit{{Times: 1, Per: loyalty.PerEver}}
			r.Manual, p.Redemption.OnRefund = true, policy
		})
		before := saver(t, p, loyalty.Lot{Expires: 20270131, Points: 60}, loyalty.Lot{Expires: 20280131, Points: 90})
		taken := redeemed(t, p, before, loyalty.Redemption{ID: "rd_1"}, true, noon)
		e := taken.Entries[len(taken.Entries)-1]
		if !e.Redemption.Manual {
			t.Fatalf("%+v", e.Redemption)
		}
		outs, err := redeem.CallOff(
			BeginAll(p, []loyalty.Account{taken.Account}, noon.Add(time.Hour)), []loyalty.Entry{e},
		)
		if err != nil {
			t.Fatal(err)
		}
		out := outs[0]
		last := out.Entries[len(out.Entries)-1]
		if b := out.Account.Balance(); b.Active != 150 || last.Redemption.Status != loyalty.Reversed ||
			last.Redemption.Restored != 100 {
			t.Errorf("%v: %+v, %+v", policy, b, last.Redemption)
		}
		if len(out.Spends) != 1 || out.Spends[0].Points != -1 ||
			earn.UsedAmount(out.Account, "rewards.it", true, loyalty.PerEver, 0) != 0 {
			t.Errorf("%v: the unit or the limit was not restored: %+v", policy, out)
		}
		if _, err := redeem.CallOff(
			BeginAll(p, []loyalty.Account{out.Account}, noon), []loyalty.Entry{last},
		); !errors.Is(err, loyalty.InvalidFulfillmentTransition) {
			t.Errorf("%v: twice: %v", policy, err)
		}
		whole, part := redeem.GivesAllBack(
			&p.Redemption, big.NewRat(1, 1),
		), redeem.GivesAllBack(&p.Redemption, big.NewRat(1, 2))
		if whole != (policy != loyalty.NoneBack) || part != (policy == loyalty.AllBack) {
			t.Errorf("%v: %t, %t", policy, whole, part)
		}
	}
}
