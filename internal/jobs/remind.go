package jobs

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/messages"
	"github.com/perennial-loyalty/perennial/internal/notify"
	"github.com/perennial-loyalty/perennial/internal/switches"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// RemindQueue is the queue to which Remind sends messages, and from which it receives them.
const RemindQueue = "remind"

// again is the delay after which a message that was not sent is tried again. It is the time until the next run of the
// schedule.
const again = 30 * time.Minute

// Remind visits the members whose reminders are due. For each member, it sends the reminders that still apply and are
// allowed, and plans the next visit. It also sends due gift messages, and processes email feedback.
//
// If two functions run at the same time, only one of them sends a message: a message is claimed with a conditional
// write before it is sent, and recorded afterwards. If a function stops between these two steps, a marketing message
// counts as sent, so that a crash may lose one such message but never sends it twice. A transactional message is sent
// again with the same ID. A crash may therefore send it twice if the provider does not deduplicate, but never loses it.
func Remind(dispatcher func(*app.App) *notify.Dispatcher) func(*app.App) lambda.Handler {
	return func(a *app.App) lambda.Handler {
		r := remindHandler{a, dispatcher(a)}
		return scheduled{r.Invoke, r.NextWork}
	}
}

type remindHandler struct {
	*app.App
	dispatcher *notify.Dispatcher
}

// A round is a queue message that requests to visit the members of one shard who are due at an instant.
type round struct {
	Program string    `json:"program"`
	Shard   int       `json:"shard"`
	Due     time.Time `json:"due"`
	All     bool      `json:"all,omitzero"` // also visits members who are not due, because their plans are outdated
	// If All is set, From is the position in the due index after which the visits start.
	From string `json:"from,omitzero"`
}

// until returns the instant until which members are due. It returns the zero instant if all members are visited.
func (m round) until() time.Time {
	if m.All {
		return time.Time{}
	}
	return m.Due
}

func (r remindHandler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	return r.Run(ctx, "remind", func(ctx context.Context) ([]byte, error) { return r.handle(ctx, payload) })
}

func (r remindHandler) handle(ctx context.Context, payload []byte) ([]byte, error) {
	if f, ok := readFeedback(payload); ok {
		if err := r.handleFeedback(ctx, f); err != nil {
			return nil, fmt.Errorf("jobs: remind: feedback: %w", err)
		}
		return []byte("{}"), nil
	}
	e, err := readEvent(payload, "remind")
	if err != nil {
		return nil, err
	}
	if e.Records == nil {
		return r.dispatch(ctx, e)
	}
	return each(ctx, r.Log, e.Records, r.work)
}

// dispatch sends a queue message for each shard with due members, and queue messages for due gift messages. If the
// program's reminders have changed, all members are due.
func (r remindHandler) dispatch(ctx context.Context, e event) ([]byte, error) {
	countLateness(ctx, e, r.Now())
	var failures []error
	shards := 0
	for program, err := range r.Catalog.ProgramIDs(ctx) {
		if err != nil {
			failures = append(failures, err)
			break
		}
		if stopped, err := readOnly(ctx, r.App, program); stopped || err != nil {
			failures = append(failures, err)
			continue
		}
		n, err := r.dispatchProgram(ctx, program, e)
		shards += n
		failures = append(failures, err)
	}
	if err := errors.Join(failures...); err != nil {
		return nil, fmt.Errorf("jobs: remind: %w", err)
	}
	return json.Marshal(map[string]int{"shards": shards})
}

// dispatchProgram sends the queue messages of one program. If the plans of all members are outdated, it first sends the
// messages and then records that it sent them. If it fails in between, the next run sends the messages again.
func (r remindHandler) dispatchProgram(ctx context.Context, program string, e event) (shards int, err error) {
	rounds, mark, err := r.rounds(ctx, program, e.Time)
	letters, err2 := r.giftBatches(ctx, program, e.Time)
	if bodies := append(rounds, letters...); len(bodies) > 0 {
		if err := r.Queue.Send(ctx, RemindQueue, bodies...); err != nil {
			return 0, err
		}
		r.Log.InfoContext(ctx, "reminders due", "schedule", e.Schedule, "program", program, "due", e.Time,
			"shards", len(rounds), "letters", len(letters))
	}
	if mark != nil {
		err = mark()
	}
	return len(rounds), errors.Join(err, err2)
}

