package ledger

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// Confirmed returns a ledger over the same table that waits for confirm before it writes. If confirm returns an error, the
// write does not happen and returns that error. So a command can read its inputs while the caller still checks whom the
// command is about.
func (l *Ledger) Confirmed(confirm func() error) *Ledger {
	confirmed := *l
	confirmed.Table = confirmedTable{l.Table, confirm}
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
