package reminders

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/messages"
	"github.com/perennial-loyalty/perennial/internal/notify"
	"github.com/perennial-loyalty/perennial/internal/random"
)

// listScheduledReminders lists the reminders that would be sent to members tomorrow, in their time zones, if nothing
// changed until then. It also counts suppressed reminders by reason. A visit is the evaluation of one member's
// reminders at a planned instant. Members whose next visit is after tomorrow do not count toward the page size.
func (o operations) listScheduledReminders(ctx context.Context, c *request.Call) (request.Answer, error) {
	size, err := c.PageSize()
	if err != nil {
		return request.Answer{}, err
	}
	p, err := c.Program(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	left, err := c.App.Stock.Counts(ctx, p)
	if err != nil {
		return request.Answer{}, err
	}
	cursor, err := c.Cursor("")
	if err != nil {
		return request.Answer{}, err
	}
	shard, place, err := cursor.Shard()
	if err != nil {
		return request.Answer{}, err
	}
	f := foresight{Call: c, dispatcher: o.dispatcher, p: p, left: left, out: wire.ScheduledReminderList{
		Data: []wire.ScheduledReminder{}, Counts: map[string]int64{}, Suppressed: map[string]int64{},
	}}
	until := c.App.Now().AddDate(0, 0, 3) // the end of tomorrow in every time zone
	for ; shard < stored.Shards; shard, place = shard+1, "" {
		for at, err := range c.App.ReminderQueue.Behind(ctx, p.ID, shard, place, until) {
			if err != nil {
				return request.Answer{}, err
			}
			if f.out.Evaluated == int64(size) {
				f.out.NextCursor = cursor.AtShard(shard, place)
				return request.Answer{Body: f.out}, nil
			}
			place = at
			if err := f.look(ctx, stored.MemberAt(at)); err != nil {
				return request.Answer{}, err
			}
		}
	}
	return request.Answer{Body: f.out}, nil
}

type foresight struct {
	*request.Call
	dispatcher *notify.Dispatcher
	p          *loyalty.Program
	left       earn.Budgets
	out        wire.ScheduledReminderList
}

// maxForeseen is the maximum number of simulated visits to a member. Few members have more than one visit a day.
const maxForeseen = 100

// look simulates the visits to one member from now until the end of the member's next day. Each visit plans the next
// one. It includes today's visits, because a reminder that is sent today is not sent again tomorrow.
func (f *foresight) look(ctx context.Context, m loyalty.MemberID) error {
	at := f.App.Now()
	v, err := f.App.Reminders.Foresee(ctx, f.p, m, f.left, at)
	if err != nil {
		return err
	}
	from, until := remind.Tomorrow(&f.p.Compiled, f.p.Zone, v.Account, at)
	if !v.Next.Before(until) {
		return nil // the next visit is after the member's tomorrow
	}
	if v.Next.After(at) {
		at = v.Next
	}
	v.Who.Reach = f.dispatcher.Deliverable(v.Who.Reach)
	f.out.Evaluated++
	var plan remind.Plan
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

// visit simulates a visit at an instant in memory and returns the resulting plan. If listed is set, it adds the
// reminders of the visit to the list.
func (f *foresight) visit(v *messages.Visit, at time.Time, listed bool) remind.Plan {
	for range remind.MaxAtOnce {
		plan := remind.Remind(engine.RemindRules(f.p), v.Account, v.Who, v.State, at)
		n, held, ok := plan.First()
		switch {
		case !ok:
			return plan
		case held:
			v.State = v.State.HoldOut(&f.p.Compiled, f.p.Zone, v.Account, n, at)
		default:
			v.State = v.State.RecordSent(&f.p.Compiled, f.p.Zone, v.Account, n, "foreseen", at)
		}
		if listed {
			f.list(v.Account.Member, n, held, at)
		}
	}
	return remind.Plan{Next: at.Add(30 * time.Minute)} // the next scheduled run sends the remaining reminders
}

func (f *foresight) list(m loyalty.MemberID, n remind.News, held bool, at time.Time) {
	if held {
		f.out.Suppressed[string(remind.HeldOut)]++
		return
	}
	f.out.Counts[n.Reminder]++
	f.out.Data = append(f.out.Data, wire.ScheduledReminder{
		Member: string(m), Reminder: n.Reminder, Channel: wire.Channel(n.Channel), Purpose: wire.Purpose(n.Purpose),
		At:     at,
		Points: int64(n.Points),
	})
}

// A PreviewBody requests a preview of a reminder.
type PreviewBody struct {
	Member   *string    `json:"member"`
	Reminder *string    `json:"reminder"`
	At       *time.Time `json:"at"`
}

// A TestBody requests a test message to the given addresses.
type TestBody struct {
	PreviewBody `json:",inline"`
	To          []string `json:"to"`
}

// maxTestAddresses is the maximum number of addresses of a test message.
const maxTestAddresses = 5

func (b PreviewBody) check(c *request.Check, now time.Time) {
	if c.Required(request.At("member"), b.Member != nil) {
		c.ID(request.At("member"), *b.Member)
	}
	if c.Required(request.At("reminder"), b.Reminder != nil) {
		c.ID(request.At("reminder"), *b.Reminder)
	}
	if b.At != nil && (b.At.Before(now) || b.At.After(now.AddDate(1, 1, 0))) {
		c.Fault(request.At("at"), loyalty.ValidationFailed, "This must be from now to 13 months ahead.")
	}
}

func (b TestBody) check(c *request.Check, now time.Time) {
	b.PreviewBody.check(c, now)
	if len(b.To) == 0 || len(b.To) > maxTestAddresses {
		c.Fault(request.At("to"), loyalty.ValidationFailed, "A test must have 1 to %d addresses.", maxTestAddresses)
		return
	}
	for i, to := range b.To {
		p := request.At("to/" + strconv.Itoa(i))
		if channelOf(to) == loyalty.SMS {
			c.Phone(p, to)
		} else {
			c.Email(p, to)
		}
	}
}

// channelOf returns the channel of an address. Telephone numbers begin with "+".
func channelOf(address string) loyalty.Channel {
	if strings.HasPrefix(address, "+") {
		return loyalty.SMS
	}
	return loyalty.Email
}

// previewed returns the message that a reminder would send to a member. If the reminder would be suppressed, it also
// returns the reason. If a channel is given, the message is a test, which is sent through this channel to another
// recipient.
func (o operations) previewed(
	ctx context.Context, c *request.Call, b PreviewBody, by loyalty.Channel,
) (m notify.Message, why remind.Why, err error) {
	now := c.App.Now()
	if b.At != nil {
		now = *b.At
	}
	p, id, err := c.ProgramAndMember(ctx, *b.Member)
	if err != nil {
		return m, "", err
	}
	v, err := c.App.Reminders.Foresee(ctx, p, id, nil, now)
	if err != nil {
		return m, "", err
	}
	if !slices.ContainsFunc(p.Reminders.Messages, func(r loyalty.Reminder) bool { return r.ID == *b.Reminder }) {
		return m, "", request.RefuseAt(loyalty.ValidationFailed, "/reminder", "The program has no such reminder.")
	}
	v.Who.Reach = o.dispatcher.Deliverable(v.Who.Reach)
	n, why, ok := remind.Preview(engine.RemindRules(p), v.Account, v.Who, v.State, *b.Reminder, now)
	if !ok {
		return m, "", request.RefuseAt(loyalty.ValidationFailed, "/at",
			"The reminder has no message for the member at that instant.")
	}
	if by != "" {
		n.Channel, id = by, notify.NoMember
	}
	address, _ := v.Profile.Address(n.Channel)
	m, err = o.dispatcher.At(c.Event.URL()).Write(p,
		notify.Person{Member: id, Name: v.Profile.Name, Locale: v.Profile.Locale, Address: address}, n, "preview", now)
	return m, why, err
}

func (o operations) previewReminder(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b PreviewBody
	if err := c.Take(&b, func(faults *request.Check) { b.check(faults, c.App.Now()) }); err != nil {
		return request.Answer{}, err
	}
	m, why, err := o.previewed(ctx, c, b, "")
	if err != nil {
		return request.Answer{}, err
	}
	return request.Answer{Body: wirePreview(m, why)}, nil
}

func wirePreview(m notify.Message, why remind.Why) wire.ReminderPreview {
	out := wire.ReminderPreview{
		Reminder: m.Reminder, Channel: wire.Channel(m.Channel), Purpose: wire.Purpose(m.Purpose), Language: m.Language,
		Subject: m.Subject, Text: m.Text, HTML: m.HTML,
	}
	if why != "" {
		reason := string(why)
		out.SuppressedReason = &reason
	}
	return out
}

// sendTestReminder sends a reminder to the merchant's own addresses, marked as a test. Nothing is recorded, so
// repeating the request sends the message again.
func (o operations) sendTestReminder(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b TestBody
	if err := c.Take(&b, func(faults *request.Check) { b.check(faults, c.App.Now()) }); err != nil {
		return request.Answer{}, err
	}
	said := map[loyalty.Channel]notify.Message{} // the texts of all messages are written before any message is sent
	for _, to := range b.To {
		by := channelOf(to)
		if _, ok := said[by]; ok {
			continue
		}
		m, _, err := o.previewed(ctx, c, b.PreviewBody, by)
		if err != nil {
			return request.Answer{}, err
		}
		said[by] = marked(m)
	}
	out := wire.ReminderTestResult{Sent: []string{}, Suppressed: []string{}}
	for _, to := range b.To {
		m := said[channelOf(to)]
		m.To, m.ID = to, "test_"+randomID(c.App.Random)
		if err := o.dispatcher.Send(ctx, m); err != nil {
			if !errors.Is(err, notify.ErrNotSent) && !errors.Is(err, notify.ErrRejected) {
				return request.Answer{}, err
			}
			out.Suppressed = append(out.Suppressed, to)
			continue
		}
		out.Sent = append(out.Sent, to)
	}
	return request.Answer{Body: out}, nil
}

// marked returns a copy of the message that is marked as a test.
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

// retrieveReminderReport reports the effect of each reminder in the requested months, and compares it with its holdout
// group.
func retrieveReminderReport(ctx context.Context, c *request.Call) (request.Answer, error) {
	from, err := month(c, "from", c.App.Now())
	if err != nil {
		return request.Answer{}, err
	}
	to, err := month(c, "to", c.App.Now())
	if err != nil {
		return request.Answer{}, err
	}
	if to.Before(from) || to.After(from.AddDate(2, 0, 0)) {
		return request.Answer{}, request.RefuseAt(
			request.InvalidParameter, "to", "to must not be before from, or more than two years after it.",
		)
	}
	p, err := c.Program(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	figures, err := c.App.Messages.Figures(ctx, p.ID, from, to)
	if err != nil {
		return request.Answer{}, err
	}
	out := wire.ReminderReport{
		From: from.Format("2006-01"), To: to.Format("2006-01"), Data: []wire.ReminderStatistics{},
	}
	for _, r := range p.Reminders.Messages {
		f := figures[r.ID]
		one := wire.ReminderStatistics{
			Reminder: r.ID, Sent: f[messages.FigureSent], Delivered: f[messages.FigureDelivered],
			Opened: f[messages.FigureOpened],
			Failed: f[messages.FigureFailed], Complained: f[messages.FigureComplained],
			Concluded: f[messages.FigureEnded], Converted: f[messages.FigureActed], Holdout: f[messages.FigureHeld],
			HoldoutConverted: f[messages.FigureHeldActed],
		}
		if l, ok := remind.LiftOf(one.Converted, one.Concluded, one.HoldoutConverted, one.Holdout); ok {
			one.Lift = &wire.Lift{Points: l.Points, Low: l.Low, High: l.High}
		}
		out.Data = append(out.Data, one)
	}
	return request.Answer{Body: out}, nil
}

// month returns the month that a query parameter names, such as 2026-12. Without the parameter, it returns the month of
// the given instant.
func month(c *request.Call, name string, otherwise time.Time) (time.Time, error) {
	s, ok := c.Event.Query[name]
	if !ok {
		s = otherwise.UTC().Format("2006-01")
	}
	t, err := time.Parse("2006-01", s)
	if err != nil || t.Year() < 2000 || t.Year() > 2999 {
		return t, request.RefuseAt(request.InvalidParameter, name, name+" is a month like 2026-12.")
	}
	return t, nil
}
