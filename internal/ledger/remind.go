package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A member's reminders are one item with a place of its own in a due queue of its own. Nothing that earns writes it: it
// is made when a member enrols or first consents, and whoever visits it, because it is due, reads the account and the
// entries since the last visit, and plans anew. So what an earn changes is noticed by the next visit.

// lease is how long a message may be between its claim and its record before it counts as abandoned: longer than any
// function runs.
const lease = 15 * time.Minute

// remindKey lists a member's reminders under the second in which they are to be looked at, or the next one.
func remindKey(program string, m loyalty.MemberID, at time.Time) table.Key {
	h := fnv.New32a()
	h.Write([]byte(m))
	second := at.Add(time.Second - 1).UTC().Truncate(time.Second).Format(time.RFC3339)
	return table.Key{PK: remindPartition(program, int(h.Sum32()%Shards)), SK: second + "#" + string(m)}
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

// DueReminders yields the members of one shard whose reminders are to be looked at until an instant, the longest due
// first; the zero instant: all members who have any.
func (l *Ledger) DueReminders(ctx context.Context, program string, shard int, until time.Time) iter.Seq2[loyalty.MemberID, error] {
	return func(yield func(loyalty.MemberID, error) bool) {
		for place, err := range l.RemindersBehind(ctx, program, shard, "", until) {
			if !yield(MemberAt(place), err) {
				return
			}
		}
	}
}

// RemindersBehind is DueReminders from behind a place on, for lists in pages: it yields places, in which MemberAt finds
// the member.
func (l *Ledger) RemindersBehind(ctx context.Context, program string, shard int, place string, until time.Time) iter.Seq2[string, error] {
	q := table.Query{PK: remindPartition(program, shard), Index: true}
	if place != "" {
		q.From = place + "\x00"
	}
	if !until.IsZero() {
		q.To = until.UTC().Format(time.RFC3339) + "~"
	}
	return func(yield func(string, error) bool) {
		for it, err := range l.Table.Query(ctx, q) {
			if err != nil {
				yield("", retryable(err))
				return
			}
			if !yield(it.Index.SK, nil) {
				return
			}
		}
	}
}

// MemberAt is the member at a place of the due queue.
func MemberAt(place string) loyalty.MemberID {
	_, m, _ := strings.Cut(place, "#")
	return loyalty.MemberID(m)
}

// A Visit is one look at a member, with everything that a plan needs.
type Visit struct {
	Account loyalty.Account
	Profile Profile
	Who     loyalty.Recipient
	State   loyalty.Reminded
	Settled []loyalty.Settled // what can no longer be answered, since the last visit
	Next    time.Time         // when it was planned for
	Flight  *Flight           // a message that was claimed and not recorded

	item    table.Item
	planned string
}

// A Flight is a message between its claim and its record.
type Flight struct {
	ID   string
	At   time.Time
	Once bool // it must not be sent again, whatever became of it
	told []loyalty.Told
}

// Abandoned reports whether whoever claimed the message is gone.
func (f *Flight) Abandoned(now time.Time) bool { return f != nil && !f.At.Add(lease).After(now) }

// PlannedBy reports whether the member was last visited under these reminders.
func (v *Visit) PlannedBy(reminders string) bool { return v.planned == reminders }

// Visit reads a member whose reminders are due, brought up to the present: what is due of the account is written down
// first, so that its entries are complete. not_found if the member has no reminders. left is what there is of limited
// rewards.
func (l *Ledger) Visit(ctx context.Context, p *loyalty.Program, m loyalty.MemberID, left loyalty.Budgets) (*Visit, error) {
	return l.visit(ctx, p, m, left, l.now(), true)
}

// Foresee is Visit as of an instant that lies ahead, and writes nothing.
func (l *Ledger) Foresee(ctx context.Context, p *loyalty.Program, m loyalty.MemberID, left loyalty.Budgets, at time.Time) (*Visit, error) {
	return l.visit(ctx, p, m, left, at, false)
}

func (l *Ledger) visit(ctx context.Context, p *loyalty.Program, m loyalty.MemberID, left loyalty.Budgets, at time.Time, write bool) (*Visit, error) {
	it, err := l.Table.Get(ctx, memberKey(p.ID, m, "REMIND"))
	if err != nil {
		return nil, retryable(err)
	}
	d, err := readReminded(it)
	if err != nil {
		return nil, err
	}
	v := &Visit{State: d.reminded(), Next: indexedAt(it), item: it, planned: d.Planned}
	v.item.Key = memberKey(p.ID, m, "REMIND")
	if f := d.Flight; f != nil {
		v.Flight = &Flight{ID: f.ID, At: instant(f.At), Once: f.Once}
		for _, t := range f.Told {
			v.Flight.told = append(v.Flight.told, t.told())
		}
	}
	stored, err := l.stored(ctx, p, m, write)
	if err != nil {
		return nil, err
	}
	out, err := p.Advance(stored, at)
	if err != nil {
		return nil, err
	}
	v.Account = out.Account
	if err := l.digest(ctx, p, v, stored, out.Entries, at); err != nil {
		return nil, err
	}
	return v, l.person(ctx, p, v, left, at)
}

func indexedAt(it table.Item) time.Time {
	second, _, _ := strings.Cut(it.Index.SK, "#")
	t, err := time.Parse(time.RFC3339, second)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// stored is the account as it lies in the table, and write says that what has become due of it is to be written first.
func (l *Ledger) stored(ctx context.Context, p *loyalty.Program, m loyalty.MemberID, write bool) (loyalty.Account, error) {
	for {
		it, err := l.Table.Get(ctx, memberKey(p.ID, m, "ACCOUNT"))
		if err != nil {
			return loyalty.Account{}, retryable(err)
		}
		if it.Version == 0 {
			return loyalty.Account{}, notFound("member")
		}
		acc, err := readAccount(it, m)
		if err != nil {
			return loyalty.Account{}, err
		}
		if due := p.Due(acc); !write || due.IsZero() || due.After(l.now()) {
			return acc, nil
		}
		if _, err := l.do(ctx, command{p: p, member: m}); err != nil {
			return loyalty.Account{}, err
		}
	}
}

// digest reads the entries since the last visit. They are numbered without gaps, so that one which the index does not
// show yet is missed, and the visit is to be repeated.
func (l *Ledger) digest(ctx context.Context, p *loyalty.Program, v *Visit, stored loyalty.Account, ahead []loyalty.Entry, at time.Time) error {
	const some = 200
	var entries []loyalty.Entry
	if v.State.Seen < stored.Sequence {
		q := table.Query{PK: memberPartition(p.ID, stored.Member), Index: true, From: padded(v.State.Seen+1, 10)}
		for it, err := range l.Table.Query(ctx, q) {
			if err != nil {
				return retryable(err)
			}
			e, err := readAny(p.ID, it)
			if err != nil {
				return err
			}
			if entries = append(entries, e); len(entries) == some {
				v.State, entries = v.State.Digest(p, v.Account, entries, at), entries[:0]
			}
		}
	}
	v.State = v.State.Digest(p, v.Account, entries, at)
	if v.State.Seen < stored.Sequence {
		return fmt.Errorf("%w: entries of %s are not listed yet", ErrTryAgain, stored.Member)
	}
	v.State = v.State.Digest(p, v.Account, ahead, at)
	v.State, v.Settled = v.State.Settle(p, v.Account, at)
	return nil
}

// person reads what is known of the person, and which of the codes can still be used.
func (l *Ledger) person(ctx context.Context, p *loyalty.Program, v *Visit, left loyalty.Budgets, at time.Time) (err error) {
	if v.Profile, err = l.Profile(ctx, p.ID, v.Account.Member); err != nil {
		return err
	}
	contact, err := l.Contact(ctx, p.ID, v.Account.Member)
	if err != nil {
		return err
	}
	v.Who = loyalty.Recipient{Consents: contact.Consents, Reach: contact.reach(v.Profile), Left: left}
	for _, c := range v.State.Codes {
		it, err := l.Table.Get(ctx, codeKey(p.ID, loyalty.PlainCode(c.Code)))
		if err != nil {
			return retryable(err)
		}
		if it.Version == 0 {
			continue // one for all: nobody knows who used it
		}
		d, err := readCode(it)
		if err != nil {
			return err
		}
		if !d.Void && (d.Used == 0 || instant(d.Used).After(at)) {
			v.Who.Codes = append(v.Who.Codes, c)
		}
	}
	return nil
}

// MessageID names what a notice says to a member, for ever: repeated, it is the same message.
func MessageID(program string, m loyalty.MemberID, n loyalty.Notice) string {
	h := sha256.New()
	for _, part := range []string{program, string(m), n.Reminder, string(n.On), n.Subjects[0].ID, n.Subjects[0].Due.UTC().Format(time.RFC3339), string(n.Channel)} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return "msg_" + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:15])
}

