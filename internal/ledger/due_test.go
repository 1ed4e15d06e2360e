package ledger_test

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func TestWhatTimeDoesIsWrittenDownOnceByTheSchedule(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		b.enrol(t, "mem_ada")
		b.put(t, b.order("1042", "mem_ada", 10_000))
		b.advance(14 * 24 * time.Hour)
		due := 0
		for shard := range ledger.Shards {
			for m, err := range b.Due(t.Context(), b.p.ID, shard, b.Now()) {
				if err != nil || m != "mem_ada" {
					t.Fatal(m, err)
				}
				due++
			}
		}
		if due != 1 {
			t.Fatalf("%d members are due", due)
		}
		for want := 1; want >= 0; want-- {
			if n, err := b.Advance(t.Context(), b.p, "mem_ada"); err != nil || n != want {
				t.Errorf("advancing wrote %d entries, %v, want %d", n, err, want)
			}
		}
		_, err := b.Ledger.Advance(t.Context(), b.p, "mem_nobody")
		wantRefusal(t, err, loyalty.NotFound)
		b.audit(t, "mem_ada")
	})
}
