package api

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/notify"
	"github.com/perennial-loyalty/perennial/internal/random"
)

// listTomorrow says who would get what tomorrow, where each lives, as things stand now, and what is kept back, why. A page
// is full with so many members who are visited by then; those whose day is a later one are looked at besides.
func listTomorrow(ctx context.Context, c *call) (answer, error) {
	size, err := c.pageSize()
	if err != nil {
		return answer{}, err
	}
	p, err := c.program(ctx)
	if err != nil {
		return answer{}, err
	}
	left, err := c.app.Ledger.Stock(ctx, p)
	if err != nil {
		return answer{}, err
	}
	shard, place, err := c.openShardCursor()
	if err != nil {
		return answer{}, err
	}
	f := foresight{call: c, p: p, left: left, out: wire.ScheduledReminderList{
		Data: []wire.ScheduledReminder{}, Counts: map[string]int64{}, Suppressed: map[string]int64{},
	}}
	until := c.app.Now().AddDate(0, 0, 3) // by then tomorrow is over everywhere
	for ; shard < ledger.Shards; shard, place = shard+1, "" {
		for at, err := range c.app.Ledger.RemindersBehind(ctx, p.ID, shard, place, until) {
			if err != nil {
				return answer{}, err
			}
			if f.out.Evaluated == int64(size) {
				f.out.NextCursor = c.shardCursor(shard, place)
				return answer{body: f.out}, nil
			}
			place = at
			if err := f.look(ctx, ledger.MemberAt(at)); err != nil {
				return answer{}, err
			}
		}
	}
	return answer{body: f.out}, nil
}

type foresight struct {
	*call
	p    *loyalty.Program
	left loyalty.Budgets
	out  wire.ScheduledReminderList
}

// maxForeseen is how many visits of a member are foreseen at most. Few have more than one a day.
const maxForeseen = 100

// look foresees the visits of one member, from now on until the member's tomorrow is over, each when the one before plans
// it. Today's go first: what goes out today is no more to be said tomorrow.
func (f *foresight) look(ctx context.Context, m loyalty.MemberID) error {
	at := f.app.Now()
	v, err := f.app.Ledger.Foresee(ctx, f.p, m, f.left, at)
	if err != nil {
		return err
	}
	from, until := f.p.Tomorrow(v.Account, at)
	if !v.Next.Before(until) {
		return nil // is not visited by then
	}
	if v.Next.After(at) {
		at = v.Next
	}
	v.Who.Reach = f.office.Deliverable(v.Who.Reach)
	f.out.Evaluated++
	var plan loyalty.Plan
	for n := 0; n < maxForeseen && at.Before(until); n++ {
		if err := v.Pass(f.p, at); err != nil {
			return err
		}
		plan = f.visit(v, at, !at.Before(from))
		at = plan.Next
	}
	for _, k := range plan.Kept {
		f.out.Suppressed[string(k.Why)]++
	}
	return nil
}

// visit does in memory what a visit at an instant does, lists it if it is to be, and returns the plan at its end.
func (f *foresight) visit(v *ledger.Visit, at time.Time, listed bool) loyalty.Plan {
	for range loyalty.MaxAtOnce {
		plan := f.p.Remind(v.Account, v.Who, v.State, at)
		n, held, ok := plan.First()
		switch {
		case !ok:
			return plan
		case held:
			v.State = v.State.HoldOut(f.p, v.Account, n, at)
		default:
			v.State = v.State.RecordSent(f.p, v.Account, n, "foreseen", at)
		}
		if listed {
			f.list(v.Account.Member, n, held, at)
		}
	}
	return loyalty.Plan{Next: at.Add(30 * time.Minute)} // the rest with the next run of the schedule
}

func (f *foresight) list(m loyalty.MemberID, n loyalty.News, held bool, at time.Time) {
	if held {
		f.out.Suppressed[string(loyalty.HeldOut)]++
		return
	}
	f.out.Counts[n.Reminder]++
	f.out.Data = append(f.out.Data, wire.ScheduledReminder{
		Member: string(m), Reminder: n.Reminder, Channel: wire.Channel(n.Channel), Purpose: wire.Purpose(n.Purpose), At: at, Points: int64(n.Points),
	})
}