// rounds returns the queue messages for the shards with due members. If the plans of all members are outdated, it also
// returns the function mark, which records that the messages were sent. Otherwise, mark is nil.
func (r remindHandler) rounds(
	ctx context.Context, program string, at time.Time,
) (bodies []string, mark func() error, err error) {
	p, err := r.Programs.Live(ctx, program)
	if errors.Is(err, app.ErrNotPublished) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	by := r.plannedBy(p)
	was, item, err := r.ReminderQueue.Swept(ctx, program)
	if err != nil {
		return nil, nil, err
	}
	all := was != by
	for shard := range stored.Shards {
		m := round{Program: program, Shard: shard, Due: at, All: all}
		due, err := r.ReminderQueue.Any(ctx, program, shard, m.until())
		if err != nil {
			return bodies, nil, err
		}
		if !due {
			continue
		}
		body, err := json.Marshal(m)
		if err != nil {
			return bodies, nil, fmt.Errorf("encode a message: %w", err)
		}
		bodies = append(bodies, string(body))
	}
	if all {
		mark = func() error { return r.ReminderQueue.MarkSwept(ctx, item, by) }
	}
	return bodies, mark, nil
}

// plannedBy returns a text that identifies the basis of members' plans: the program's reminders, and whether marketing
// can be sent. If the text changes, the plans of all members are outdated.
func (r remindHandler) plannedBy(p *loyalty.Program) string {
	if r.dispatcher.Links.Base == "" {
		return remindersOf(p) + "-unlinked"
	}
	return remindersOf(p)
}

