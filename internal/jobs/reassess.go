package jobs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// ReassessQueue is the queue that Reassess sends to and is fed from.
const ReassessQueue = "reassess"

const (
	// reserve is what is left of a function's time when it begins no more work: enough to end what is under way
	// and to send the message that continues it.
	reserve = 5 * time.Second

	// abreast is how many members of one shard are worked on at once. A member takes a few milliseconds, all of
	// them spent waiting for the table.
	abreast = 8
)

// Reassess brings the accounts that are due up to date: pending points that become active, lots that lapse,
// holds that end, tiers that are reviewed.
func Reassess(a *app.App) lambda.Handler { return reassess{a} }

type reassess struct{ *app.App }

// A shardful is a message: work through what was due in one shard of a program at an instant.
type shardful struct {
	Program string    `json:"program"`
	Shard   int       `json:"shard"`
	Due     time.Time `json:"due"`
}

func (r reassess) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	e, err := readEvent(payload, "reassess")
	if err != nil {
		return nil, err
	}
	if e.Records == nil {
		return r.dispatch(ctx, e)
	}
	return each(ctx, e.Records, r.work, func(id string, err error) {
		r.Log.ErrorContext(ctx, "a message will be delivered again", "message", id, "err", err)
	})
}

// dispatch sends a message for each shard in which something is due. What cannot be looked at is reported in
// the end, so that the schedule repeats it, and keeps nothing else from being sent.
func (r reassess) dispatch(ctx context.Context, e event) ([]byte, error) {
	var bodies []string
	var failures []error
	for _, program := range e.programs() {
		for shard := range ledger.Shards {
			due, err := r.anyDue(ctx, program, shard, e.Time)
			if err != nil {
				failures = append(failures, err)
				continue
			}
			if !due {
				continue
			}
			body, err := json.Marshal(shardful{program, shard, e.Time})
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

func (r reassess) anyDue(ctx context.Context, program string, shard int, at time.Time) (bool, error) {
	for _, err := range r.Ledger.Due(ctx, program, shard, at) {
		return err == nil, err
	}
	return false, nil
}

// work brings the members of one shard up to date. When its time runs out it sends its own message again: those
// who are done are no longer due. It only does so after some progress; a shard in which nobody can be brought up
// to date is left to the queue, which gives up after a few deliveries and keeps the message for a person.
func (r reassess) work(ctx context.Context, body string) error {
	var m shardful
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		return fmt.Errorf("jobs: reassess: read a message: %w", err)
	}
	p, err := r.Programs.Live(ctx, m.Program)
	if err != nil {
		return fmt.Errorf("jobs: reassess %s: %w", m.Program, err)
	}
	w := walk{reassess: r, program: p}
	finished, err := w.run(ctx, m)
	r.Log.InfoContext(ctx, "shard worked through", "program", m.Program, "shard", m.Shard, "due", m.Due,
		"members", w.done.Load(), "entries", w.entries.Load(), "failed", w.failed.Load(), "finished", finished)
	switch {
	case err != nil:
		return err
	case !finished && w.done.Load() > 0:
		return r.Queue.Send(ctx, ReassessQueue, body)
	case !finished || w.failed.Load() > 0:
		return fmt.Errorf("jobs: reassess %s: %d members of shard %d failed, %d did not", m.Program, w.failed.Load(), m.Shard, w.done.Load())
	}
	return nil
}

// A walk is one pass over the due members of a shard.
type walk struct {
	reassess
	program               *loyalty.Program
	done, failed, entries atomic.Int64
}

// run reports whether it came to the end before its time did.
func (w *walk) run(ctx context.Context, m shardful) (finished bool, err error) {
	members := make(chan loyalty.MemberID)
	var workers sync.WaitGroup
	for range abreast {
		workers.Go(func() {
			for member := range members {
				w.advance(ctx, member)
			}
		})
	}
	defer workers.Wait()
	defer close(members)
	for member, err := range w.Ledger.Due(ctx, m.Program, m.Shard, m.Due) {
		if err != nil {
			return false, fmt.Errorf("jobs: reassess %s: list shard %d: %w", m.Program, m.Shard, err)
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < reserve {
			return false, nil
		}
		members <- member
	}
	return true, nil
}

// advance brings one member up to date. A panic is that member's failure alone.
func (w *walk) advance(ctx context.Context, member loyalty.MemberID) {
	defer func() {
		if p := recover(); p != nil {
			w.failed.Add(1)
			w.Log.ErrorContext(ctx, "bringing a member up to date panicked", "member", member, "panic", p)
		}
	}()
	n, err := w.Ledger.Advance(ctx, w.program, member)
	if err != nil {
		w.failed.Add(1)
		w.Log.ErrorContext(ctx, "a member could not be brought up to date", "member", member, "err", err)
		return
	}
	w.entries.Add(int64(n))
	w.done.Add(1)
}
