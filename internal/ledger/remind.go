package ledger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A member's reminders are one item with a place of its own in a due queue of its own. Nothing that earns writes it: it
// is made when a member enrolls or first consents, and whoever visits it, because it is due, reads the account and the
// entries since the last visit, and plans anew. So what an earn changes is noticed by the next visit.

// remindKey lists a member's reminders under when they are to be looked at.
func remindKey(program string, m loyalty.MemberID, at time.Time) table.Key {
	return table.Key{PK: remindPartition(program, shardOf(m)), SK: placeAt(at, m)}
}

func remindPartition(program string, shard int) string {
	return fmt.Sprintf("P#%s#DUE#remind#%02d", program, shard)
}

// firstRemind is the item of a new member, to be looked at at once.
func firstRemind(program string, m loyalty.MemberID, now time.Time) table.Item {
	return table.Item{Key: memberKey(program, m, "REMIND"), Index: remindKey(program, m, now), Doc: encode(remindedDoc{})}
}

// wake is the operation that makes a member's reminders due at once.
func (l *Ledger) wake(ctx context.Context, program string, m loyalty.MemberID) (table.Op, error) {
	it, err := l.Table.Get(ctx, memberKey(program, m, "REMIND"))
	if err != nil {
		return table.Op{}, retryable(err)
	}
	if it.Version == 0 {
		return table.Put(firstRemind(program, m, l.now())), nil
	}
	it.Index = remindKey(program, m, l.now())
	return table.Put(it), nil
}

// Wake makes a member's reminders due at once, because something happened that they are about. Who has none is left
// alone. A wake that is lost is made up for by the next visit.
func (l *Ledger) Wake(ctx context.Context, program string, m loyalty.MemberID) error {
	it, err := l.Table.Get(ctx, memberKey(program, m, "REMIND"))
	if err != nil || it.Version == 0 {
		return retryable(err)
	}
	now := remindKey(program, m, l.now())
	if it.Index.SK <= now.SK {
		return nil
	}
	it.Index = now
	err = l.Table.Transact(ctx, table.Put(it))
	if errors.As(err, new(*table.ConflictError)) {
		return nil // somebody is there already
	}
	return retryable(err)
}

// RemindersBehind yields places in the due queue of one shard, in which MemberAt finds the members whose reminders are to
// be looked at until an instant, the longest due first; the zero instant: all members who have any. It begins behind a
// place (empty: at the first), for lists in pages.
func (l *Ledger) RemindersBehind(ctx context.Context, program string, shard int, place string, until time.Time) iter.Seq2[string, error] {
	q := dueReminders(program, shard, until)
	if place != "" {
		q.From = place + "\x00"
	}
	return list(ctx, l.Table, q, func(it table.Item) (string, error) { return it.Index.SK, nil })
}

// AnyReminderDue reports whether RemindersBehind has anybody.
func (l *Ledger) AnyReminderDue(ctx context.Context, program string, shard int, until time.Time) (bool, error) {
	q := dueReminders(program, shard, until)
	q.Limit = 1
	for _, err := range l.Table.Query(ctx, q) {
		return err == nil, retryable(err)
	}
	return false, nil
}

func dueReminders(program string, shard int, until time.Time) table.Query {
	q := table.Query{PK: remindPartition(program, shard), Index: true}
	if !until.IsZero() {
		q.To = dueBound(until)
	}
	return q
}

// Reminded is what is known of the reminders of a member.
func (l *Ledger) Reminded(ctx context.Context, program string, m loyalty.MemberID) (loyalty.Reminded, error) {
	_, d, err := l.remindItem(ctx, program, m)
	return d.reminded(), err
}

// remindItem reads the item of a member's reminders, with what it says.
func (l *Ledger) remindItem(ctx context.Context, program string, m loyalty.MemberID) (it table.Item, d remindedDoc, err error) {
	if it, err = l.Table.Get(ctx, memberKey(program, m, "REMIND")); err != nil {
		return it, d, retryable(err)
	}
	d, err = readReminded(it)
	return it, d, err
}

// Noticed is when a member was told that the points of a lot were about to expire; zero if that was never, or every
// message came back. It is known until two months after the expiry.
func (l *Ledger) Noticed(ctx context.Context, program string, m loyalty.MemberID, lot loyalty.Date) (time.Time, error) {
	s, err := l.Reminded(ctx, program, m)
	return s.Noticed(lot), err
}

// sweepDoc says by which reminders all members of a program were planned.
type sweepDoc struct {
	Reminders string `json:"reminders"`
}

// Swept is by which reminders the members of a program were last planned anew, with what MarkSwept wants.
func (l *Ledger) Swept(ctx context.Context, program string) (reminders string, mark table.Item, err error) {
	it, err := l.Table.Get(ctx, table.Key{PK: "P#" + program + "#SWEEP", SK: "REMINDERS"})
	if err != nil {
		return "", it, retryable(err)
	}
	var d sweepDoc
	if it.Version > 0 {
		err = json.Unmarshal(it.Doc, &d)
	}
	return d.Reminders, it, err
}

// MarkSwept takes note that every member is about to be planned by these reminders.
func (l *Ledger) MarkSwept(ctx context.Context, mark table.Item, reminders string) error {
	mark.Doc = encode(sweepDoc{reminders})
	err := l.Table.Transact(ctx, table.Put(mark))
	if errors.As(err, new(*table.ConflictError)) {
		return nil // somebody else did
	}
	return retryable(err)
}
