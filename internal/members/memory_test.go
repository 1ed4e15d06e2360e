package members

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/ledgertest"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/table"
)

var noon = loyaltytest.Noon

// A bench is a ledgertest.Bench with a program.
type bench struct {
	*ledgertest.Bench
	p *loyalty.Program
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{ledgertest.New(t), &loyalty.Program{ID: "p", Version: 1, Zone: time.UTC}}
	b.p.Households.Size = 3
	b.p.Earn.Actions = []loyalty.Action{{ID: "friends", Event: posting.EventConverted, Points: 200, Friend: 100}}
	if err := engine.Compile(b.p); err != nil {
		t.Fatal(err)
	}
	return b
}

// enroll enrolls members without personal data.
func (b *bench) enroll(t *testing.T, ms ...loyalty.MemberID) {
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
