package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

var errOutrun = &loyalty.Error{
	Code: loyalty.AlreadyExists, Detail: "Another version was published meanwhile. Look at it, then publish again.",
}

// Publish stores in.Source and in.Snapshot as the version behind `after`, the newest so far (zero for the first), and
// enters it into the schedule, all at once: it is the live one from in.Effective on, or from now on if that is zero or
// past. It cancels nothing: what is scheduled still takes over at its time. already_exists if another version was
// published meanwhile.
func (l *Ledger) Publish(ctx context.Context, in Published, after int) error {
	return l.publish(ctx, in, after, false)
}

// PublishAlone is Publish that also withdraws everything that is scheduled.
func (l *Ledger) PublishAlone(ctx context.Context, in Published, after int) error {
	return l.publish(ctx, in, after, true)
}

func (l *Ledger) publish(ctx context.Context, in Published, after int, alone bool) error {
	if len(in.Snapshot) == 0 {
		return fmt.Errorf("ledger: publish %s: without a snapshot no function could run it", in.Program)
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
	live.Doc = encode(storedSchedule(s))
	doc := publishedDoc{Source: string(in.Source), At: millis(now), By: in.By}
	if in.Effective.After(now) {
		doc.Effective = millis(in.Effective)
	}
	if after == 0 {
		ops = append(ops, table.Put(table.Item{Key: programIDKey(in.Program), Doc: []byte("{}")}))
	}
	return l.commitSchedule(ctx, append(ops,
		table.Put(table.Item{Key: versionKey(in.Program, after+1), Doc: encode(doc)}),
		table.Put(table.Item{Key: snapshotKey(in.Program, after+1), Doc: in.Snapshot}),
		table.Put(live)))
}

// Withdraw drops every version that is scheduled: the live one stays. already_exists if another was published
// meanwhile.
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
	live.Doc = encode(storedSchedule(s))
	return l.commitSchedule(ctx, append(ops, table.Put(live)))
}

// Recall recalls versions that were in force: what happened under them and was not accepted yet is priced by others
// (Schedule.Pricing). already_exists if another version was published meanwhile.
func (l *Ledger) Recall(ctx context.Context, program string, versions []int) error {
	live, s, err := l.readSchedule(ctx, program, l.now())
	if err != nil || len(versions) == 0 {
		return err
	}
	s.recall(versions)
	live.Doc = encode(storedSchedule(s))
	return l.commitSchedule(ctx, []table.Op{table.Put(live)})
}

// commitSchedule writes the schedule, and what belongs to it, unless somebody else did meanwhile.
func (l *Ledger) commitSchedule(ctx context.Context, ops []table.Op) error {
	err := l.Table.Transact(ctx, ops...)
	if errors.As(err, new(*table.ConflictError)) {
		return errOutrun
	}
	return retryable(err)
}

// withdrawn takes what is scheduled out of s, and is the writes that say so on those versions: that they were never
// in force could not be told otherwise once their instants have passed.
func (l *Ledger) withdrawn(ctx context.Context, program string, s *Schedule, now time.Time) (ops []table.Op, err error) {
	for _, n := range s.Next {
		it, err := l.Table.Get(ctx, versionKey(program, n.Version))
		if err != nil {
			return nil, retryable(err)
		}
		var d publishedDoc
		if err := json.Unmarshal(it.Doc, &d); err != nil {
			return nil, fmt.Errorf("ledger: read program %s: %w", it.Key, err)
		}
		d.Withdrawn = millis(now)
		it.Doc = encode(d)
		ops = append(ops, table.Put(it))
	}
	s.Next = nil
	return ops, nil
}
