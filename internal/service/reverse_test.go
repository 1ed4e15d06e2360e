package service_test

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// card enrolls a member who redeems a gift card of 25 EUR for 2,500 points as rd_1, and returns its code.
func (b *bench) card(t *testing.T) (code string) {
	t.Helper()
	b.P.Redemption.OnRefund = loyalty.ShareBack
	b.Offer(t, loyalty.Reward{
		ID: "card", Type: "gift_card", Cost: 2_500, Value: loyalty.Money{Amount: 2_500, Currency: "EUR"},
		Codes: loyalty.Codes{From: loyalty.GeneratedCode},
	})
	b.Enroll(t, "mem_ada")
	b.Grant(t, "mem_ada", 2_500)
	return b.Take(t, service.RedemptionRequest{ID: "rd_1", Member: "mem_ada", Reward: "card", Commit: true}).Code
}

// spend uses a number of cents of a gift card.
func (b *bench) spend(t *testing.T, id, code string, cents int64) error {
	_, err := b.UseCode(t, inventory.CodeUse{ID: id, Code: code, Amount: loyalty.Money{Amount: cents, Currency: "EUR"}})
	return err
}

func (b *bench) reverse(t *testing.T, part, of int64) (loyalty.Redemption, error) {
	share := big.NewRat(part, of)
	r, err := servicetest.Until(func() (service.RedemptionResult, error) {
		return service.Redemptions{Ledger: b.Ledger}.Reverse(
			t.Context(), b.P, "rd_1", share, ledger.By{Input: share.String()},
		)
	})
	return r.Redemption, err
}

func TestOfAGiftCardOnlyWhatIsUnspentIsGivenBack(t *testing.T) {
	const void, used, valid = redeem.CodeIsVoid, redeem.CodeIsUsed, redeem.CodeIsValid
	for _, c := range []struct {
		Name    string
		Spent   int64 // cents, before the reversal
		Percent int64
		Back    loyalty.Points // points returned in total
		Left    int64
		State   redeem.CodeState
	}{
		{"all of an unused gift card", 0, 100, 2_500, 0, void},
		{"a tenth of an unused gift card", 0, 10, 250, 2_250, valid},
		{"one of which 24 EUR are spent", 2_400, 100, 100, 0, void},
		{"a tenth of one of which 24 EUR are spent", 2_400, 10, 100, 0, void},
		{"a tenth of one of which 10 EUR are spent", 1_000, 10, 250, 1_250, valid},
		{"one that is used up", 2_500, 100, 0, 0, used},
		{"a tenth of one that is used up", 2_500, 10, 0, 0, used},
	} {
		t.Run(c.Name, func(t *testing.T) {
			b := newBench(t, servicetest.Memory(t))
			code := b.card(t)
			if c.Spent > 0 {
				if err := b.spend(t, "use_1", code, c.Spent); err != nil {
					t.Fatal(err)
				}
			}
			r, err := b.reverse(t, c.Percent, 100)
			if c.Back == 0 {
				servicetest.WantRejection(t, err, loyalty.CodeUsed)
			} else if err != nil || r.Restored != c.Back || (r.Status == loyalty.Reversed) != (c.Back == 2_500) {
				t.Errorf("%+v, %v", r, err)
			}
			b.WantBalance(t, "mem_ada", loyalty.Balance{Active: c.Back})
			got, err := inventory.Codes{Ledger: b.Ledger}.Get(t.Context(), b.P.ID, code)
			if err != nil || got.Left.Amount != c.Left || got.State(b.Now()) != c.State {
				t.Errorf("%+v, %v", got, err)
			}
			b.Audit(t, "mem_ada")
		})
	}
}

// Reversals and uses alternate. In the end, the spent and the reversed value together are the value of the card.
func TestAGiftCardIsReversedInPartsBetweenUses(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		code := b.card(t)
		for i, part := range []int64{10, 20, 50} {
			if err := b.spend(t, fmt.Sprint("use_", i), code, 400); err != nil {
				t.Fatal(err)
			}
			if r, err := b.reverse(t, part, 100); err != nil || r.Restored != loyalty.Points(25*part) {
				t.Errorf("%+v, %v", r, err)
			}
		}
		servicetest.WantRejection(t, b.spend(t, "more", code, 51), loyalty.AmountOutOfRange)
		if r, err := b.reverse(t, 1, 1); err != nil || r.Restored != 1_300 || r.Status != loyalty.Committed {
			t.Errorf("%+v, %v", r, err)
		}
		servicetest.WantRejection(t, b.spend(t, "late", code, 1), loyalty.CodeVoid)
		b.WantBalance(t, "mem_ada", loyalty.Balance{Active: 1_300})
		b.Audit(t, "mem_ada")
	})
}

// A concurrent use either reduces the reversal, or finds less value on the card.
func TestAReversalAndTheTillsShareOneCard(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		code := b.card(t)
		const uses, cents = 8, 200
		errs := servicetest.InParallel(uses+2, func(i int) error {
			if i < uses {
				return b.spend(t, fmt.Sprint("use_", i), code, cents)
			}
			_, err := b.reverse(t, int64(i-uses+1), 2)
			return err
		})
		spent := int64(0)
		for _, err := range errs[:uses] {
			if err == nil {
				spent += cents
			}
		}
		r, err := service.Redemptions{Ledger: b.Ledger}.Get(t.Context(), b.P.ID, "rd_1")
		if err != nil || int64(r.Redemption.Restored) != 2_500-spent {
			t.Errorf(
				"of 2,500 cents %d are spent, and %d points are back, %v: %v", spent, r.Redemption.Restored, err, errs,
			)
		}
		b.WantBalance(t, "mem_ada", loyalty.Balance{Active: r.Redemption.Restored})
		b.Audit(t, "mem_ada")
	})
}

// A gift card of an earlier release, which does not store its original value, is reversed by the value in the program.
func TestAnOldGiftCardIsReversedByTheProgramsValue(t *testing.T) {
	b := newBench(t, servicetest.Memory(t))
	code := b.card(t)
	b.rewriteCode(t, code, `{"m":"mem_ada","rd":"rd_1","r":"card","left":100,"cur":"EUR"}`)
	if r, err := b.reverse(t, 1, 1); err != nil || r.Restored != 100 {
		t.Errorf("%+v, %v", r, err)
	}
}

// rewriteCode replaces the stored document of a code.
func (b *bench) rewriteCode(t *testing.T, code, doc string) {
	t.Helper()
	it, err := b.Table.Get(t.Context(), table.Key{PK: "P#" + b.P.ID + "#CODE#" + redeem.PlainCode(code), SK: "CODE"})
	if err != nil || it.Version == 0 {
		t.Fatal(it, err)
	}
	it.Doc = []byte(doc)
	if err := b.Table.Transact(t.Context(), table.Put(it)); err != nil {
		t.Fatal(err)
	}
}
