// Package ledgertest contains a ledger over a table in memory, for the tests of packages that build commands.
package ledgertest

import (
	"context"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/keyring/keyringtest"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// A Bench is a ledger over a table in memory, with a clock that the test sets and writes that fail if the test sets
// Before or Fail. It implements table.Table. The embedded Table does not fail. A Bench is not safe for concurrent use.
type Bench struct {
	*ledger.Ledger
	table.Table
	Clock time.Time // the present instant of the ledger
	// Before, if it is not nil, is called once, before the next write. If it returns an error, the write returns the
	// error and is not applied.
	Before func() error
	// Fail lists the errors of the next writes. A write with the error nil succeeds. A write with the error
	// table.ErrUnknown is applied: only its response is lost.
	Fail []error
}

// New returns a Bench whose clock is at loyaltytest.Noon.
func New(t testing.TB) *Bench {
	t.Helper()
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tab.Close() })
	b := &Bench{Table: tab, Clock: loyaltytest.Noon}
	b.Ledger = &ledger.Ledger{Table: b, Now: func() time.Time { return b.Clock }}
	b.Keyring = keyringtest.New(tab, b.Ledger.Now)
	return b
}

// Transact implements table.Table.
func (b *Bench) Transact(ctx context.Context, ops ...table.Op) error {
	if before := b.Before; before != nil {
		b.Before = nil
		if err := before(); err != nil {
			return err
		}
	}
	var failed error
	if len(b.Fail) > 0 {
		failed, b.Fail = b.Fail[0], b.Fail[1:]
	}
	if failed != nil && failed != table.ErrUnknown {
		return failed
	}
	if err := b.Table.Transact(ctx, ops...); err != nil {
		return err
	}
	return failed
}
