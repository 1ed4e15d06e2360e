package inventory_test

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/seedtest"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
)

func TestACodeIsUsedOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		code := b.RedeemCode(t, servicetest.Mug(1))
		results := make([]inventory.CodeResult, 20)
		errs := servicetest.InParallel(20, func(i int) (err error) {
			results[i], err = b.UseCode(t, inventory.CodeUse{ID: fmt.Sprint("use_", i), Code: code})
			return err
		})
		won := slices.Index(errs, nil)
		for i, err := range errs {
			if i != won {
				servicetest.WantRejection(t, err, loyalty.CodeUsed)
			}
		}
		again, err := b.UseCode(t, inventory.CodeUse{ID: fmt.Sprint("use_", won), Code: code})
		if results[won].Replayed = true; err != nil || !reflect.DeepEqual(again, results[won]) {
			t.Errorf("%+v, %v, at first %+v", again, err, results[won])
		}
		_, err = b.UseCode(t, inventory.CodeUse{ID: fmt.Sprint("use_", won), Code: code, Order: "other"})
		servicetest.WantRejection(t, err, loyalty.KeyReused)
	})
}

func TestAGiftCardIsSpentToTheLastCent(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		code := b.RedeemCode(
			t,
			loyalty.Reward{
				ID: "mug", Type: "gift_card", Cost: 100, Value: loyalty.Money{Amount: 1_001, Currency: "EUR"},
			},
		)
		spend := func(id string, cents int64) error {
			r, err := b.UseCode(
				t, inventory.CodeUse{ID: id, Code: code, Amount: loyalty.Money{Amount: cents, Currency: "EUR"}},
			)
			if r.Left.Amount < 0 {
				t.Errorf("%+v", r)
			}
			return err
		}
		spent := int64(0)
		even := func(i int) int64 { return int64(62 + 2*i) } // the value is odd, so some of it remains
		for i, err := range servicetest.InParallel(
			20, func(i int) error { return spend(fmt.Sprint("use_", i), even(i)) },
		) {
			if err == nil {
				spent += even(i)
				continue
			}
			servicetest.WantRejection(t, err, loyalty.AmountOutOfRange)
		}
		got, err := inventory.Codes{Ledger: b.Ledger}.Get(t.Context(), b.P.ID, code)
		if err != nil || got.Left.Amount != 1_001-spent || got.Left.Amount >= even(19) || !got.Used.IsZero() {
			t.Errorf("spent are %d: %+v, %v", spent, got, err)
		}
		servicetest.WantRejection(t, spend("more", got.Left.Amount+1), loyalty.AmountOutOfRange)
		if err := spend("all", got.Left.Amount); err != nil {
			t.Error(err)
		}
		servicetest.WantRejection(t, spend("none", 1), loyalty.CodeUsed)
	})
}

func TestACodeThatWasUploadedMayLookLikeOursAndLikeNone(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		r := servicetest.Mug(100)
		r.Codes = loyalty.Codes{From: loyalty.UploadedCode}
		b.Offer(t, r)
		b.Enroll(t, "mem_ada")
		b.Grant(t, "mem_ada", 1_000)
		odd := []string{"7K3M-Q9XZ-02VB-HJ4D-2", "7K3M-Q9XZ-02VB-HJ4D-3", "été 2026", "~tilde", "a", "ÿ"}
		if up, err := (inventory.Codes{Ledger: b.Ledger}).Add(
			t.Context(), b.P.ID, "mug", slices.Values(odd),
		); err != nil || up.Added != len(odd) {
			t.Fatalf("%+v, %v", up, err)
		}
		_, err := inventory.Codes{Ledger: b.Ledger}.Get(t.Context(), b.P.ID, odd[0])
		servicetest.WantRejection(t, err, loyalty.NotFound)
		_, err = b.UseCode(t, inventory.CodeUse{ID: "early", Code: odd[0]})
		servicetest.WantRejection(t, err, loyalty.NotFound)
		for i := range odd {
			got := b.Take(
				t, service.RedemptionRequest{ID: fmt.Sprint("rd_", i), Member: "mem_ada", Reward: "mug", Commit: true},
			)
			if _, err := b.UseCode(t, inventory.CodeUse{ID: got.ID, Code: got.Code}); err != nil {
				t.Errorf("%q: %v", got.Code, err)
			}
		}
	})
}

