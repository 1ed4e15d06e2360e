package catalog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

var errOutrun = &loyalty.Error{
	Code: loyalty.AlreadyExists, Detail: "Another version was published meanwhile. Review it, then publish again.",
}

// Publish stores in.Source and in.Snapshot as the next version and adds it to the schedule, in one transaction. If they
// are too large for an item, it first stores them in parts, which no reader uses before that transaction.
//
// The parameter after is the newest version so far, or 0 if there is none. The new version takes effect at
// in.Effective, or immediately if that is zero or in the past. Versions that are already scheduled still take effect at
// their times. Publish returns already_exists if another version was published meanwhile.
func (cs Catalog) Publish(ctx context.Context, in Published, after int) error {
	return cs.publish(ctx, in, after, false)
}

// PublishAlone is like Publish, but also withdraws all scheduled versions.
func (cs Catalog) PublishAlone(ctx context.Context, in Published, after int) error {
	return cs.publish(ctx, in, after, true)
}

func (cs Catalog) publish(ctx context.Context, in Published, after int, alone bool) error {
	if len(in.Snapshot) == 0 {
		return fmt.Errorf("catalog: publish %s: the snapshot is missing", in.Program)
	}
	now := cs.Time()
	live, s, err := ledger.ReadSchedule(ctx, cs.Table, in.Program, now)
	if err != nil {
		return err
	}
	if s.Last != after {
		return errOutrun
	}
	if err := cs.removeAbandoned(ctx, in.Program); err != nil {
		return err
	}
	var ops []table.Op
	if alone {
		if ops, err = cs.withdrawn(ctx, in.Program, &s, now); err != nil {
			return err
		}
	}
	s.TakeOver(after+1, in.Effective, now)
	s.Recall(in.Recall)
	live.Doc = stored.Encode(ledger.StoredSchedule(s))
	doc := publishedDoc{Source: string(in.Source), At: stored.Millis(now), By: in.By}
	if in.Effective.After(now) {
		doc.Effective = stored.Millis(in.Effective)
	}
	version, snapshot, sets, err := versionDocs(in, doc)
	if err != nil {
		return err
	}
	if after == 0 {
		ops = append(ops, table.Put(table.Item{Key: ProgramIDKey(in.Program), Doc: []byte("{}")}))
	}
	return cs.commitVersion(ctx, in.Program, append(ops,
		table.Put(table.Item{Key: VersionKey(in.Program, after+1), Doc: version}),
		table.Put(table.Item{Key: SnapshotKey(in.Program, after+1), Doc: snapshot}),
		table.Put(live)), sets)
}

// versionDocs returns the documents of a version and its snapshot, and the parts of what is too large for an item.
func versionDocs(in Published, doc publishedDoc) (version, snapshot []byte, sets []partSet, err error) {
	version, snapshot = stored.Encode(doc), in.Snapshot
	if len(version) > inlineBytes {
		source, err := split(in.Program, in.Source)
		if err != nil {
			return nil, nil, nil, err
		}
		doc.Source, doc.Parts = "", source.ref
		version, sets = stored.Encode(doc), append(sets, source)
	}
	if len(snapshot) > inlineBytes {
		compiled, err := split(in.Program, in.Snapshot)
		if err != nil {
			return nil, nil, nil, err
		}
		snapshot, sets = stored.Encode(snapshotDoc{compiled.ref}), append(sets, compiled)
	}
	return version, snapshot, sets, nil
}

// Withdraw withdraws all scheduled versions; the live version remains. It returns already_exists if another version was
// published meanwhile.
func (cs Catalog) Withdraw(ctx context.Context, program string) error {
	now := cs.Time()
	live, s, err := ledger.ReadSchedule(ctx, cs.Table, program, now)
	if err != nil || len(s.Next) == 0 {
		return err
	}
	ops, err := cs.withdrawn(ctx, program, &s, now)
	if err != nil {
		return err
	}
	live.Doc = stored.Encode(ledger.StoredSchedule(s))
	return cs.commitSchedule(ctx, append(ops, table.Put(live)))
}

// Recall recalls versions that were in force. Other versions then apply to orders and events of that time that are
// accepted later (Schedule.Pricing). Recall returns already_exists if another version was published meanwhile.
func (cs Catalog) Recall(ctx context.Context, program string, versions []int) error {
	live, s, err := ledger.ReadSchedule(ctx, cs.Table, program, cs.Time())
	if err != nil || len(versions) == 0 {
		return err
	}
	s.Recall(versions)
	live.Doc = stored.Encode(ledger.StoredSchedule(s))
	return cs.commitSchedule(ctx, []table.Op{table.Put(live)})
}

// commitSchedule writes the schedule with ops. It returns errOutrun if the schedule changed meanwhile.
func (cs Catalog) commitSchedule(ctx context.Context, ops []table.Op) error {
	err := cs.Table.Transact(ctx, ops...)
	if errors.As(err, new(*table.ConflictError)) {
		return errOutrun
	}
	return ledger.Retryable(err)
}

// withdrawn removes the scheduled versions from s and returns the writes that mark them as withdrawn. Without these
// marks, they would look like past versions after their scheduled times.
func (cs Catalog) withdrawn(
	ctx context.Context, program string, s *ledger.Schedule, now time.Time,
) (ops []table.Op, err error) {
	for _, n := range s.Next {
		it, err := cs.Table.Get(ctx, VersionKey(program, n.Version))
		if err != nil {
			return nil, ledger.Retryable(err)
		}
		var d publishedDoc
		if err := json.Unmarshal(it.Doc, &d); err != nil {
			return nil, fmt.Errorf("catalog: read program %s: %w", it.Key, err)
		}
		d.Withdrawn = stored.Millis(now)
		it.Doc = stored.Encode(d)
		ops = append(ops, table.Put(it))
	}
	s.Next = nil
	return ops, nil
}
