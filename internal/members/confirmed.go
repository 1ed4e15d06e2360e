package members

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Confirmed returns a ledger that uses the same table and calls the function confirm before each write. If confirm
// returns an error, the ledger returns the error and does not write. A command can therefore read its inputs while the
// caller still verifies that the command concerns the right member.
func (ms Members) Confirmed(confirm func() error) *ledger.Ledger {
	confirmed := *ms.Ledger
	confirmed.Table = confirmedTable{ms.Table, confirm}
	return &confirmed
}

// A confirmedTable is a table that writes only after confirm has returned nil.
type confirmedTable struct {
	table.Table
	confirm func() error
}

// Transact implements table.Table.
func (t confirmedTable) Transact(ctx context.Context, ops ...table.Op) error {
	if err := t.confirm(); err != nil {
		return err
	}
	return t.Table.Transact(ctx, ops...)
}