// ErrClaimed says that somebody else is at the same member's reminders.
var ErrClaimed = errors.New("ledger: somebody else visits the member")

// Claim keeps everybody else from a message that is about to be sent. It changes v to what it stored. ErrClaimed if
// somebody else was there since the visit began.
//
// Whoever claimed calls Record or Release after the send. Where that never happens, because the machine is gone, a
// marketing message counts as sent: one may be lost by a crash, and none is sent twice. A transactional one is sent
// again under the same id: one may be sent twice by a crash, unless the provider knows the id, and none is lost.
func (l *Ledger) Claim(ctx context.Context, p *loyalty.Program, v *Visit, n loyalty.Notice, reminders string) (id string, err error) {
	now := l.now()
	id = MessageID(p.ID, v.Account.Member, n)
	told := v.State.Tell(p, v.Account, n, id, now).Told
	v.Flight = &Flight{ID: id, At: now, Once: n.Purpose == loyalty.Marketing, told: told[len(told)-len(n.Subjects):]}
	return id, l.keep(ctx, p, v, now.Add(lease), nil, reminders)
}

// Record ends a claim: the message went out. Where the claim was abandoned n is zero, and what was claimed is recorded.
func (l *Ledger) Record(ctx context.Context, p *loyalty.Program, v *Visit, n loyalty.Notice, reminders string) error {
	f := v.Flight
	if len(n.Subjects) == 0 {
		n = noticeOf(p, f)
	}
	for range attempts {
		next := *v
		next.State, next.Flight = v.State.Tell(p, v.Account, n, f.ID, f.At), nil
		err := l.keep(ctx, p, &next, l.now(), []figure{{n.Reminder, FigureSent}}, reminders)
		if err == nil {
			*v = next
			return nil
		}
		// A consent, or an address that failed, is written beside a claim and leaves it as it is.
		if !errors.Is(err, ErrClaimed) {
			return err
		}
		if err := l.reread(ctx, p, v, f.ID); err != nil {
			return err
		}
	}
	return ErrTryAgain
}