func TestNoCodeIsUploadedTwice(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		issued := b.RedeemCode(t, servicetest.Mug(10))
		add := func(reward string, added int, duplicate []string, codes ...string) {
			t.Helper()
			up, err := inventory.Codes{Ledger: b.Ledger}.Add(t.Context(), b.P.ID, reward, slices.Values(codes))
			if err != nil || up.Added != added || !slices.Equal(up.Duplicate, duplicate) {
				t.Errorf("%+v, %v", up, err)
			}
		}
		add("mug", 2, []string{"a", "A-"}, "A", "a", "B", "A-")
		add("mug", 1, []string{"B", "a"}, "B", "C", "a")
		add("sticker", 1, []string{"A"}, "D", "A")
		add("sticker", 0, []string{issued}, issued)
		many := slices.Collect(servicetest.Vouchers(0, 100))
		add("mug", 100, nil, many...)
		add("mug", 50, many[50:], slices.Collect(servicetest.Vouchers(50, 100))...)
		if n := len(b.Pool(t, "mug")); n != 153 {
			t.Errorf("the pool has %d codes", n)
		}
	})
}

func TestAnUploadThatFailsIsRepeated(t *testing.T) {
	codes := slices.Collect(servicetest.Vouchers(0, 2_000))
	for name, upload := range map[string]func(*bench) (inventory.Upload, error){
		"streamed": func(b *bench) (inventory.Upload, error) {
			return inventory.Codes{Ledger: b.Ledger}.Add(t.Context(), b.P.ID, "mug", slices.Values(codes))
		},
		"recorded": func(b *bench) (inventory.Upload, error) {
			return inventory.Codes{Ledger: b.Ledger}.Upload(t.Context(), b.P.ID, "mug", codes)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, servicetest.Memory(t))
			if _, err := (inventory.Codes{Ledger: b.Ledger}).Add(
				t.Context(), b.P.ID, "mug", slices.Values(codes[700:701]),
			); err != nil {
				t.Fatal(err)
			}
			broken := servicetest.Faulty(b.Table, seedtest.Of(t))
			clean := b.Table
			b.Table = broken
			up, err := upload(b)
			for ; err != nil; up, err = upload(b) {
				if !errors.Is(err, ledger.ErrTryAgain) {
					t.Fatal(err)
				}
				broken.Busy, broken.BusyReads = broken.Busy*.8, broken.BusyReads*.8
				broken.LostBefore, broken.LostAfter = broken.LostBefore*.8, broken.LostAfter*.8
			}
			b.Table = clean
			if n := len(b.Pool(t, "mug")); n != 2_000 {
				t.Errorf("the pool has %d codes; %+v", n, broken.Fired())
			}
			if name == "recorded" && (up.Added != 1_999 || !slices.Equal(up.Duplicate, codes[700:701])) {
				t.Errorf("%d added, duplicates %v; %+v", up.Added, up.Duplicate, broken.Fired())
			}
		})
	}
}

func TestSameUploadAtTheSameTimeHasOneResult(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		codes := slices.Collect(servicetest.Vouchers(0, 90))
		for _, err := range servicetest.InParallel(4, func(int) error {
			up, err := inventory.Codes{Ledger: b.Ledger}.Upload(t.Context(), b.P.ID, "mug", codes)
			if err == nil && (up.Added != len(codes) || len(up.Duplicate) > 0) {
				err = fmt.Errorf("%d added, duplicates %v", up.Added, up.Duplicate)
			}
			return err
		}) {
			if err != nil && !errors.Is(err, ledger.ErrTryAgain) {
				t.Error(err)
			}
		}
		up, err := inventory.Codes{Ledger: b.Ledger}.Upload(t.Context(), b.P.ID, "mug", codes)
		if err != nil || !up.Replayed || up.Added != len(codes) || len(b.Pool(t, "mug")) != len(codes) {
			t.Errorf("%+v, %v", up, err)
		}
		up, err = inventory.Codes{Ledger: b.Ledger}.Upload(t.Context(), b.P.ID, "sticker", codes)
		if err != nil || up.Replayed || up.Added > 0 || !slices.Equal(up.Duplicate, codes) {
			t.Errorf("%+v, %v", up, err)
		}
	})
}

// A hundred thousand codes can be uploaded as a stream. With PERENNIAL_LONG, it is a million codes.
func TestManyCodesAreStreamed(t *testing.T) {
	n := 100_000
	if os.Getenv("PERENNIAL_LONG") != "" {
		n = 1_000_000
	}
	b := newBench(t, servicetest.Memory(t))
	read := 0
	var codes iter.Seq[string] = func(yield func(string) bool) {
		for code := range servicetest.Vouchers(0, n) {
			if read++; !yield(code) {
				return
			}
		}
	}
	began := time.Now()
	up, err := inventory.Codes{Ledger: b.Ledger}.Add(t.Context(), b.P.ID, "mug", codes)
	if err != nil || up.Added != n || len(up.Duplicate) > 0 || read != n {
		t.Errorf("%+v, %v", up, err)
	}
	t.Logf("%d codes in %s", n, time.Since(began).Round(time.Millisecond))
}