// previewBody asks what a reminder would say.
type previewBody struct {
	Member   *string    `json:"member"`
	Reminder *string    `json:"reminder"`
	At       *time.Time `json:"at"`
}

// testBody asks to send it to somebody else.
type testBody struct {
	previewBody `json:",inline"`
	To          []string `json:"to"`
}

// maxTestAddresses is how many addresses a test goes to at most.
const maxTestAddresses = 5

func (b previewBody) check(c *check, now time.Time) {
	if c.required(at("member"), b.Member != nil) {
		c.id(at("member"), *b.Member)
	}
	if c.required(at("reminder"), b.Reminder != nil) {
		c.id(at("reminder"), *b.Reminder)
	}
	if b.At != nil && (b.At.Before(now) || b.At.After(now.AddDate(1, 1, 0))) {
		c.fault(at("at"), loyalty.ValidationFailed, "This must be from now to 13 months ahead.")
	}
}

func (b testBody) check(c *check, now time.Time) {
	b.previewBody.check(c, now)
	if len(b.To) == 0 || len(b.To) > maxTestAddresses {
		c.fault(at("to"), loyalty.ValidationFailed, "A test goes to 1 to %d addresses.", maxTestAddresses)
		return
	}
	for i, to := range b.To {
		p := at("to/" + strconv.Itoa(i))
		if channelOf(to) == loyalty.SMS {
			c.phone(p, to)
		} else {
			c.email(p, to)
		}
	}
}

// channelOf is how an address is written to: a telephone number begins with +.
func channelOf(address string) loyalty.Channel {
	if strings.HasPrefix(address, "+") {
		return loyalty.SMS
	}
	return loyalty.Email
}

// previewed is the message that a reminder would be to a member, and why it would not be sent. With a channel it is a
// test, which goes by that one to somebody else.
func (c *call) previewed(ctx context.Context, b previewBody, by loyalty.Channel) (m notify.Message, why loyalty.Why, err error) {
	now := c.app.Now()
	if b.At != nil {
		now = *b.At
	}
	p, id, err := c.meant(ctx, *b.Member)
	if err != nil {
		return m, "", err
	}
	v, err := c.app.Ledger.Foresee(ctx, p, id, nil, now)
	if err != nil {
		return m, "", err
	}
	if !slices.ContainsFunc(p.Reminders.Messages, func(r loyalty.Reminder) bool { return r.ID == *b.Reminder }) {
		return m, "", refuseAt(loyalty.ValidationFailed, "/reminder", "The program has no such reminder.")
	}
	v.Who.Reach = c.office.Deliverable(v.Who.Reach)
	n, why, ok := p.Preview(v.Account, v.Who, v.State, *b.Reminder, now)
	if !ok {
		return m, "", refuseAt(loyalty.ValidationFailed, "/at", "At that instant the reminder has nothing to say to the member.")
	}
	if by != "" {
		n.Channel, id = by, notify.Nobody
	}
	address, _ := v.Profile.Address(n.Channel)
	m, err = c.office.At(c.event.url()).Write(p, notify.Person{Member: id, Name: v.Profile.Name, Locale: v.Profile.Locale, Address: address}, n, "preview", now)
	return m, why, err
}

func previewReminder(ctx context.Context, c *call) (answer, error) {
	var b previewBody
	if err := c.take(&b, func(faults *check) { b.check(faults, c.app.Now()) }); err != nil {
		return answer{}, err
	}
	m, why, err := c.previewed(ctx, b, "")
	if err != nil {
		return answer{}, err
	}
	return answer{body: wirePreview(m, why)}, nil
}

func wirePreview(m notify.Message, why loyalty.Why) wire.ReminderPreview {
	out := wire.ReminderPreview{
		Reminder: m.Reminder, Channel: wire.Channel(m.Channel), Purpose: wire.Purpose(m.Purpose), Language: m.Language,
		Subject: m.Subject, Text: m.Text, HTML: m.HTML,
	}
	if why != "" {
		kept := string(why)
		out.SuppressedReason = &kept
	}
	return out
}