// reread takes up what others wrote of a member while a message was in flight; ErrClaimed if the claim is gone.
func (l *Ledger) reread(ctx context.Context, p *loyalty.Program, v *Visit, id string) error {
	it, err := l.Table.Get(ctx, memberKey(p.ID, v.Account.Member, "REMIND"))
	if err != nil {
		return retryable(err)
	}
	d, err := readReminded(it)
	if err != nil {
		return err
	}
	if d.Flight == nil || d.Flight.ID != id {
		return ErrClaimed
	}
	v.item, v.State = it, d.reminded()
	return nil
}

// noticeOf is what is still known of a message that was claimed.
func noticeOf(p *loyalty.Program, f *Flight) loyalty.Notice {
	n := loyalty.Notice{Purpose: loyalty.Marketing}
	for _, t := range f.told {
		n.Reminder, n.Step, n.On, n.Channel = t.Reminder, t.Step, t.On, t.Channel
		n.Subjects = append(n.Subjects, t.Subject)
	}
	if !f.Once {
		n.Purpose = loyalty.Transactional
	}
	return n
}

// Release ends a claim: the message certainly did not go out, and is to be tried again from an instant on.
func (l *Ledger) Release(ctx context.Context, p *loyalty.Program, v *Visit, again time.Time, reminders string) error {
	v.Flight = nil
	return l.keep(ctx, p, v, again, nil, reminders)
}

