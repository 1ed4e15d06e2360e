package source

import (
	"context"
	"fmt"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/audit"
	"github.com/perennial-loyalty/perennial/internal/listing"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/translog"
)

// IsChange reports whether a changed item with this key may have to be recorded. The item is new if it was inserted.
func IsChange(key table.Key, isNew bool) bool {
	if _, ok, err := Program(key); isNew && (ok || err != nil) {
		return true
	}
	if _, _, ok := listing.Changed(key); ok {
		return true
	}
	return audit.IsSource(key) && (isNew || !isEntry(key))
}

// IsChangeOp reports whether an operation may have to be recorded.
func IsChangeOp(op table.Op) bool {
	if op.Kind == table.OpDelete {
		_, _, isProfile := listing.Changed(op.Item.Key)
		return isProfile
	}
	return op.Kind == table.OpPut && IsChange(op.Item.Key, op.Item.Version == 0)
}

// isEntry reports whether the key is that of an entry, which never changes.
func isEntry(key table.Key) bool {
	_, ok, _ := Program(key)
	return ok
}

// A Change is what a changed item adds to the log of a program and to its audit list, and the member whose list items
// it changes.
type Change struct {
	Program string
	Entry   translog.Record  // zero if the item is not an entry
	Action  *audit.Record    // nil if the change is not an action of the audit list
	Member  loyalty.MemberID // the member whose list items must be refreshed; empty if there is none
}

// ChangeOf returns the effects of a changed item. It reports false if there are none. For the profile of a member, it
// reads only the key, so that the item may also be a deleted one.
func ChangeOf(it table.Item) (c Change, ok bool, err error) {
	if program, m, ok := listing.Changed(it.Key); ok {
		return Change{Program: program, Member: m}, true, nil
	}
	program, rec, isEntry, err := Record(it)
	if err != nil {
		return c, false, err
	}
	if isEntry {
		c.Program, c.Entry = program, rec
		f, err := factsOf(it.Doc)
		if err != nil {
			return c, false, fmt.Errorf("source: read the entry %s: %w", it.Key, err)
		}
		c.Member = f.moved()
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

// Members returns the members whose list items must be refreshed after changes, without duplicates.
func Members(changes []Change) []loyalty.MemberID {
	var members []loyalty.MemberID
	for _, c := range changes {
		if c.Member != "" {
			members = append(members, c.Member)
		}
	}
	slices.Sort(members)
	return slices.Compact(members)
}

// Append appends changes of a program to its audit list and its log, and returns the checkpoint. The positions of the
// entries are set. It returns no checkpoint if the changes add nothing.
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
	if len(b.Records) == 0 {
		return "", nil
	}
	return log.Append(ctx, program, b)
}
