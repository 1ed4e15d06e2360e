package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// lease is how long a message may be between its claim and its record before it counts as abandoned: longer than any
// function runs.
const lease = 15 * time.Minute

// A Flight is a message between its claim and its record.
type Flight struct {
	ID   string
	At   time.Time
	Once bool // it must not be sent again, whatever became of it
	told []loyalty.SentReminder
}

// Abandoned reports whether whoever claimed the message is gone.
func (f *Flight) Abandoned(now time.Time) bool { return f != nil && !f.At.Add(lease).After(now) }

// MessageID names what a notice says to a member, for ever: repeated, it is the same message.
func MessageID(program string, m loyalty.MemberID, n loyalty.News) string {
	h := sha256.New()
	for _, part := range []string{program, string(m), n.Reminder, string(n.On), n.Subjects[0].ID, n.Subjects[0].Due.UTC().Format(time.RFC3339), string(n.Channel)} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return "msg_" + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:15])
}

// ErrClaimed says that somebody else is at the same member's reminders, or at the same letter.
var ErrClaimed = errors.New("ledger: somebody else visits the member")

// ClaimMessage keeps everybody else from a message that is about to be sent. It changes v to what it stored. ErrClaimed if
// somebody else was there since the visit began.
//
// Whoever claimed calls Record or Release after the send. Where that never happens, because the machine is gone, a
// marketing message counts as sent: one may be lost by a crash, and none is sent twice. A transactional one is sent
// again under the same id: one may be sent twice by a crash, unless the provider knows the id, and none is lost.
func (l *Ledger) ClaimMessage(ctx context.Context, p *loyalty.Program, v *Visit, n loyalty.News, reminders string) error {
	now := l.now()
	id := MessageID(p.ID, v.Account.Member, n)
	told := v.State.RecordSent(p, v.Account, n, id, now).SentReminders
	v.Flight = &Flight{ID: id, At: now, Once: n.Purpose == loyalty.Marketing, told: told[len(told)-len(n.Subjects):]}
	return l.keep(ctx, p, v, now.Add(lease), nil, reminders)
}

// Record ends a claim: the message went out. Where the claim was abandoned n is zero, and what was claimed is recorded.
func (l *Ledger) Record(ctx context.Context, p *loyalty.Program, v *Visit, n loyalty.News, reminders string) error {
	f := v.Flight
	if len(n.Subjects) == 0 {
		n = noticeOf(p, f)
	}
	return l.land(ctx, p, v, l.now(), []figure{{n.Reminder, FigureSent}}, reminders, func(s loyalty.Reminded) loyalty.Reminded {
		return s.RecordSent(p, v.Account, n, f.ID, f.At)
	})
}

// Release ends a claim: the message certainly did not go out, and is to be tried again from an instant on.
func (l *Ledger) Release(ctx context.Context, p *loyalty.Program, v *Visit, again time.Time, reminders string) error {
	return l.land(ctx, p, v, again, nil, reminders, func(s loyalty.Reminded) loyalty.Reminded { return s })
}

// land writes the end of a claim over whatever is known of the member by then: a consent, or an address that failed, is
// written beside a claim and leaves it as it is.
func (l *Ledger) land(ctx context.Context, p *loyalty.Program, v *Visit, at time.Time, figures []figure, reminders string, state func(loyalty.Reminded) loyalty.Reminded) error {
	id := v.Flight.ID
	for range attempts {
		next := *v
		next.State, next.Flight = state(v.State), nil
		err := l.keep(ctx, p, &next, at, figures, reminders)
		if err == nil {
			*v = next
			return nil
		}
		if !errors.Is(err, ErrClaimed) {
			return err
		}
		if err := l.reread(ctx, p, v, id); err != nil {
			return err
		}
	}
	return ErrTryAgain
}

// reread takes up what others wrote of a member while a message was in flight; ErrClaimed if the claim is gone.
func (l *Ledger) reread(ctx context.Context, p *loyalty.Program, v *Visit, id string) error {
	it, d, err := l.remindItem(ctx, p.ID, v.Account.Member)
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
func noticeOf(p *loyalty.Program, f *Flight) loyalty.News {
	n := loyalty.News{Purpose: loyalty.Marketing}
	for _, t := range f.told {
		n.Reminder, n.Step, n.On, n.Channel = t.Reminder, t.Step, t.On, t.Channel
		n.Subjects = append(n.Subjects, t.Subject)
	}
	if !f.Once {
		n.Purpose = loyalty.Transactional
	}
	return n
}

// HoldOut takes note of a notice that went to nobody because its member is one of those left alone.
func (l *Ledger) HoldOut(p *loyalty.Program, v *Visit, n loyalty.News) {
	v.State = v.State.HoldOut(p, v.Account, n, l.now())
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
	if err := l.replace(ctx, &it, figureOps(p.ID, v.Account.Member, l.now(), figures)...); err != nil {
		return err
	}
	v.item, v.Settled, v.Next, v.planned = it, nil, next, reminders
	return nil
}

// replace writes the next version of what was claimed, and more with it; ErrClaimed if somebody else wrote one.
func (l *Ledger) replace(ctx context.Context, it *table.Item, more ...table.Op) error {
	err := l.Table.Transact(ctx, append([]table.Op{table.Put(*it)}, more...)...)
	switch {
	case errors.As(err, new(*table.ConflictError)):
		return ErrClaimed
	case err != nil:
		return retryable(err)
	}
	it.Version++
	return nil
}

// Delivery takes note of what was reported of a message, and counts it once: one of the figures. What came back, which
// is FigureFailed, counts as not told, and is told again through another channel if there is one, but for a reason that
// passes. It answers whose message it was: the reminder's; nothing if the message is not known, or no longer.
func (l *Ledger) Delivery(ctx context.Context, program string, m loyalty.MemberID, id, what string, passing bool) (reminder string, err error) {
	for range attempts {
		it, d, err := l.remindItem(ctx, program, m)
		if err != nil || what == "" {
			return "", err
		}
		s, reminder, news := d.reminded().Hear(id, what, what == FigureFailed, passing)
		if !news {
			return reminder, nil
		}
		next := storedReminded(s)
		next.Flight, next.Planned = d.Flight, d.Planned
		it.Doc = encode(next)
		if what == FigureFailed && !passing {
			it.Index = remindKey(program, m, l.now())
		}
		ops := append([]table.Op{table.Put(it)}, figureOps(program, m, l.now(), []figure{{reminder, what}})...)
		err = l.Table.Transact(ctx, ops...)
		if !outrun(err) {
			return reminder, retryable(err)
		}
	}
	return "", ErrTryAgain
}
