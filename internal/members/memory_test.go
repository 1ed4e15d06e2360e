package members

import (
	"context"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

var noon = time.Date(2026, 12, 1, 11, 0, 0, 0, time.UTC)

// A bench is a ledger over a table in memory, with a program and a clock that the test sets. Its next writes fail with
// the errors in fail. A write that fails with table.ErrUnknown is applied.
type bench struct {
	*ledger.Ledger
	table.Table
	p    *loyalty.Program
	now  time.Time
	fail []error
}

func newBench(t *testing.T) *bench {
	t.Helper()
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tab.Close() })
	b := &bench{Table: tab, now: noon, p: &loyalty.Program{ID: "p", Version: 1, Zone: time.UTC}}
	b.p.Households.Size = 3
	b.p.Earn.Actions = []loyalty.Action{{ID: "friends", Event: award.EventConverted, Points: 200, Friend: 100}}
	if err := engine.Compile(b.p); err != nil {
		t.Fatal(err)
	}
	b.Ledger = &ledger.Ledger{Table: b, Now: func() time.Time { return b.now }}
	return b
}

func (b *bench) Transact(ctx context.Context, ops ...table.Op) error {
	if len(b.fail) == 0 {
		return b.Table.Transact(ctx, ops...)
	}
	failed := b.fail[0]
	b.fail = b.fail[1:]
	if failed == table.ErrUnknown {
		if err := b.Table.Transact(ctx, ops...); err != nil {
			return err
		}
	}
	return failed
}

// enrol enrolls members without personal data.
func (b *bench) enrol(t *testing.T, ms ...loyalty.MemberID) {
	t.Helper()
	for _, m := range ms {
		in := Enrollment{Member: m}
		if _, err := (Members{b.Ledger}).Enroll(t.Context(), b.p, in, ledger.By{Input: string(m)}); err != nil {
			t.Fatal(err)
		}
	}
}

// put stores a document over the present item with its key.
func (b *bench) put(t *testing.T, key table.Key, doc string) {
	t.Helper()
	it := b.item(t, key)
	it.Doc = []byte(doc)
	if err := b.Table.Transact(t.Context(), table.Put(it)); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) item(t *testing.T, key table.Key) table.Item {
	t.Helper()
	it, err := b.Table.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return it
}

// remind returns the item of a member's reminders.
func (b *bench) remind(t *testing.T, m loyalty.MemberID) table.Item {
	t.Helper()
	return b.item(t, stored.MemberKey("p", m, "REMIND"))
}