// remindersOf returns a text that identifies the reminders of a version of a program.
func remindersOf(p *loyalty.Program) string {
	r, share := p.Reminders, ""
	if r.Holdout != nil {
		share = r.Holdout.RatString()
		r.Holdout = nil // formatting would print the address of the pointer
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%+v %s", r, share))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// work processes one queue message: it sends gift messages, or visits the members of a shard.
func (r remindHandler) work(ctx context.Context, body string) error {
	var b giftBatch
	if err := json.Unmarshal([]byte(body), &b); err == nil && len(b.Letters) > 0 {
		return r.deliver(ctx, b)
	}
	return r.members(ctx, body)
}

// members visits the members of one shard. If its time ends first, it sends a queue message for the remaining members,
// as Reassess does.
func (r remindHandler) members(ctx context.Context, body string) error {
	var m round
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		return fmt.Errorf("jobs: remind: decode a message: %w", err)
	}
	if stopped, err := readOnly(ctx, r.App, m.Program); err != nil {
		return err
	} else if stopped {
		return postponed(ctx, r.App, m.Program, m.All)
	}
	p, err := r.Programs.Live(ctx, m.Program)
	if err != nil {
		return fmt.Errorf("jobs: remind %s: %w", m.Program, err)
	}
	left, err := r.Stock.Counts(ctx, p)
	if err != nil {
		return fmt.Errorf("jobs: remind %s: %w", m.Program, err)
	}
	t := &remindRun{remindHandler: r, program: p, left: left, by: r.plannedBy(p), round: m}
	rest, finished, err := t.run(ctx)
	r.Log.InfoContext(ctx, "members visited", "program", m.Program, "shard", m.Shard, "due", m.Due, "members",
		t.done.Load(),
		"sent", t.sent.Load(), "held_out", t.held.Load(), "not_sent", t.refused.Load(), "failed", t.failed.Load(),
		"finished", finished)
	switch {
	case err != nil:
		return err
	case !finished && t.done.Load() > 0:
		body, err := json.Marshal(rest)
		if err != nil {
			return fmt.Errorf("jobs: remind: encode a message: %w", err)
		}
		return r.Queue.Send(ctx, RemindQueue, string(body))
	case !finished || t.failed.Load() > 0:
		return fmt.Errorf("jobs: remind %s: %d members of shard %d failed, %d succeeded", m.Program, t.failed.Load(),
			m.Shard, t.done.Load())
	}
	return nil
}

// A remindRun sends the due reminders to the members of one shard.
type remindRun struct {
	remindHandler
	round
	program *loyalty.Program
	left    earn.Budgets
	by      string

	done, failed, sent, held, refused atomic.Int64
}

// run visits the members of its round. If its time ends first, it reports false and returns a round for the remaining
// members. If only due members are visited, this is the same round, because visited members are no longer due. If all
// members are visited, it starts after the last visited member, because visited members remain in the index.
func (t *remindRun) run(ctx context.Context) (rest round, finished bool, err error) {
	members, wait := workerPool(func(m loyalty.MemberID) { t.safely(ctx, m) })
	defer wait()
	rest = t.round
	for place, err := range t.ReminderQueue.Behind(ctx, t.Program, t.Shard, t.From, t.until()) {
		if err != nil {
			return rest, false, fmt.Errorf("jobs: remind %s: list shard %d: %w", t.Program, t.Shard, err)
		}
		if outOfTime(ctx) {
			return rest, false, nil
		}
		members <- stored.MemberAt(place)
		if t.All {
			rest.From = place
		}
	}
	return rest, true, nil
}

// safely visits one member. A panic counts as a failure of this member only.
func (t *remindRun) safely(ctx context.Context, m loyalty.MemberID) {
	defer func() {
		if p := recover(); p != nil {
			t.failed.Add(1)
			telemetry.Count(ctx, telemetry.Errors, 1)
			t.Log.ErrorContext(
				ctx, "visiting a member panicked", "request_id", app.RequestID(ctx), "member", m, "panic", p,
			)
		}
	}()
	err := t.visit(ctx, m)
	switch {
	case errors.Is(err, messages.ErrClaimed):
		t.done.Add(1) // another worker is visiting the same member
	case err != nil:
		t.failed.Add(1)
		app.CountViolation(ctx, err)
		t.Log.ErrorContext(ctx, "member could not be visited", "member", m, "err", err)
	default:
		t.done.Add(1)
	}
}

func (t *remindRun) visit(ctx context.Context, m loyalty.MemberID) error {
	v, err := t.Reminders.Visit(ctx, t.program, m, t.left)
	if err != nil {
		return err
	}
	due := !v.Next.After(t.Now())
	if !due && (!t.All || v.PlannedBy(t.by)) {
		return nil
	}
	if v.Flight != nil {
		if done, err := t.settleClaim(ctx, v); done || err != nil {
			return err
		}
	}
	v.Who.Reach, v.Who.Consents = t.dispatcher.Deliverable(v.Who.Reach), t.dispatcher.Permitted(v.Who.Consents)
	var unsent []remind.News
	for range remind.MaxAtOnce {
		plan := t.plan(v, unsent)
		n, held, ok := plan.First()
		if !ok {
			return t.Messages.Plan(ctx, t.program, v, plan.Next, t.by)
		}
		if held {
			t.Messages.HoldOut(t.program, v, n)
			t.held.Add(1)
			continue
		}
		switch on, err := t.send(ctx, v, n); {
		case errors.Is(err, notify.ErrNotSent):
			unsent = append(unsent, n)
		case err != nil || !on:
			return err
		}
	}
	return t.Messages.Plan(ctx, t.program, v, t.Now().Add(again), t.by)
}

// plan returns a member's next plan. Messages that could not be sent in this visit count as sent in the frequency caps,
// so that no other message takes their place. The next run sends them.
func (t *remindRun) plan(v *messages.Visit, unsent []remind.News) remind.Plan {
	now, s := t.Now(), v.State
	for _, n := range unsent {
		s = s.RecordSent(&t.program.Compiled, t.program.Zone, v.Account, n, "", now)
	}
	plan := remind.Remind(engine.RemindRules(t.program), v.Account, v.Who, s, now)
	if len(unsent) > 0 && plan.Next.After(now.Add(again)) {
		plan.Next = now.Add(again)
	}
	return plan
}

// settleClaim handles a message that an earlier invocation claimed but did not record. It returns true if the visit
// must end because that invocation may still be running.
func (t *remindRun) settleClaim(ctx context.Context, v *messages.Visit) (done bool, err error) {
	switch {
	case !v.Flight.Abandoned(t.Now()):
		return true, nil
	case v.Flight.Once:
		t.Log.WarnContext(ctx, "message counts as sent but may not have been sent", "member", v.Account.Member,
			"message",
			v.Flight.ID)
		return false, t.Messages.Record(ctx, t.program, v, remind.News{}, t.by)
	}
	t.Log.WarnContext(ctx, "message is sent again but may have been sent before", "member", v.Account.Member, "message",
		v.Flight.ID)
	v.Flight = nil
	return false, nil
}

// send claims, sends and records one message. It reports whether the visit continues. If the message was not sent but
// other messages can still be sent, it returns notify.ErrNotSent.
func (t *remindRun) send(ctx context.Context, v *messages.Visit, n remind.News) (on bool, err error) {
	address, _ := v.Profile.Address(n.Channel)
	m, err := t.dispatcher.Write(t.program, notify.Person{
		Member: v.Account.Member, Name: v.Profile.Name, Locale: v.Profile.Locale, Address: address,
	}, n, messages.MessageID(t.program.ID, v.Account.Member, n), t.Now())
	if err != nil {
		return false, err
	}
	if err := t.Messages.Claim(ctx, t.program, v, n, t.by); err != nil {
		return false, err
	}
	switch err := t.dispatcher.Send(ctx, m); {
	case err == nil:
		t.sent.Add(1)
		if err := t.noticed(ctx, v, n); err != nil {
			telemetry.Count(ctx, telemetry.Errors, 1)
			t.Log.ErrorContext(ctx, "notice sent but not recorded; expiry postponed", "member", m.Member, "message",
				m.ID,
				"err", err)
		}
		return true, withRetries(func() error { return t.Messages.Record(ctx, t.program, v, n, t.by) })
	case errors.Is(err, notify.ErrRejected):
		t.refused.Add(1)
		return false, t.rejected(ctx, v, n, address)
	case errors.Is(err, notify.ErrNotSent):
		t.refused.Add(1)
		t.Log.WarnContext(
			ctx, "message was not sent and will be retried", "member", m.Member, "message", m.ID, "err", err,
		)
		if err := t.Messages.Release(ctx, t.program, v, t.Now().Add(again), t.by); err != nil {
			return false, err
		}
		return true, notify.ErrNotSent
	default:
		// The outcome is unknown. The claim remains. After the claim expires, a marketing message counts as sent, and a
		// transactional message is sent again (see Messages.Claim of package messages).
		return false, err
	}
}

// noticed records that a member received advance notice of expiring points or of the end of a level, if the program
// requires such notice. It runs before the message itself is recorded. If the message is sent twice, it still counts as
// one notice.
func (t *remindRun) noticed(ctx context.Context, v *messages.Visit, n remind.News) (err error) {
	if t.program.AdvanceNotice.Period.IsZero() {
		return nil
	}
	by, m := ledger.By{Actor: "reminders", Switch: switches.Exempt}, v.Account.Member
	switch n.On {
	case loyalty.BeforeExpiry:
		for _, lot := range n.Lots {
			err = errors.Join(
				err, t.Notices.Notify(ctx, t.program, m, loyalty.OfExpiry, posting.LotNotice(lot.Expires), by),
			)
		}
	case loyalty.BeforeTier:
		err = t.Notices.Notify(ctx, t.program, m, loyalty.OfFall, posting.TierNotice(v.Account.Tier), by)
	}
	return err
}

// withRetries calls record until it succeeds or has failed several times. The retries matter because an unrecorded
// message has an unknown outcome.
func withRetries(record func() error) (err error) {
	for range 3 {
		if err = record(); !errors.Is(err, ledger.ErrTryAgain) {
			return err
		}
	}
	return err
}

// rejected records that an address is invalid. The member is visited again immediately, so that another channel can be
// tried.
func (t *remindRun) rejected(ctx context.Context, v *messages.Visit, n remind.News, address string) error {
	if err := t.Messages.Release(ctx, t.program, v, t.Now(), t.by); err != nil {
		return err
	}
	return t.Consents.AddressFailed(ctx, t.program, v.Account.Member, members.FailedAddress{
		Channel: n.Channel, Address: address, Why: members.Rejected, At: t.Now(),
	})
}
