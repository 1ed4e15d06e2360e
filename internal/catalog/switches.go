package catalog

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/switches"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// switchesPrefix begins the sort keys of the changes of switches.
const switchesPrefix = "CHANGE#"

// SetSwitches sets the given switches of a program and clears the others. In the same transaction, it stores an
// immutable item from which the audit list is made. A repeated call changes nothing. SetSwitches returns not_found if
// the program was never published.
func (cs Catalog) SetSwitches(
	ctx context.Context, program string, stopped []switches.Switch, reason, by string,
) (switches.State, error) {
	for range ledger.Attempts {
		now := cs.Time()
		it, s, err := ledger.ReadSchedule(ctx, cs.Table, program, now)
		if err != nil {
			return s.Switches, err
		}
		if it.Version == 0 {
			return s.Switches, &loyalty.Error{Code: loyalty.NotFound, Detail: "The program was never published."}
		}
		next, changed := s.Switches.Set(stopped, reason, by, now)
		if !changed {
			return next, nil
		}
		change := switches.Change{
			At: now, By: by, Reason: reason, Before: s.Switches.Stopped, After: next.Stopped,
		}
		s.Switches = next
		it.Doc = stored.Encode(ledger.StoredSchedule(s))
		err = cs.Table.Transact(ctx, table.Put(it), table.Put(table.Item{
			Key: stored.ProgramKey(program, switchesPrefix+stored.Padded(int64(next.Changes), 8)),
			Doc: stored.Encode(change),
		}))
		if !ledger.IsConflict(err) {
			return next, ledger.Retryable(err)
		}
	}
	return switches.State{}, ledger.ErrTryAgain
}
