package service_test

import (
	"context"
	"math/big"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
)

func TestAnOrderEarnsWaitsAndThenCanBeSpent(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.Enroll(t, "mem_ada")
		r := b.Put(t, b.Order("1042", "mem_ada", 73_050))
		if r.State.Worth != 730 || r.Revision != 1 || r.Replayed {
			t.Fatalf("the order came out as %+v", r)
		}
		b.WantBalance(t, "mem_ada", loyalty.Balance{Pending: 730})
		b.Wait(14 * 24 * time.Hour)
		b.WantBalance(t, "mem_ada", loyalty.Balance{Active: 730})

		in := service.RedemptionRequest{ID: "rd_1", Member: "mem_ada", Reward: "five-off"}
		rd, err := service.Redemptions{Ledger: b.Ledger}.Redeem(
			t.Context(), b.P, in, ledger.By{Actor: "test", Input: "k1"},
		)
		if err != nil || rd.Redemption.Status != loyalty.Reserved {
			t.Fatalf("redeem: %+v, %v", rd, err)
		}
		b.WantBalance(t, "mem_ada", loyalty.Balance{Active: 230, Reserved: 500})
		again, err := service.Redemptions{Ledger: b.Ledger}.Redeem(
			t.Context(), b.P, in, ledger.By{Actor: "test", Input: "k1"},
		)
		if err != nil || !again.Replayed || again.Entry.Hash != rd.Entry.Hash {
			t.Fatalf("the replay gave %+v, %v", again, err)
		}
		_, err = service.Redemptions{Ledger: b.Ledger}.Redeem(
			t.Context(), b.P, in, ledger.By{Actor: "test", Input: "k2"},
		)
		servicetest.WantRejection(t, err, loyalty.KeyReused)

		done, err := service.Redemptions{Ledger: b.Ledger}.Commit(
			t.Context(), b.P, "rd_1", ledger.By{Actor: "test", Input: "c1"},
		)
		if err != nil || done.Redemption.Status != loyalty.Committed {
			t.Fatalf("commit: %+v, %v", done, err)
		}
		done, err = service.Redemptions{Ledger: b.Ledger}.Commit(
			t.Context(), b.P, "rd_1", ledger.By{Actor: "test", Input: "c1"},
		)
		if err != nil || !done.Replayed {
			t.Fatalf("commit again: %+v, %v", done, err)
		}
		_, err = service.Redemptions{Ledger: b.Ledger}.Commit(
			t.Context(), b.P, "rd_1", ledger.By{Actor: "test", Input: "c2"},
		)
		servicetest.WantRejection(t, err, loyalty.AlreadyResolved)
		_, err = service.Redemptions{Ledger: b.Ledger}.Cancel(
			t.Context(), b.P, "rd_1", ledger.By{Actor: "test", Input: "c3"},
		)
		servicetest.WantRejection(t, err, loyalty.AlreadyResolved)
		b.WantBalance(t, "mem_ada", loyalty.Balance{Active: 230})
		b.Audit(t, "mem_ada")
	})
}

func TestOrdersConvergeOnWhatTheyAreNow(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.Enroll(t, "mem_ada")
		o := b.Order("1042", "mem_ada", 10_000)
		first := b.Put(t, o)
		if again := b.Put(t, o); !again.Replayed || again.Entries[0].Hash != first.Entries[0].Hash {
			t.Errorf("the same order again gave %+v", again)
		}
		o.Lines[0].Amount = 4_050
		if r := b.Put(t, o); r.Revision != 2 || r.State.Worth != 40 || r.Entries[0].Points != -60 {
			t.Errorf("the smaller order gave %+v", r)
		}
		b.WantBalance(t, "mem_ada", loyalty.Balance{Pending: 40})
		b.Wait(15 * 24 * time.Hour)
		in := service.RedemptionRequest{ID: "rd_1", Member: "mem_ada", Reward: "sticker", Commit: true}
		b.Grant(t, "mem_ada", 60)
		if _, err := (service.Redemptions{Ledger: b.Ledger}).Redeem(
			t.Context(), b.P, in, ledger.By{Input: "1"},
		); err != nil {
			t.Fatal(err)
		}
		o.Status = loyalty.OrderCanceled
		if r := b.Put(t, o); r.State.Worth != 0 || r.Balance.Debt != 40 {
			t.Errorf("the canceled order gave %+v", r)
		}
		b.Wait(time.Hour)
		b.Grant(t, "mem_ada", 50) // repays the debt first
		b.WantBalance(t, "mem_ada", loyalty.Balance{Active: 10})
		o.Currency = "USD"
		_, err := service.Orders{Ledger: b.Ledger}.Put(t.Context(), b.P, o, ledger.By{})
		servicetest.WantRejection(t, err, loyalty.CurrencyMismatch)
		b.Audit(t, "mem_ada")
	})
}

