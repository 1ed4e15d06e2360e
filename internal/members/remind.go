package members

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// ReminderQueue lists members by the time at which their reminders are evaluated next.
type ReminderQueue struct{ *ledger.Ledger }

// The reminders of a member are stored in one item. An index lists these items by the instant at which they are due.
// This due queue of reminders is separate from the due queue of accounts. Transactions that earn points do not write
// the item. It is created when a member enrolls or first consents. When it is due, a visit reads the account and the
// entries since the last visit, and plans the reminders again. A change by an earning transaction is therefore taken
// into account at the next visit.

// RemindKey returns the index key that lists a member's reminders by the time of the next visit.
func RemindKey(program string, m loyalty.MemberID, at time.Time) table.Key {
	return table.Key{PK: remindPartition(program, stored.ShardOf(m)), SK: stored.PlaceAt(at, m)}
}

func remindPartition(program string, shard int) string {
	return fmt.Sprintf("P#%s#DUE#remind#%02d", program, shard)
}

// firstRemind returns the item of a new member, due immediately.
func firstRemind(program string, m loyalty.MemberID, now time.Time) table.Item {
	return table.Item{
		Key: stored.MemberKey(program, m, "REMIND"), Index: RemindKey(program, m, now),
		Doc: stored.Encode(RemindedDoc{}),
	}
}

// wake returns the operation that makes a member's reminders due immediately.
func (r ReminderQueue) wake(ctx context.Context, program string, m loyalty.MemberID) (table.Op, error) {
	it, err := r.Table.Get(ctx, stored.MemberKey(program, m, "REMIND"))
	if err != nil {
		return table.Op{}, ledger.Retryable(err)
	}
	if it.Version == 0 {
		return table.Put(firstRemind(program, m, r.Time())), nil
	}
	it.Index = RemindKey(program, m, r.Time())
	return table.Put(it), nil
}

// Wake makes a member's reminders due immediately, because an event occurred that affects them. It does nothing for a
// member without reminders. If Wake fails, the next scheduled visit takes the event into account.
func (r ReminderQueue) Wake(ctx context.Context, program string, m loyalty.MemberID) error {
	it, err := r.Table.Get(ctx, stored.MemberKey(program, m, "REMIND"))
	if err != nil || it.Version == 0 {
		return ledger.Retryable(err)
	}
	now := RemindKey(program, m, r.Time())
	if it.Index.SK <= now.SK {
		return nil
	}
	it.Index = now
	err = r.Table.Transact(ctx, table.Put(it))
	if errors.As(err, new(*table.ConflictError)) {
		return nil // another process is already visiting the member, or has already made the reminders due
	}
	return ledger.Retryable(err)
}

// Behind yields places in the due queue of one shard, in the order of their due times. The function stored.MemberAt
// returns the member of a place. Behind yields the members whose reminders are due by the given instant, or all members
// with reminders if the instant is zero. For paging, it begins after the given place, or at the beginning if the place
// is empty.
func (r ReminderQueue) Behind(
	ctx context.Context, program string, shard int, place string, until time.Time,
) iter.Seq2[string, error] {
	q := dueReminders(program, shard, until)
	if place != "" {
		q.From = place + "\x00"
	}
	return ledger.List(ctx, r.Table, q, func(it table.Item) (string, error) { return it.Index.SK, nil })
}

// Any reports whether a shard has a member whose reminders are due by the given instant, or any member with reminders
// if the instant is zero.
func (r ReminderQueue) Any(ctx context.Context, program string, shard int, until time.Time) (bool, error) {
	q := dueReminders(program, shard, until)
	q.Limit = 1
	for _, err := range r.Table.Query(ctx, q) {
		return err == nil, ledger.Retryable(err)
	}
	return false, nil
}

// Next returns the instant at which the next member's reminders are due, or zero if no member has reminders.
func (r ReminderQueue) Next(ctx context.Context, program string) (time.Time, error) {
	var shards []string
	for shard := range stored.Shards {
		shards = append(shards, remindPartition(program, shard))
	}
	return ledger.NextDue(ctx, r.Table, shards...)
}

func dueReminders(program string, shard int, until time.Time) table.Query {
	q := table.Query{PK: remindPartition(program, shard), Index: true}
	if !until.IsZero() {
		q.To = ledger.DueBound(until)
	}
	return q
}

// Reminded returns the stored state of a member's reminders.
func (r ReminderQueue) Reminded(ctx context.Context, program string, m loyalty.MemberID) (remind.Reminded, error) {
	_, d, err := r.RemindItem(ctx, program, m)
	return d.Reminded(), err
}

// RemindItem reads the item of a member's reminders and decodes it.
func (r ReminderQueue) RemindItem(
	ctx context.Context, program string, m loyalty.MemberID,
) (it table.Item, d RemindedDoc, err error) {
	if it, err = r.Table.Get(ctx, stored.MemberKey(program, m, "REMIND")); err != nil {
		return it, d, ledger.Retryable(err)
	}
	d, err = ReadReminded(it)
	return it, d, err
}

// A sweepDoc identifies the reminders for which visits to all members of a program were last scheduled.
type sweepDoc struct {
	Reminders string `json:"reminders"`
}

// Swept returns an identifier of the reminders for which visits to all members of a program were last scheduled. It
// also returns the item that MarkSwept needs.
func (r ReminderQueue) Swept(ctx context.Context, program string) (reminders string, mark table.Item, err error) {
	it, err := r.Table.Get(ctx, table.Key{PK: "P#" + program + "#SWEEP", SK: "REMINDERS"})
	if err != nil {
		return "", it, ledger.Retryable(err)
	}
	var d sweepDoc
	if it.Version > 0 {
		err = json.Unmarshal(it.Doc, &d)
	}
	return d.Reminders, it, err
}

// MarkSwept records that visits to all members are now scheduled for the reminders with the given identifier.
func (r ReminderQueue) MarkSwept(ctx context.Context, mark table.Item, reminders string) error {
	mark.Doc = stored.Encode(sweepDoc{reminders})
	err := r.Table.Transact(ctx, table.Put(mark))
	if errors.As(err, new(*table.ConflictError)) {
		return nil // another process has recorded this
	}
	return ledger.Retryable(err)
}
