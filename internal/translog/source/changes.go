package source

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/audit"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/translog"
)

// IsChange reports whether a changed item with this key may have to be recorded. The item is new if it was inserted.
func IsChange(key table.Key, isNew bool) bool {
	if _, ok, err := Program(key); isNew && (ok || err != nil) {
		return true
	}
	return audit.IsSource(key) && (isNew || !isEntry(key))
}

// isEntry reports whether the key is that of an entry, which never changes.
func isEntry(key table.Key) bool {
	_, ok, _ := Program(key)
	return ok
}

// A Change is what a changed item adds to the log of a program and to its audit list.
type Change struct {
	Program string
	Entry   translog.Record // zero if the item is not an entry
	Action  *audit.Record   // nil if the change is not an action of the audit list
}

// ChangeOf returns what a changed item adds to the log and to the audit list. It reports false if it adds nothing.
func ChangeOf(it table.Item) (c Change, ok bool, err error) {
	program, rec, isEntry, err := Record(it)
	if err != nil {
		return c, false, err
	}
	if isEntry {
		c.Program, c.Entry = program, rec
	}
	program, action, isAction, err := audit.Of(it)
	if err != nil {
		return c, false, err
	}
	if isAction {
		c.Program, c.Action = program, &action
	}
	return c, isEntry || isAction, nil
}

// Append appends changes of a program to its audit list and its log, and returns the checkpoint. The positions of the
// entries are set.
func Append(
	ctx context.Context, log translog.Log, program, shard string, changes []Change,
) (checkpoint string, err error) {
	b := translog.Batch{Shard: shard}
	for _, c := range changes {
		if c.Action == nil {
			continue
		}
		r, err := audit.List{Table: log.Table}.Append(ctx, program, *c.Action)
		if err != nil {
			return "", err
		}
		rec, err := Audited(r)
		if err != nil {
			return "", err
		}
		b.Records = append(b.Records, rec) // without a position, so that the log looks it up
	}
	for _, c := range changes {
		if !c.Entry.Recorded.IsZero() {
			b.Records = append(b.Records, c.Entry)
		}
	}
	return log.Append(ctx, program, b)
}
