package jobs

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// ReassessQueue is the queue that Reassess sends to and is fed from.
const ReassessQueue = "reassess"

// apart is how many members of one message may fail and be tried again each by itself. If it is more, it is not about
// them, and the message is left to the queue as it is.
const apart = 10

// Reassess brings the accounts that are due up to date: pending points that become active, lots that lapse,
// holds that end, tiers that are reviewed.
func Reassess(a *app.App) lambda.Handler { return reassess{a} }

type reassess struct{ *app.App }

// A shardful is a message: work through what was due in one shard of a program at an instant, from a place in its
// queue on; or bring one member up to date.
type shardful struct {
	Program string           `json:"program"`
	Shard   int              `json:"shard"`
	Due     time.Time        `json:"due"`
	All     bool             `json:"all,omitzero"` // also those who are not due: what levels take has changed
	From    string           `json:"from,omitzero"`
	Member  loyalty.MemberID `json:"member,omitzero"`
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
		shift := shift{reassess: r}
		return each(ctx, r.Log, e.Records, shift.work)
	})
}

// dispatch sends a message for each shard in which something is due. What cannot be looked at is reported in
// the end, so that the schedule repeats it, and keeps nothing else from being sent.
func (r reassess) dispatch(ctx context.Context, e event) ([]byte, error) {
	countLateness(ctx, e, r.Now())
	r.watchBackups(ctx)
	var bodies []string
	var failures []error
	for program, err := range r.Ledger.ProgramIDs(ctx) {
		if err != nil {
			failures = append(failures, err)
			break
		}
		r.watchProviders(ctx, program)
		all, err := r.retiered(ctx, program, e.Time)
		failures = append(failures, err)
		for shard := range ledger.Shards {
			due, err := r.Ledger.AnyDue(ctx, program, shard, e.Time)
			if err != nil {
				failures = append(failures, err)
				continue
			}
			if !due && !all {
				continue
			}
			body, err := json.Marshal(shardful{Program: program, Shard: shard, Due: e.Time, All: all})
			if err != nil {
				return nil, fmt.Errorf("jobs: reassess: write a message: %w", err)
			}
			bodies = append(bodies, string(body))
		}
	}
	if len(bodies) > 0 {
		failures = append(failures, r.Queue.Send(ctx, ReassessQueue, bodies...))
		r.Log.InfoContext(ctx, "shards are due", "schedule", e.Schedule, "due", e.Time, "shards", len(bodies))
	}
	if err := errors.Join(failures...); err != nil {
		return nil, fmt.Errorf("jobs: reassess: %w", err)
	}
	return json.Marshal(map[string]int{"shards": len(bodies)})
}

// unseen is how long a publication may stay unseen by a warm function; what it sees twice is only looked at twice.
const unseen = time.Minute

// retiered reports whether a version took over since the schedule last fired that changed what levels take: then members
// may move who are not due. A schedule that was missed leaves them to what becomes due of them later, or to their own
// next command.
func (r reassess) retiered(ctx context.Context, program string, at time.Time) (bool, error) {
	p, err := r.Programs.Live(ctx, program)
	if errors.Is(err, app.ErrNotPublished) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	since := p.Tiers.Refresh.At
	return !since.IsZero() && !since.After(at) && since.After(at.Add(-time.Hour-unseen)), nil
}

// A shift is one invocation of a worker.
type shift struct {
	reassess
	done int64 // members, over all messages
}

// work brings the members of one message up to date.
func (s *shift) work(ctx context.Context, body string) error {
	var m shardful
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		return fmt.Errorf("jobs: reassess: read a message: %w", err)
	}
	p, err := s.Programs.Live(ctx, m.Program)
	if err != nil {
		return fmt.Errorf("jobs: reassess %s: %w", m.Program, err)
	}
	if m.Member != "" {
		return s.one(ctx, p, m)
	}
	w := walk{reassess: s.reassess, program: p}
	if err := w.guard(ctx, m); err != nil {
		return err
	}
	next, err := w.run(ctx, m)
	s.done += w.done.Load()
	s.Log.InfoContext(ctx, "shard worked through", "program", m.Program, "shard", m.Shard, "due", m.Due,
		"members", w.done.Load(), "entries", w.entries.Load(), "failed", len(w.failed), "finished", next == "")
	if err != nil {
		return err
	}
	return s.handOn(ctx, m, &w, next)
}

