package service_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// TestCostDoesNotGrowWithTheHistory places four orders a day. After points expire for the first time, the cost of an
// order, of the member and of a page of the statement must remain the same, and the account must not grow.
func TestCostDoesNotGrowWithTheHistory(t *testing.T) {
	const steady = 1_600 // orders in 400 days; points expire after 12 months
	last := 2 * steady
	if os.Getenv("PERENNIAL_LONG") != "" {
		last = 20_000
	}
	b := newBench(t, servicetest.Memory(t))
	meter := &tabletest.Meter{Table: b.Table}
	b.Table = meter
	m := servicetest.Member(1)
	b.Enroll(t, m)
	placed := 0
	order := func() {
		b.Wait(6 * time.Hour)
		placed++
		b.Put(t, b.Order(fmt.Sprintf("order-%05d", placed), m, 4_000))
	}
	// cost returns the usage of each request, and the size of the account.
	cost := func() (usage map[string]tabletest.Usage, size int) {
		usage = map[string]tabletest.Usage{}
		measure := func(request string, do func() error) {
			meter.Take()
			if err := do(); err != nil {
				t.Fatal(request, err)
			}
			usage[request] = meter.Take()
		}
		measure("order", func() error { order(); return nil })
		measure("member", func() error {
			_, err := members.Members{Ledger: b.Ledger}.Get(t.Context(), b.P, m)
			return err
		})
		for page, before := range map[string]int64{"newest page": 0, "oldest page": 26} {
			measure(page, func() error {
				entries, _, err := ledger.Statements{Ledger: b.Ledger}.Page(t.Context(), b.P, m, before, 25)
				if len(entries) != 25 {
					t.Errorf("%s: %d entries", page, len(entries))
				}
				return err
			})
		}
		it, err := b.Table.Get(t.Context(), stored.AccountKey(b.P.ID, m))
		if err != nil {
			t.Fatal(err)
		}
		return usage, len(it.Doc)
	}
	for placed < steady {
		order()
	}
	early, small := cost()
	for placed < last {
		order()
	}
	late, large := cost()
	t.Logf("after %d orders: %v, an account of %d bytes; after %d: %d bytes", steady, early, small, last, large)
	for request, was := range early {
		if now := late[request]; now != was {
			t.Errorf("%s: %+v after %d orders, %+v after %d", request, was, steady, now, last)
		}
	}
	if large > small+small/10 {
		t.Errorf("the account has %d bytes after %d orders, %d after %d", small, steady, large, last)
	}
}