func TestAGuestsOrderIsAppliedOnceWhenItsMemberIsKnown(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		o := b.Order("1042", "", 10_000)
		if r := b.Put(t, o); r.Revision != 1 || r.State.Worth != 0 || len(r.Entries) != 0 {
			t.Errorf("the guest's order gave %+v", r)
		}
		if r := b.Put(t, o); !r.Replayed || r.Revision != 1 {
			t.Errorf("the repeated order returned %+v", r)
		}
		o.Refunds = []loyalty.Refund{{ID: "re_1", At: b.Now(), Status: loyalty.RefundSucceeded, Amount: 2_500}}
		b.Put(t, o)
		b.Wait(3 * 24 * time.Hour)
		b.Enroll(t, "mem_ada")
		o.Member = "mem_ada"
		first := b.Put(t, o)
		if first.Revision != 3 || first.State.Worth != 75 || first.Entries[0].Points != 75 {
			t.Errorf("claimed it gave %+v", first)
		}
		if r := b.Put(t, o); !r.Replayed {
			t.Errorf("claimed again it gave %+v", r)
		}
		b.WantBalance(t, "mem_ada", loyalty.Balance{Pending: 75})
		b.Enroll(t, "mem_bob")
		for _, other := range []loyalty.MemberID{"mem_bob", ""} {
			o.Member = other
			_, err := service.Orders{Ledger: b.Ledger}.Put(t.Context(), b.P, o, ledger.By{})
			servicetest.WantRejection(t, err, loyalty.ValidationFailed)
		}
		if got, err := (service.Orders{Ledger: b.Ledger}).Get(t.Context(), b.P.ID, "1042"); err != nil ||
			len(got.Entries) != 1 ||
			got.State.Order.Member != "mem_ada" {
			t.Errorf("the order is %+v, %v", got, err)
		}
		b.Audit(t, "mem_ada")
	})
}

func TestAGuestsOrderKeepsTheRulesOfItsFirstReport(t *testing.T) {
	b := newBench(t, servicetest.Memory(t))
	first, second := b.P, servicetest.Program(t)
	second.Version = 2
	second.Earn.Rates["EUR"] = loyalty.Rate{Points: big.NewRat(3, 1), Per: 100}
	if err := engine.Compile(second); err != nil {
		t.Fatal(err)
	}
	b.Program = func(_ context.Context, _ string, version int) (*loyalty.Program, error) {
		return []*loyalty.Program{first, second}[version-1], nil
	}
	b.Enroll(t, "mem_ada")
	o := b.Order("1042", "", 10_000)
	b.Put(t, o)
	b.P = second
	o.Shipped = b.Now()
	b.Put(t, o) // still a guest order
	o.Member = "mem_ada"
	for range 2 {
		if r := b.Put(t, o); r.State.Worth != 100 || r.State.Program != 1 {
			t.Errorf("by version %d the order is worth %d", r.State.Program, r.State.Worth)
		}
		o.Delivered = b.Now()
	}
	b.Audit(t, "mem_ada")
}

// An order that was placed before its member enrolled counts if it is not older than payments.claim_within. The result
// is the same if it is first sent without the member, and if it is first sent before or after the enrollment.
func TestAnOrderBeforeJoiningCountsTheSameInOneRequestOrTwo(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		Age, Joined time.Duration // before the member is named
		Want        loyalty.Points
	}{
		{5 * day, 0, 100},
		{5 * day, 10 * day, 100},
		{30 * day, 0, 100},
		{31 * day, 0, 0},
		{31 * day, 30 * day, 100},
		{31*day + time.Minute, 30 * day, 0},
		{89 * day, 88 * day, 100},
		{89 * day, 0, 0},
		{91 * day, 95 * day, 0},
	} {
		for _, first := range []string{"with the member", "without", "without, before the member joined"} {
			b := newBench(t, servicetest.Memory(t))
			o := b.Order("1042", "", 10_000)
			b.Wait(c.Age - c.Joined)
			if c.Joined > c.Age {
				b = newBench(t, servicetest.Memory(t))
				b.Enroll(t, "mem_ada")
				b.Wait(c.Joined - c.Age)
				o = b.Order("1042", "", 10_000)
			} else {
				if first == "without, before the member joined" {
					b.Put(t, o)
				}
				b.Enroll(t, "mem_ada")
			}
			b.Wait(min(c.Joined, c.Age))
			if first == "without" && c.Age <= loyalty.MaxOrderAge {
				b.Put(t, o)
			}
			o.Member = "mem_ada"
			r, err := service.Orders{Ledger: b.Ledger}.Put(t.Context(), b.P, o, ledger.By{Actor: "test"})
			if c.Want == 0 {
				servicetest.WantRejection(t, err, loyalty.ValidationFailed)
			} else if err != nil || r.State.Worth != c.Want {
				t.Errorf(
					"%v old, member since %v, sent first %s: %d points, %v", c.Age, c.Joined, first, r.State.Worth,
					err,
				)
			}
		}
	}
}
