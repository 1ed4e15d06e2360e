// Package messages records the messages to members: reminders, notices and gift cards.
//
// A message is claimed before it is sent, under an ID that depends on the event that caused it. Therefore two processes
// never send the same message, and an interrupted process leaves a record. The package evaluates which members get a
// message (package remind contains the rules), but does not write or send messages (see notify).
package messages

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Messages records the messages to members, so that each message is sent once.
type Messages struct{ *ledger.Ledger }

// lease is the maximum time between the claim of a message and the record of its result. After that time, the message
// counts as abandoned. The lease is longer than the maximum run time of every function.
const lease = 15 * time.Minute

// A Flight is a claimed message without a recorded result.
type Flight struct {
	ID   string
	At   time.Time
	Once bool // the message must not be sent again, even if its result is unknown
	sent []remind.SentReminder
}

// Abandoned reports whether the lease of the claim has ended, and the claim was neither recorded nor released. The
// process that claimed the message has then stopped.
func (f *Flight) Abandoned(now time.Time) bool { return f != nil && !f.At.Add(lease).After(now) }

// MessageID returns the permanent ID of the message that sends a notice to a member. The same notice always has the
// same ID.
func MessageID(program string, m loyalty.MemberID, n remind.News) string {
	h := sha256.New()
	for _, part := range []string{
		program, string(m), n.Reminder, string(n.On),
		n.Subjects[0].ID, n.Subjects[0].Due.UTC().Format(time.RFC3339), string(n.Channel),
	} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return "msg_" + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:15])
}

// ErrClaimed means that another process works on the same member's reminders, or on the same gift card message.
var ErrClaimed = errors.New("messages: another worker visits the member")

// Claim claims a message that is about to be sent, so that no other process sends it. It updates v to the stored state.
// It returns ErrClaimed if another process has written the member's state since the visit began.
//
// The process that claimed the message calls Record or Release after the send. If it stops before that, a marketing
// message counts as sent: a crash may lose a message but never sends it twice. A transactional message is sent again
// with the same ID: a crash never loses a message but may send it twice, unless the provider recognizes the ID.
func (ms Messages) Claim(
	ctx context.Context, p *loyalty.Program, v *Visit, n remind.News, reminders string,
) error {
	now := ms.Time()
	id := MessageID(p.ID, v.Account.Member, n)
	sent := v.State.RecordSent(&p.Compiled, p.Zone, v.Account, n, id, now).SentReminders
	v.Flight = &Flight{ID: id, At: now, Once: n.Purpose == loyalty.Marketing, sent: sent[len(sent)-len(n.Subjects):]}
	return ms.writeVisit(ctx, p, v, now.Add(lease), nil, reminders)
}

// Record ends a claim after the message was sent. For an abandoned claim, the caller passes a zero n, and Record uses
// the message in the claim.
func (ms Messages) Record(ctx context.Context, p *loyalty.Program, v *Visit, n remind.News, reminders string) error {
	f := v.Flight
	if len(n.Subjects) == 0 {
		n = noticeOf(p, f)
	}
	return ms.endClaim(
		ctx, p, v, ms.Time(), []figure{{n.Reminder, FigureSent}}, reminders,
		func(s remind.Reminded) remind.Reminded {
			return s.RecordSent(&p.Compiled, p.Zone, v.Account, n, f.ID, f.At)
		},
	)
}

// Release ends a claim when the message was certainly not sent. A later visit may send the message, but not before the
// given instant.
func (ms Messages) Release(ctx context.Context, p *loyalty.Program, v *Visit, again time.Time, reminders string) error {
	return ms.endClaim(ctx, p, v, again, nil, reminders, func(s remind.Reminded) remind.Reminded { return s })
}

// endClaim ends a claim in the latest stored state of the member's reminders. Other processes may have changed that
// state since the claim, for example to record a consent or a failed address, without ending the claim.
func (ms Messages) endClaim(
	ctx context.Context, p *loyalty.Program, v *Visit, at time.Time, figures []figure, reminders string,
	state func(remind.Reminded) remind.Reminded,
) error {
	id := v.Flight.ID
	for range ledger.Attempts {
		next := *v
		next.State, next.Flight = state(v.State), nil
		err := ms.writeVisit(ctx, p, &next, at, figures, reminders)
		if err == nil {
			*v = next
			return nil
		}
		if !errors.Is(err, ErrClaimed) {
			return err
		}
		if err := ms.reread(ctx, p, v, id); err != nil {
			return err
		}
	}
	return ledger.ErrTryAgain
}