// testReminder sends what a reminder would say to addresses of the merchant's own, marked as a test. Nothing is recorded:
// repeating it sends again.
func testReminder(ctx context.Context, c *call) (answer, error) {
	var b testBody
	if err := c.take(&b, func(faults *check) { b.check(faults, c.app.Now()) }); err != nil {
		return answer{}, err
	}
	said := map[loyalty.Channel]notify.Message{} // all words are found before any goes out
	for _, to := range b.To {
		by := channelOf(to)
		if _, ok := said[by]; ok {
			continue
		}
		m, _, err := c.previewed(ctx, b.previewBody, by)
		if err != nil {
			return answer{}, err
		}
		said[by] = marked(m)
	}
	out := wire.ReminderTestResult{Sent: []string{}, Suppressed: []string{}}
	for _, to := range b.To {
		m := said[channelOf(to)]
		m.To, m.ID = to, "test_"+randomID(c.app.Random)
		if err := c.office.Send(ctx, m); err != nil {
			if !errors.Is(err, notify.ErrNotSent) && !errors.Is(err, notify.ErrRejected) {
				return answer{}, err
			}
			out.Suppressed = append(out.Suppressed, to)
			continue
		}
		out.Sent = append(out.Sent, to)
	}
	return answer{body: out}, nil
}

// marked is a message that says of itself that it is a test.
func marked(m notify.Message) notify.Message {
	m.Reminder = "test"
	if m.Channel == loyalty.SMS {
		m.Text = "[Test] " + m.Text
	} else {
		m.Subject = "[Test] " + m.Subject
	}
	return m
}

func randomID(source io.Reader) string {
	var b [12]byte
	random.Read(source, b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// reportReminders is what reminders did, month by month summed up, beside those whom they left alone.
func reportReminders(ctx context.Context, c *call) (answer, error) {
	from, err := c.month("from", c.app.Now())
	if err != nil {
		return answer{}, err
	}
	to, err := c.month("to", c.app.Now())
	if err != nil {
		return answer{}, err
	}
	if to.Before(from) || to.After(from.AddDate(2, 0, 0)) {
		return answer{}, refuseAt(invalidParameter, "to", "to must not be before from, nor more than two years behind it.")
	}
	p, err := c.program(ctx)
	if err != nil {
		return answer{}, err
	}
	figures, err := c.app.Ledger.ReminderFigures(ctx, p.ID, from, to)
	if err != nil {
		return answer{}, err
	}
	out := wire.ReminderReport{From: from.Format("2006-01"), To: to.Format("2006-01"), Data: []wire.ReminderStatistics{}}
	for _, r := range p.Reminders.Messages {
		f := figures[r.ID]
		one := wire.ReminderStatistics{
			Reminder: r.ID, Sent: f[ledger.FigureSent], Delivered: f[ledger.FigureDelivered], Opened: f[ledger.FigureOpened],
			Failed: f[ledger.FigureFailed], Complained: f[ledger.FigureComplained],
			Concluded: f[ledger.FigureEnded], Converted: f[ledger.FigureActed], Holdout: f[ledger.FigureHeld], HoldoutConverted: f[ledger.FigureHeldActed],
		}
		if l, ok := loyalty.LiftOf(one.Converted, one.Concluded, one.HoldoutConverted, one.Holdout); ok {
			one.Lift = &wire.Lift{Points: l.Points, Low: l.Low, High: l.High}
		}
		out.Data = append(out.Data, one)
	}
	return answer{body: out}, nil
}

// month reads a query parameter like 2026-12; left out, it is that of an instant.
func (c *call) month(name string, otherwise time.Time) (time.Time, error) {
	s, ok := c.event.Query[name]
	if !ok {
		s = otherwise.UTC().Format("2006-01")
	}
	t, err := time.Parse("2006-01", s)
	if err != nil || t.Year() < 2000 || t.Year() > 2999 {
		return t, refuseAt(invalidParameter, name, name+" is a month like 2026-12.")
	}
	return t, nil
}

// wake has a member's reminders looked at, if the program has one about what just happened and a daily visit would be late
// for it. One that fails makes that reminder late, and nothing else.
func (c *call) wake(ctx context.Context, p *loyalty.Program, m loyalty.MemberID, on loyalty.Trigger) {
	if !slices.ContainsFunc(p.Reminders.Messages, func(r loyalty.Reminder) bool { return r.On == on }) {
		return
	}
	if err := c.app.Ledger.Wake(ctx, p.ID, m); err != nil {
		c.app.Log.WarnContext(ctx, "a member's reminders were not woken", "member", m, "err", err)
	}
}
