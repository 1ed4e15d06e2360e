package inventory_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

func (b *bench) guess(t *testing.T, client, code string) error {
	return inventory.Codes{Ledger: b.Ledger}.Guarded(t.Context(), b.P.ID,
		inventory.Guesser{Key: "shop", Client: client}, func() error {
			_, err := inventory.Codes{Ledger: b.Ledger}.Get(t.Context(), b.P.ID, code)
			return err
		})
}

func TestMissesOfOneClientAreCountedOneByOne(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		code := b.RedeemCode(t, servicetest.Mug(1))
		missed := 0
		for _, err := range servicetest.InParallel(20, func(int) error { return b.guess(t, "tills", "NOBODY") }) {
			switch {
			case errors.Is(err, loyalty.NotFound):
				missed++
			case !errors.Is(err, ledger.ErrTryAgain):
				servicetest.WantRejection(t, err, loyalty.RateLimited)
			}
		}
		if missed > redeem.MaxMissesPerClient {
			t.Errorf("%d of 20 in parallel were answered", missed)
		}
		for missed < redeem.MaxMissesPerClient { // some misses were not counted because the table was busy
			servicetest.WantRejection(t, b.guess(t, "tills", "NOBODY"), loyalty.NotFound)
			missed++
		}
		servicetest.WantRejection(t, b.guess(t, "tills", code), loyalty.RateLimited)
		if err := b.guess(t, "others", code); err != nil {
			t.Error(err)
		}
		b.Wait(redeem.GuessWindow - time.Millisecond)
		servicetest.WantRejection(t, b.guess(t, "tills", code), loyalty.RateLimited)
		b.Wait(time.Millisecond)
		if err := b.guess(t, "tills", code); err != nil {
			t.Error(err)
		}
	})
}

// The limit of an API key applies to all clients together, and to lookups without a client.
func TestMissesOfOneKeyAreLimited(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		code := b.RedeemCode(t, servicetest.Mug(1))
		for i := range redeem.MaxMissesPerKey {
			client := ""
			if i%3 > 0 {
				client = fmt.Sprint("till-", i)
			}
			servicetest.WantRejection(t, b.guess(t, client, "NOBODY"), loyalty.NotFound)
			b.Wait(100 * time.Millisecond)
		}
		for _, client := range []string{"", "till-1", "another"} {
			err := b.guess(t, client, code)
			servicetest.WantRejection(t, err, loyalty.RateLimited)
			if limit, ok := errors.AsType[*redeem.TooManyGuesses](err); !ok || !limit.PerKey ||
				limit.Wait != 30*time.Second {
				t.Errorf("client %q: %+v", client, limit)
			}
		}
		other := inventory.Guesser{Key: "another"}
		err := inventory.Codes{Ledger: b.Ledger}.Guarded(
			t.Context(), b.P.ID, other, func() error { return &loyalty.Error{Code: loyalty.NotFound} },
		)
		servicetest.WantRejection(t, err, loyalty.NotFound)
		b.Wait(30 * time.Second)
		if err := b.guess(t, "", code); err != nil {
			t.Error(err)
		}
	})
}

// With a client there are two limits, and each costs a read; a miss writes both in one transaction.
func TestRequestUnitsOfGuesses(t *testing.T) {
	meter := &tabletest.Meter{Table: servicetest.Memory(t)}
	b := newBench(t, meter)
	code := b.RedeemCode(t, servicetest.Mug(1))
	for i, c := range []struct {
		Client, Code string
		Read, Write  float64
	}{
		{"", code, 2, 0},
		{"", "NOBODY", 2, 1},
		{"tills", code, 3, 0},
		{"tills", "NOBODY", 3, 4},
		{"tills", "NOBODY", 3, 4},
		{"tills", "NOBODY", 3, 4},
		{"tills", "NOBODY", 3, 4},
		{"tills", "NOBODY", 3, 4},
		{"tills", "NOBODY", 2, 0},
		{"tills", code, 2, 0},
	} {
		meter.Take()
		_ = b.guess(t, c.Client, c.Code)
		if u := meter.Take(); u.Read != c.Read || u.Write != c.Write {
			t.Errorf(
				"%d: %s costs %g read and %g write units, not %g and %g", i, c.Code, u.Read, u.Write, c.Read, c.Write,
			)
		}
	}
}