// reread loads the changes that other processes made to a member's state while a message was in flight. It returns
// ErrClaimed if the claim no longer exists.
func (ms Messages) reread(ctx context.Context, p *loyalty.Program, v *Visit, id string) error {
	it, d, err := members.ReminderQueue{Ledger: ms.Ledger}.RemindItem(ctx, p.ID, v.Account.Member)
	if err != nil {
		return err
	}
	if d.Flight == nil || d.Flight.ID != id {
		return ErrClaimed
	}
	v.item, v.State = it, d.Reminded()
	return nil
}

// noticeOf reconstructs the notice of a claimed message from the claim.
func noticeOf(p *loyalty.Program, f *Flight) remind.News {
	n := remind.News{Purpose: loyalty.Marketing}
	for _, t := range f.sent {
		n.Reminder, n.Step, n.On, n.Channel = t.Reminder, t.Step, t.On, t.Channel
		n.Subjects = append(n.Subjects, t.Subject)
	}
	if !f.Once {
		n.Purpose = loyalty.Transactional
	}
	return n
}

// HoldOut records in the visit that a notice was not sent because the member belongs to the holdout.
func (ms Messages) HoldOut(p *loyalty.Program, v *Visit, n remind.News) {
	v.State = v.State.HoldOut(&p.Compiled, p.Zone, v.Account, n, ms.Time())
}

// Plan ends a visit and schedules the next one.
func (ms Messages) Plan(ctx context.Context, p *loyalty.Program, v *Visit, next time.Time, reminders string) error {
	return ms.writeVisit(ctx, p, v, next, nil, reminders)
}

// writeVisit writes the state of a visit as the next version of its item. It increases the figures in the same
// transaction.
func (ms Messages) writeVisit(
	ctx context.Context, p *loyalty.Program, v *Visit, next time.Time, figures []figure, reminders string,
) error {
	d := members.StoredReminded(remind.Forget(engine.RemindRules(p), v.Account, v.State, ms.Time()))
	d.Planned = reminders
	if f := v.Flight; f != nil {
		d.Flight = &members.FlightDoc{ID: f.ID, At: stored.Millis(f.At), Once: f.Once, Sent: members.StoredSent(f.sent)}
	}
	for _, s := range v.Settled {
		figures = append(figures, settled(s)...)
	}
	it := v.item
	it.Doc, it.Index = stored.Encode(d), members.RemindKey(p.ID, v.Account.Member, next)
	if err := ms.replace(ctx, &it, figureOps(p.ID, v.Account.Member, ms.Time(), figures)...); err != nil {
		return err
	}
	v.item, v.Settled, v.Next, v.planned = it, nil, next, reminders
	return nil
}

// replace writes the next version of a claimed item, together with the operations in the parameter more. It returns
// ErrClaimed if another process has written a version meanwhile.
func (ms Messages) replace(ctx context.Context, it *table.Item, more ...table.Op) error {
	err := ms.Table.Transact(ctx, append([]table.Op{table.Put(*it)}, more...)...)
	switch {
	case errors.As(err, new(*table.ConflictError)):
		return ErrClaimed
	case err != nil:
		return ledger.Retryable(err)
	}
	it.Version++
	return nil
}

// Delivery records a delivery report for a message and counts it once. The parameter what is the reported figure, such
// as FigureOpened. FigureFailed marks the message as not sent. The message is then sent through another channel if
// there is one, unless the parameter passing states that the failure is temporary. Delivery returns the reminder of the
// message, or an empty string if the message is unknown or was forgotten.
func (ms Messages) Delivery(
	ctx context.Context, program string, m loyalty.MemberID, id, what string, passing bool,
) (reminder string, err error) {
	for range ledger.Attempts {
		it, d, err := members.ReminderQueue{Ledger: ms.Ledger}.RemindItem(ctx, program, m)
		if err != nil || what == "" {
			return "", err
		}
		s, reminder, news := d.Reminded().Hear(id, what, what == FigureFailed, passing)
		if !news {
			return reminder, nil
		}
		next := members.StoredReminded(s)
		next.Flight, next.Planned = d.Flight, d.Planned
		it.Doc = stored.Encode(next)
		if what == FigureFailed && !passing {
			it.Index = members.RemindKey(program, m, ms.Time())
		}
		ops := append([]table.Op{table.Put(it)}, figureOps(program, m, ms.Time(), []figure{{reminder, what}})...)
		err = ms.Table.Transact(ctx, ops...)
		if !ledger.IsConflict(err) {
			return reminder, ledger.Retryable(err)
		}
	}
	return "", ledger.ErrTryAgain
}
