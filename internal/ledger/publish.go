package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

var errOutrun = &loyalty.Error{
	Code: loyalty.AlreadyExists, Detail: "Another version was published meanwhile. Review it, then publish again.",
}

// Publish stores in.Source and in.Snapshot as the version following `after`, the newest so far (0 for the first), and
// adds it to the schedule, in one transaction. The version takes effect at in.Effective, or immediately if that is zero
// or in the past. Versions that are already scheduled still take effect at their times. Publish returns already_exists
// if another version was published meanwhile.
func (l *Ledger) Publish(ctx context.Context, in Published, after int) error {
	return l.publish(ctx, in, after, false)
}

// PublishAlone does the same as Publish and also withdraws all scheduled versions.
func (l *Ledger) PublishAlone(ctx context.Context, in Published, after int) error {
	return l.publish(ctx, in, after, true)
}

func (l *Ledger) publish(ctx context.Context, in Published, after int, alone bool) error {
	if len(in.Snapshot) == 0 {
		return fmt.Errorf("ledger: publish %s: the snapshot is missing", in.Program)
	}
	now := l.now()
	live, s, err := l.readSchedule(ctx, in.Program, now)
	if err != nil {
		return err
	}
	if s.Last != after {
		return errOutrun
	}
	var ops []table.Op
	if alone {
		if ops, err = l.withdrawn(ctx, in.Program, &s, now); err != nil {
			return err
		}
	}
	s.takeOver(after+1, in.Effective, now)
	s.recall(in.Recall)
	live.Doc = stored.Encode(storedSchedule(s))
	doc := publishedDoc{Source: string(in.Source), At: stored.Millis(now), By: in.By}
	if in.Effective.After(now) {
		doc.Effective = stored.Millis(in.Effective)
	}
	if after == 0 {
		ops = append(ops, table.Put(table.Item{Key: stored.ProgramIDKey(in.Program), Doc: []byte("{}")}))
	}
	return l.commitSchedule(ctx, append(ops,
		table.Put(table.Item{Key: stored.VersionKey(in.Program, after+1), Doc: stored.Encode(doc)}),
		table.Put(table.Item{Key: stored.SnapshotKey(in.Program, after+1), Doc: in.Snapshot}),
		table.Put(live)))
}

// Withdraw withdraws all scheduled versions; the live version remains. It returns already_exists if another version was
// published meanwhile.
func (l *Ledger) Withdraw(ctx context.Context, program string) error {
	now := l.now()
	live, s, err := l.readSchedule(ctx, program, now)
	if err != nil || len(s.Next) == 0 {
		return err
	}
	ops, err := l.withdrawn(ctx, program, &s, now)
	if err != nil {
		return err
	}
	live.Doc = stored.Encode(storedSchedule(s))
	return l.commitSchedule(ctx, append(ops, table.Put(live)))
}

// Recall recalls versions that were in force. Orders and events of that time that are accepted later are priced by
// other versions (Schedule.Pricing). Recall returns already_exists if another version was published meanwhile.
func (l *Ledger) Recall(ctx context.Context, program string, versions []int) error {
	live, s, err := l.readSchedule(ctx, program, l.now())
	if err != nil || len(versions) == 0 {
		return err
	}
	s.recall(versions)
	live.Doc = stored.Encode(storedSchedule(s))
	return l.commitSchedule(ctx, []table.Op{table.Put(live)})
}

// commitSchedule writes the schedule with ops. It returns errOutrun if the schedule changed meanwhile.
func (l *Ledger) commitSchedule(ctx context.Context, ops []table.Op) error {
	err := l.Table.Transact(ctx, ops...)
	if errors.As(err, new(*table.ConflictError)) {
		return errOutrun
	}
	return retryable(err)
}

// withdrawn removes the scheduled versions from s and returns the writes that mark them as withdrawn. Without these
// marks, they would look like versions that had been in force once their times have passed.
func (l *Ledger) withdrawn(
	ctx context.Context, program string, s *Schedule, now time.Time,
) (ops []table.Op, err error) {
	for _, n := range s.Next {
		it, err := l.Table.Get(ctx, stored.VersionKey(program, n.Version))
		if err != nil {
			return nil, retryable(err)
		}
		var d publishedDoc
		if err := json.Unmarshal(it.Doc, &d); err != nil {
			return nil, fmt.Errorf("ledger: read program %s: %w", it.Key, err)
		}
		d.Withdrawn = stored.Millis(now)
		it.Doc = stored.Encode(d)
		ops = append(ops, table.Put(it))
	}
	s.Next = nil
	return ops, nil
}
