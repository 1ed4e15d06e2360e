package source

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/perennial-loyalty/perennial/internal/audit"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/translog"
)

// batchSize is the number of records that AppendMissing appends at once.
const batchSize = 1_000

// AppendMissing appends all records of the items that the audit lists and the logs do not contain, for example because
// the stream lost them. It appends the records of a program in the order of their time, and calls appended after each
// batch, with the number of records and the checkpoint. Each call needs another name of a shard.
func AppendMissing(
	ctx context.Context, log translog.Log, items iter.Seq2[table.Item, error], shard string,
	appended func(program string, records int, checkpoint string),
) error {
	all, actions := map[string][]translog.Record{}, map[string][]audit.Record{}
	for it, err := range items {
		if err != nil {
			return err
		}
		program, rec, ok, err := Record(it)
		if err != nil {
			return err
		}
		if ok {
			all[program] = append(all[program], rec)
		}
		if program, action, ok, err := audit.Of(it); err != nil {
			return err
		} else if ok {
			actions[program] = append(actions[program], action)
		}
	}
	if err := appendActions(ctx, log.Table, actions, all); err != nil {
		return err
	}
	for _, program := range slices.Sorted(maps.Keys(all)) {
		missing, err := missingRecords(ctx, log, program, all[program])
		if err != nil {
			return err
		}
		for i := range missing {
			missing[i].Position = strconv.Itoa(i + 1)
		}
		for batch := range slices.Chunk(missing, batchSize) {
			checkpoint, err := log.Append(ctx, program, translog.Batch{Shard: shard, Records: batch})
			if err != nil {
				return err
			}
			appended(program, len(batch), checkpoint)
		}
	}
	return nil
}

// appendActions appends actions to the audit lists, in the order of their time, and adds the records to all.
func appendActions(
	ctx context.Context, t table.Table, actions map[string][]audit.Record, all map[string][]translog.Record,
) error {
	for program, list := range actions {
		slices.SortStableFunc(list, func(a, b audit.Record) int { return a.At.Compare(b.At) })
		for _, action := range list {
			r, err := audit.List{Table: t}.Append(ctx, program, action)
			if err != nil {
				return err
			}
			rec, err := Audited(r)
			if err != nil {
				return err
			}
			all[program] = append(all[program], rec)
		}
	}
	return nil
}

// missingRecords returns the records that a program's log does not contain, in the order of their time.
func missingRecords(
	ctx context.Context, log translog.Log, program string, all []translog.Record,
) ([]translog.Record, error) {
	r, err := log.Read(ctx, program)
	if err != nil {
		return nil, err
	}
	logged := map[tlog.Hash]bool{}
	for leaf, err := range r.Leaves() {
		if err != nil {
			return nil, fmt.Errorf("source: read the log of %s: %w", program, err)
		}
		logged[leaf] = true
	}
	var missing []translog.Record
	for _, rec := range all {
		if leaf := tlog.RecordHash(rec.Hash[:]); !logged[leaf] {
			logged[leaf] = true // an audit record can be listed twice
			missing = append(missing, rec)
		}
	}
	slices.SortStableFunc(missing, func(a, b translog.Record) int { return a.Recorded.Compare(b.Recorded) })
	return missing, nil
}
