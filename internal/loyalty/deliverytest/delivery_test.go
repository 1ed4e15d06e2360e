package deliverytest

import (
	"os"
	"testing"

	"pgregory.net/rapid"

	"github.com/perennial-loyalty/perennial/internal/seedtest"
)

// TestAccountDoesNotDependOnTheDelivery checks 20,000 histories, or a million with PERENNIAL_LONG, from PERENNIAL_SEED.
func TestAccountDoesNotDependOnTheDelivery(t *testing.T) {
	runs, seed := 1, seedtest.Or(t, 1)
	if os.Getenv("PERENNIAL_LONG") != "" {
		runs = 50
	}
	var effects Effects
	for i := range runs {
		Check(t, 20_000, seed+uint64(i), func(t *rapid.T) { check(t, &effects) })
	}
	t.Logf("%+v", effects)
	for _, feature := range effects.Rare() {
		t.Errorf("of %d histories, too few have %s", effects.Histories, feature)
	}
}

func check(t *rapid.T, effects *Effects) {
	h := Random(t)
	effects.Histories++
	random := h.Deliver(t, effects)
	direct := h.DeliverDirectly(t, random)
	if diff := h.Difference(random, direct); diff != "" {
		t.Fatalf("%s\ntiers %+v\nrandom:\n%s\ndirect:\n%s", diff, h.Program.Tiers, random.Dump(), direct.Dump())
	}
}
