package jobs

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/perennial-loyalty/perennial/internal/payments/activity"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// ReassessQueue is the queue to which Reassess sends messages, and from which it receives them.
const ReassessQueue = "reassess"

// maxSeparateRetries is the maximum number of failed members of a message that are retried individually. If more
// members fail, there is probably a general problem, and the queue redelivers the whole message.
const maxSeparateRetries = 10

// Reassess settles the due accounts: pending points become active, lots and reservations expire, and tiers are
// reviewed.
func Reassess(a *app.App) lambda.Handler {
	r := reassess{a}
	return scheduled{r.Invoke, r.NextWork}
}

type reassess struct{ *app.App }

// A shardTask is a queue message. It names one member to settle or to erase, or a shard of a program whose members that
// are due at an instant are to be settled. In a shard, the work starts at a cursor.
type shardTask struct {
	Program string    `json:"program"`
	Shard   int       `json:"shard"`
	Due     time.Time `json:"due"`
	// If All is set, members who are not due are settled too, because the requirements of levels have changed.
	All    bool             `json:"all,omitzero"`
	From   string           `json:"from,omitzero"`
	Member loyalty.MemberID `json:"member,omitzero"`
	Erase  bool             `json:"erase,omitzero"` // the member's erasure is due
}

func (r reassess) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	return r.Run(ctx, "reassess", func(ctx context.Context) ([]byte, error) {
		e, err := readEvent(payload, "reassess")
		if err != nil {
			return nil, err
		}
		if e.Records == nil {
			return r.dispatch(ctx, e)
		}
		run := workerRun{reassess: r}
		return each(ctx, r.Log, e.Records, run.work)
	})
}

// dispatch sends a message for each shard with due members. If a message for one shard cannot be sent, it still sends
// the others, and then returns the error so that the schedule is retried.
func (r reassess) dispatch(ctx context.Context, e event) ([]byte, error) {
	countLateness(ctx, e, r.Now())
	r.watchBackups(ctx)
	var bodies []string
	var failures []error
	for program, err := range r.Catalog.ProgramIDs(ctx) {
		if err != nil {
			failures = append(failures, err)
			break
		}
		r.watchProviders(ctx, program)
		if stopped, err := readOnly(ctx, r.App, program); stopped || err != nil {
			failures = append(failures, err)
			continue
		}
		all, err := r.retiered(ctx, program, e.Time)
		failures = append(failures, err)
		for shard := range stored.Shards {
			due, err := r.DueQueue.Any(ctx, program, shard, e.Time)
			if err != nil {
				failures = append(failures, err)
				continue
			}
			if !due && !all {
				continue
			}
			body, err := json.Marshal(shardTask{Program: program, Shard: shard, Due: e.Time, All: all})
			if err != nil {
				return nil, fmt.Errorf("jobs: reassess: encode a message: %w", err)
			}
			bodies = append(bodies, string(body))
		}
		erasures, err := r.erasures(ctx, program, e.Time)
		bodies, failures = append(bodies, erasures...), append(failures, err)
	}
	if len(bodies) > 0 {
		failures = append(failures, r.Queue.Send(ctx, ReassessQueue, bodies...))
		r.Log.InfoContext(ctx, "shards due", "schedule", e.Schedule, "due", e.Time, "shards", len(bodies))
	}
	if err := errors.Join(failures...); err != nil {
		return nil, fmt.Errorf("jobs: reassess: %w", err)
	}
	return json.Marshal(map[string]int{"shards": len(bodies)})
}

// publicationDelay is longer than the time after which every running function uses a newly published version (at most
// 30 seconds). If two runs detect the same version, its members are checked twice, which has no further effect.
const publicationDelay = time.Minute

// retiered reports whether a version with different requirements for levels has taken effect since the last scheduled
// run. Such a version can also move members who are not due. If the run that checks these members fails, they move when
// they are next due, or with their next command.
func (r reassess) retiered(ctx context.Context, program string, at time.Time) (bool, error) {
	p, err := r.Programs.Live(ctx, program)
	if errors.Is(err, app.ErrNotPublished) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	since, err := r.sweepSince(ctx, p)
	return !since.IsZero() && !since.After(at) && since.After(at.Add(-time.Hour-publicationDelay)), err
}

// A workerRun is one invocation of a worker function.
type workerRun struct {
	reassess
	done int64 // number of members settled in all messages
}

// work settles the members of one message.
func (s *workerRun) work(ctx context.Context, body string) error {
	var m shardTask
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		return fmt.Errorf("jobs: reassess: decode a message: %w", err)
	}
	p, err := s.Programs.Live(ctx, m.Program)
	if err != nil {
		return fmt.Errorf("jobs: reassess %s: %w", m.Program, err)
	}
	if stopped, err := readOnly(ctx, s.App, m.Program); err != nil {
		return err
	} else if stopped {
		return postponed(ctx, s.App, m.Program, m.All)
	}
	if m.Erase {
		return s.erase(ctx, p, m.Member)
	}
	if m.Member != "" {
		return s.one(ctx, p, m)
	}
	w := settleRun{reassess: s.reassess, program: p}
	if err := w.guard(ctx, m); err != nil {
		return err
	}
	next, err := w.run(ctx, m)
	s.done += w.done.Load()
	s.Log.InfoContext(ctx, "shard processed", "program", m.Program, "shard", m.Shard, "due", m.Due,
		"members", w.done.Load(), "entries", w.entries.Load(), "failed", len(w.failed), "finished", next == "")
	if err != nil {
		return err
	}
	return s.requeueRest(ctx, m, &w, next)
}