// handOn sends what a walk has left: the rest of the shard, from the place at which its time ran out, and each member
// who failed by itself, so that one who always does ends among the dead letters alone. It does so only after some
// progress: a shard in which nobody can be brought up to date is left to the queue, which gives up after a few
// deliveries and keeps the message for a person.
func (s *shift) handOn(ctx context.Context, m shardful, w *walk, next string) error {
	if len(w.failed) > apart || s.done == 0 && (next != "" || len(w.failed) > 0) {
		return fmt.Errorf("jobs: reassess %s: %d members of shard %d failed, %d did not", m.Program, len(w.failed), m.Shard, w.done.Load())
	}
	var left []shardful
	if next != "" {
		left = append(left, shardful{Program: m.Program, Shard: m.Shard, Due: m.Due, All: m.All, From: next})
	}
	for _, member := range w.failed {
		left = append(left, shardful{Program: m.Program, Shard: m.Shard, Due: m.Due, Member: member})
	}
	var bodies []string
	for _, x := range left {
		body, err := json.Marshal(x)
		if err != nil {
			return fmt.Errorf("jobs: reassess: write a message: %w", err)
		}
		bodies = append(bodies, string(body))
	}
	if len(bodies) == 0 {
		return nil
	}
	return s.Queue.Send(ctx, ReassessQueue, bodies...)
}

// one brings a member up to date who failed before.
func (s *shift) one(ctx context.Context, p *loyalty.Program, m shardful) error {
	w := walk{reassess: s.reassess, program: p}
	w.advance(ctx, m.Member, func() (int, error) { return s.Ledger.Advance(ctx, p, m.Member) })
	s.done += w.done.Load()
	if len(w.failed) > 0 {
		return fmt.Errorf("jobs: reassess %s: %s failed again", m.Program, m.Member)
	}
	return nil
}

// A walk is one pass over the due members of a shard.
type walk struct {
	reassess
	program       *loyalty.Program
	done, entries atomic.Int64

	mu     sync.Mutex
	failed []loyalty.MemberID
}

// run returns the place at which its time ran out, empty if it came to the end before.
func (w *walk) run(ctx context.Context, m shardful) (next string, err error) {
	members, wait := crew(func(d ledger.Due) {
		w.advance(ctx, d.Member, func() (int, error) { return w.Ledger.AdvanceDue(ctx, w.program, d) })
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

// listed is whom a message is about.
func (w *walk) listed(ctx context.Context, m shardful) iter.Seq2[ledger.Due, error] {
	if m.All {
		return w.Ledger.Dated(ctx, m.Program, m.Shard, m.From)
	}
	return w.Ledger.DueFrom(ctx, m.Program, m.Shard, m.From, m.Due)
}

// advance brings one member up to date. A panic is that member's failure alone.
func (w *walk) advance(ctx context.Context, member loyalty.MemberID, do func() (int, error)) {
	fail := func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.failed = append(w.failed, member)
	}
	defer func() {
		if p := recover(); p != nil {
			fail()
			telemetry.Count(ctx, telemetry.Errors, 1)
			w.Log.ErrorContext(ctx, "bringing a member up to date panicked", "request_id", app.RequestID(ctx), "member", member, "panic", p)
		}
	}()
	n, err := do()
	if err != nil {
		fail()
		app.CountViolation(ctx, err)
		w.Log.ErrorContext(ctx, "a member could not be brought up to date", "member", member, "err", err)
		return
	}
	w.entries.Add(int64(n))
	w.done.Add(1)
}
