package ledger_test

import (
	"errors"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

func (b *bench) guess(t *testing.T, who, code string) error {
	return b.Guarded(t.Context(), b.p.ID, who, func() error {
		_, err := b.Code(t.Context(), b.p.ID, code)
		return err
	})
}

func TestGuessesOfOneKeyAreCountedOneByOne(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		code := b.coded(t, mug(1))
		missed := 0
		for _, err := range inParallel(20, func(int) error { return b.guess(t, "tills", "NOBODY") }) {
			switch {
			case errors.Is(err, loyalty.NotFound):
				missed++
			case !errors.Is(err, ledger.ErrTryAgain):
				wantRefusal(t, err, loyalty.RateLimited)
			}
		}
		if missed > loyalty.MaxGuesses {
			t.Errorf("%d of 20 in parallel were answered", missed)
		}
		for missed < loyalty.MaxGuesses { // where the table was busy
			wantRefusal(t, b.guess(t, "tills", "NOBODY"), loyalty.NotFound)
			missed++
		}
		wantRefusal(t, b.guess(t, "tills", code), loyalty.RateLimited)
		if err := b.guess(t, "others", code); err != nil {
			t.Error(err)
		}
		b.advance(loyalty.GuessWindow - time.Millisecond)
		wantRefusal(t, b.guess(t, "tills", code), loyalty.RateLimited)
		b.advance(time.Millisecond)
		if err := b.guess(t, "tills", code); err != nil {
			t.Error(err)
		}
	})
}

// A code that there is costs one read more than without the guard, a guess one read and one write, and whoever is
// locked out one read.
func TestTheUnitsThatGuessesCost(t *testing.T) {
	meter := &tabletest.Meter{Table: memory(t)}
	b := newBench(t, meter)
	code := b.coded(t, mug(1))
	for i, c := range []struct {
		code        string
		read, write float64
	}{{code, 2, 0}, {"NOBODY", 2, 1}, {code, 2, 0}, {"NOBODY", 2, 1}, {"NOBODY", 2, 1}, {"NOBODY", 2, 1}, {"NOBODY", 2, 1}, {"NOBODY", 1, 0}, {code, 1, 0}} {
		meter.Take()
		_ = b.guess(t, "tills", c.code)
		if u := meter.Take(); u.Read != c.read || u.Write != c.write {
			t.Errorf("%d: %s costs %g read and %g write units, not %g and %g", i, c.code, u.Read, u.Write, c.read, c.write)
		}
	}
}