// requeueRest sends messages for the remaining work. If the time ended, one message continues the shard from the
// cursor. Each failed member gets a message, so that a member that always fails moves to the dead-letter queue alone.
// requeueRest sends these messages only if at least one member was settled. Otherwise it returns an error. The queue
// then redelivers the message, and moves it to the dead-letter queue after a few deliveries.
func (s *workerRun) requeueRest(ctx context.Context, m shardTask, w *settleRun, next string) error {
	if len(w.failed) > maxSeparateRetries || s.done == 0 && (next != "" || len(w.failed) > 0) {
		return fmt.Errorf("jobs: reassess %s: %d members of shard %d failed, %d succeeded", m.Program, len(w.failed),
			m.Shard, w.done.Load())
	}
	var left []shardTask
	if next != "" {
		left = append(left, shardTask{Program: m.Program, Shard: m.Shard, Due: m.Due, All: m.All, From: next})
	}
	for _, member := range w.failed {
		left = append(left, shardTask{Program: m.Program, Shard: m.Shard, Due: m.Due, Member: member})
	}
	var bodies []string
	for _, x := range left {
		body, err := json.Marshal(x)
		if err != nil {
			return fmt.Errorf("jobs: reassess: encode a message: %w", err)
		}
		bodies = append(bodies, string(body))
	}
	if len(bodies) == 0 {
		return nil
	}
	return s.Queue.Send(ctx, ReassessQueue, bodies...)
}

// one settles a member whose earlier settlement failed.
func (s *workerRun) one(ctx context.Context, p *loyalty.Program, m shardTask) error {
	w := settleRun{reassess: s.reassess, program: p}
	w.advance(ctx, m.Member, func() (int, error) { return s.Ledger.Advance(ctx, p, m.Member) })
	s.done += w.done.Load()
	if len(w.failed) > 0 {
		return fmt.Errorf("jobs: reassess %s: %s failed again", m.Program, m.Member)
	}
	return nil
}

// A settleRun settles the due members of one shard.
type settleRun struct {
	reassess
	program       *loyalty.Program
	done, entries atomic.Int64

	mu     sync.Mutex
	failed []loyalty.MemberID
}

// run settles the members of a message. If it runs out of time, it returns the cursor from which the work must
// continue. If it finished the shard, it returns "".
func (w *settleRun) run(ctx context.Context, m shardTask) (next string, err error) {
	members, wait := workerPool(func(d ledger.Due) {
		w.advance(ctx, d.Member, func() (int, error) { return w.DueQueue.Advance(ctx, w.program, d) })
	})
	defer wait()
	for d, err := range w.listed(ctx, m) {
		if err != nil {
			return "", fmt.Errorf("jobs: reassess %s: list shard %d: %w", m.Program, m.Shard, err)
		}
		if outOfTime(ctx) {
			return d.Place, nil
		}
		members <- d
	}
	return "", nil
}

// listed returns the members that a message requests to settle.
func (w *settleRun) listed(ctx context.Context, m shardTask) iter.Seq2[ledger.Due, error] {
	if m.All {
		return w.DueQueue.Dated(ctx, m.Program, m.Shard, m.From)
	}
	return w.DueQueue.From(ctx, m.Program, m.Shard, m.From, m.Due)
}

// advance settles one member with the function do. A panic counts as a failure of this member only.
func (w *settleRun) advance(ctx context.Context, member loyalty.MemberID, do func() (int, error)) {
	fail := func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.failed = append(w.failed, member)
	}
	defer func() {
		if p := recover(); p != nil {
			fail()
			telemetry.Count(ctx, telemetry.Errors, 1)
			w.Log.ErrorContext(
				ctx, "settling a member panicked", "request_id", app.RequestID(ctx), "member", member, "panic", p,
			)
		}
	}()
	n, err := do()
	if err != nil {
		fail()
		app.CountViolation(ctx, err)
		w.Log.ErrorContext(ctx, "member could not be settled", "member", member, "err", err)
		return
	}
	w.entries.Add(int64(n))
	w.done.Add(1)
}

// The hourly schedule of Reassess also checks conditions that no request would reveal. It logs problems and counts them
// for alarms. A failed check is logged and counted as an error, but is no reason to repeat the work of the schedule.

// watchBackups checks whether the table's point-in-time recovery is enabled, and reports a problem if it is not.
func (r reassess) watchBackups(ctx context.Context) {
	if r.Backups == nil {
		return
	}
	on, err := r.Backups(ctx)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		r.Log.InfoContext(ctx, "backups not checked", "err", err)
	case err != nil:
		telemetry.Count(ctx, telemetry.Errors, 1)
		r.Log.ErrorContext(ctx, "backups could not be checked", "err", err)
	case !on:
		telemetry.Count(ctx, telemetry.PITRDisabled, 1)
		r.Log.ErrorContext(ctx, "point-in-time recovery of the table is disabled; enable it")
	}
}

// watchProviders reports the payment processors of a program that have sent no events for longer than usual.
func (r reassess) watchProviders(ctx context.Context, program string) {
	for a, err := range (activity.Providers{Ledger: r.Ledger}).List(ctx, program) {
		if err != nil {
			telemetry.Count(ctx, telemetry.Errors, 1)
			r.Log.ErrorContext(
				ctx, "activity of payment processors could not be checked", "program", program, "err", err,
			)
			return
		}
		if a.Silent(r.Now()) {
			telemetry.Count(ctx, telemetry.SilentProvider, 1)
			r.Log.ErrorContext(ctx, "payment processor is silent", "program", program, "provider", a.Name,
				"last_event", a.Last, "usual_gap", a.Usual().String())
		}
	}
}
