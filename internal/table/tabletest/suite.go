package tabletest

import (
	"crypto/rand"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// Run tests the table that open returns against the contract of package table. The random test logs its seed. To repeat
// it with the same seed, set the environment variable PERENNIAL_SEED.
func Run(t *testing.T, open func(t *testing.T) table.Table) {
	s := &suite{tab: open(t), run: rand.Text()[:8]}
	for _, part := range []struct {
		name string
		test func(*testing.T)
	}{
		{"versions", s.versions},
		{"atomicity", s.allOrNone},
		{"refusals", s.refusals},
		{"documents", s.documents},
		{"order", s.order},
		{"pages", s.pages},
		{"changes while iterating", s.changesWhileIterating},
		{"index", s.index},
		{"add", s.add},
		{"contention", s.contention},
		{"cancellation", s.cancellation},
		{"random transactions", s.random},
	} {
		t.Run(part.name, part.test)
	}
}
