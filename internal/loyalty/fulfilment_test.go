package loyalty

import (
	"errors"
	"math/big"
	"testing"
	"time"
)

func TestAFulfilmentGoesForwardOnly(t *testing.T) {
	can := map[FulfillmentStatus]string{
		"": "", Ordered: "ordered shipped delivered canceled", Shipped: "shipped delivered", Delivered: "delivered", FulfillmentCanceled: "canceled",
	}
	for from, want := range can {
		got := ""
		for _, to := range []FulfillmentStatus{Ordered, Shipped, Delivered, FulfillmentCanceled} {
			f := Fulfillment{Status: from}
			next, err := f.Move(to, "1Z", noon)
			if err != nil {
				if !errors.Is(err, InvalidFulfillmentTransition) || next.Tracking != "" {
					t.Errorf("%s to %s: %+v, %v", from, to, next, err)
				}
				continue
			}
			if got != "" {
				got += " "
			}
			got += string(next.Status)
			if steps := map[bool]int{true: 0, false: 1}[from == to]; len(next.Steps) != steps || next.Tracking != "1Z" || len(f.Steps) != 0 {
				t.Errorf("%s to %s: %+v", from, to, next)
			}
		}
		if got != want {
			t.Errorf("%q can become %q, not %q", from, got, want)
		}
	}
}

func TestWhatIsCalledOffIsGivenBackWhole(t *testing.T) {
	for _, policy := range []OnRefund{AllBack, ShareBack, NoneBack} {
		p := stocked(t, func(p *Program, r *Reward) {
			r.StockBatches, r.Limits, r.Manual, p.Redemption.OnRefund = []StockBatch{{Quantity: 1}}, []Limit{{1, PerEver}}, true, policy
		})
		before := saver(t, p, Lot{20270131, 60}, Lot{20280131, 90})
		taken := redeemed(t, p, before, Redemption{ID: "rd_1"}, true, noon)
		e := taken.Entries[len(taken.Entries)-1]
		if !e.Redemption.Manual {
			t.Fatalf("%+v", e.Redemption)
		}
		outs, err := p.CallOff([]Account{taken.Account}, []Entry{e}, noon.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		out := outs[0]
		last := out.Entries[len(out.Entries)-1]
		if b := out.Account.Balance(); b.Active != 150 || last.Redemption.Status != Reversed || last.Redemption.Restored != 100 {
			t.Errorf("%v: %+v, %+v", policy, b, last.Redemption)
		}
		if len(out.Spends) != 1 || out.Spends[0].Points != -1 || out.Account.used("rewards.it", true, PerEver, 0) != 0 {
			t.Errorf("%v: the piece or the limit is not back: %+v", policy, out)
		}
		if _, err := p.CallOff([]Account{out.Account}, []Entry{last}, noon); !errors.Is(err, InvalidFulfillmentTransition) {
			t.Errorf("%v: twice: %v", policy, err)
		}
		whole, part := p.GivesAllBack(big.NewRat(1, 1)), p.GivesAllBack(big.NewRat(1, 2))
		if whole != (policy != NoneBack) || part != (policy == AllBack) {
			t.Errorf("%v: %t, %t", policy, whole, part)
		}
	}
}

func TestAnAddressIsForWhatIsSent(t *testing.T) {
	for _, c := range []struct {
		r           Reward
		given, fine bool
	}{
		{Reward{}, false, true},
		{Reward{}, true, false},
		{Reward{Manual: true}, false, true},
		{Reward{Manual: true}, true, true},
		{Reward{Manual: true, Address: true}, false, false},
		{Reward{Manual: true, Address: true}, true, true},
	} {
		if err := c.r.CheckAddress(c.given); (err == nil) != c.fine {
			t.Errorf("%+v, given %t: %v", c.r, c.given, err)
		}
	}
}
