package inventory_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
)

// giftCard gives a member a gift card of 10.01 EUR.
func (b *bench) giftCard(tb testing.TB) string {
	return b.RedeemCode(
		tb,
		loyalty.Reward{ID: "mug", Type: "gift_card", Cost: 100, Value: loyalty.Money{Amount: 1_001, Currency: "EUR"}},
	)
}

// reverseUse reverses a use, and repeats the request until it is answered, as a client does.
func (b *bench) reverseUse(tb testing.TB, code, use, key string) (inventory.CodeResult, error) {
	for {
		in := inventory.UseReversal{Code: code, Use: use, Reason: "order returned"}
		r, err := inventory.Codes{Ledger: b.Ledger}.ReverseUse(
			tb.Context(), b.P.ID, in, ledger.By{Actor: "test", Input: key + ".order returned"},
		)
		if !errors.Is(err, ledger.ErrTryAgain) {
			return r, err
		}
	}
}

func TestAUseIsReversedOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		code := b.giftCard(t)
		if _, err := b.UseCode(
			t, inventory.CodeUse{ID: "use_1", Code: code, Amount: loyalty.Money{Amount: 1_001, Currency: "EUR"}},
		); err != nil {
			t.Fatal(err)
		}
		errs := servicetest.InParallel(20, func(i int) error {
			_, err := b.reverseUse(t, code, "use_1", fmt.Sprint("key_", i))
			return err
		})
		won := slices.Index(errs, nil)
		for i, err := range errs {
			if i != won {
				servicetest.WantRejection(t, err, loyalty.AlreadyResolved)
			}
		}
		got, err := b.reverseUse(t, code, "use_1", fmt.Sprint("key_", won))
		if err != nil || !got.Replayed || got.Left.Amount != 1_001 || !got.Used.IsZero() || len(got.Uses) != 1 ||
			got.Uses[0].Reversed.IsZero() {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// A gift card lists its latest uses only, but every use can be reversed.
func TestAUseThatIsNoLongerListedIsReversed(t *testing.T) {
	b := newBench(t, servicetest.Memory(t))
	code := b.giftCard(t)
	for i := range 60 {
		in := inventory.CodeUse{
			ID: fmt.Sprint("use_", i), Code: code, Amount: loyalty.Money{Amount: 10, Currency: "EUR"},
		}
		if _, err := b.UseCode(t, in); err != nil {
			t.Fatal(err)
		}
	}
	got, err := b.reverseUse(t, code, "use_0", "key")
	if err != nil || got.Left.Amount != 1_001-59*10 || len(got.Uses) != 50 || got.Uses[0].ID != "use_10" ||
		got.Uses[49].ID != "use_59" {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = b.reverseUse(t, code, "use_0", "another")
	servicetest.WantRejection(t, err, loyalty.AlreadyResolved)
}
