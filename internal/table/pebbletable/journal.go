package pebbletable

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"

	"github.com/cockroachdb/pebble/v2"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// journalRow is the kind of the rows of the journal: the key and the version of a change. They have no value.
const journalRow = 'j'

// Journal makes the table list each change for which wanted returns true, until ClearJournal removes it from the list.
// The list is written in the transaction of the change. It replaces the stream of a table in the cloud: a process that
// starts finds the changes that an earlier one did not process. Call Journal before the table is used.
func (t *Table) Journal(wanted func(table.Op) bool) { t.journal = wanted }

// journalKey returns the row for an operation. The version distinguishes the changes of an item.
func journalKey(op table.Op) []byte {
	version := strconv.FormatInt(op.Item.Version, 10)
	return appendParts([]byte{journalRow}, op.Item.Key.PK, op.Item.Key.SK, version)
}

// Journaled yields the operations in the journal, in the order of their keys. Each is a Put of the current item, with
// the version before the operation, or a Delete if there is no item.
func (t *Table) Journaled(ctx context.Context) iter.Seq2[table.Op, error] {
	return func(yield func(table.Op, error) bool) {
		if err := t.journaled(ctx, func(op table.Op) bool { return yield(op, nil) }); err != nil {
			yield(table.Op{}, fmt.Errorf("pebbletable: list the journal: %w", err))
		}
	}
}

func (t *Table) journaled(ctx context.Context, yield func(table.Op) bool) (err error) {
	if err := t.begin(); err != nil {
		return err
	}
	defer t.inUse.RUnlock()
	rows, err := t.db.NewIter(&pebble.IterOptions{LowerBound: []byte{journalRow}, UpperBound: []byte{journalRow + 1}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for ok := rows.First(); ok; ok = rows.Next() {
		parts := splitParts(rows.Key()[1:])
		if len(parts) != 3 {
			return errStored
		}
		version, err := strconv.ParseInt(parts[2], 10, 64)
		if err != nil {
			return errStored
		}
		it, err := t.readRow(table.Key{PK: parts[0], SK: parts[1]}, false)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		op := table.Put(it)
		if it.Version == 0 {
			op = table.Delete(it)
		}
		op.Item.Version = version
		if !yield(op) {
			return nil
		}
	}
	return rows.Error()
}

// ClearJournal removes operations from the journal. If the process ends soon, they may return to it.
func (t *Table) ClearJournal(ops []table.Op) (err error) {
	if err := t.begin(); err != nil {
		return err
	}
	defer t.inUse.RUnlock()
	batch := t.db.NewBatch()
	defer func() { err = errors.Join(err, batch.Close()) }()
	for _, op := range ops {
		if err := batch.Delete(journalKey(op), nil); err != nil {
			return err
		}
	}
	if err := batch.Commit(pebble.NoSync); err != nil {
		return fmt.Errorf("pebbletable: clear the journal: %w", err)
	}
	return nil
}