// HoldOut takes note of notices that went to nobody because their member is one of those left alone.
func (l *Ledger) HoldOut(p *loyalty.Program, v *Visit, held []loyalty.Notice) {
	for _, n := range held {
		v.State = v.State.Tell(p, v.Account, n, "", l.now())
	}
}

// Plan ends a visit: the next one is at an instant.
func (l *Ledger) Plan(ctx context.Context, p *loyalty.Program, v *Visit, next time.Time, reminders string) error {
	return l.keep(ctx, p, v, next, nil, reminders)
}

// keep writes the state as the next version of what was visited, with the figures that it changes.
func (l *Ledger) keep(ctx context.Context, p *loyalty.Program, v *Visit, next time.Time, figures []figure, reminders string) error {
	d := storedReminded(p.Forget(v.Account, v.State, l.now()))
	d.Planned = reminders
	if f := v.Flight; f != nil {
		d.Flight = &flightDoc{ID: f.ID, At: millis(f.At), Once: f.Once, Told: storedTold(f.told)}
	}
	for _, s := range v.Settled {
		figures = append(figures, settled(s)...)
	}
	it := v.item
	it.Doc, it.Index = encode(d), remindKey(p.ID, v.Account.Member, next)
	ops := append([]table.Op{table.Put(it)}, figureOps(p.ID, v.Account.Member, l.now(), figures)...)
	err := l.Table.Transact(ctx, ops...)
	switch {
	case errors.As(err, new(*table.ConflictError)):
		return ErrClaimed
	case err != nil:
		return retryable(err)
	}
	it.Version++
	v.item, v.Settled, v.Next, v.planned = it, nil, next, reminders
	return nil
}

// Reminded is what is known of the reminders of a member.
func (l *Ledger) Reminded(ctx context.Context, program string, m loyalty.MemberID) (loyalty.Reminded, error) {
	it, err := l.Table.Get(ctx, memberKey(program, m, "REMIND"))
	if err != nil {
		return loyalty.Reminded{}, retryable(err)
	}
	d, err := readReminded(it)
	return d.reminded(), err
}

// Noticed is when a member was told that the points of a lot were about to lapse; zero if that was never, or every
// message came back. It is known until two months after the lapse.
func (l *Ledger) Noticed(ctx context.Context, program string, m loyalty.MemberID, lot loyalty.Date) (time.Time, error) {
	s, err := l.Reminded(ctx, program, m)
	return s.Noticed(lot), err
}

// Delivery takes note of what was reported of a message, and counts it once: one of the figures. What came back, which
// is FigureFailed, counts as not told, and is told again through another channel if there is one. It answers whose
// message it was: the reminder's; nothing if the message is not known, or no longer.
func (l *Ledger) Delivery(ctx context.Context, program string, m loyalty.MemberID, id, what string) (reminder string, err error) {
	for range attempts {
		it, err := l.Table.Get(ctx, memberKey(program, m, "REMIND"))
		if err != nil {
			return "", retryable(err)
		}
		d, err := readReminded(it)
		if err != nil || what == "" {
			return "", err
		}
		s, reminder, news := d.reminded().Hear(id, what, what == FigureFailed)
		if !news {
			return reminder, nil
		}
		next := storedReminded(s)
		next.Flight, next.Planned = d.Flight, d.Planned
		it.Doc = encode(next)
		if what == FigureFailed {
			it.Index = remindKey(program, m, l.now())
		}
		ops := append([]table.Op{table.Put(it)}, figureOps(program, m, l.now(), []figure{{reminder, what}})...)
		err = l.Table.Transact(ctx, ops...)
		if !errors.As(err, new(*table.ConflictError)) {
			return reminder, retryable(err)
		}
	}
	return "", ErrTryAgain
}

// sweepDoc says by which reminders all members of a program were planned.
type sweepDoc struct {
	Reminders string `json:"reminders"`
}

// Swept is by which reminders the members of a program were last planned anew, with what MarkSwept wants.
func (l *Ledger) Swept(ctx context.Context, program string) (reminders string, mark table.Item, err error) {
	it, err := l.Table.Get(ctx, programKey(program, "REMINDERS"))
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
