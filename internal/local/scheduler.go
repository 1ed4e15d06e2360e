package local

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/local/gateway"
)

// A Schedule is a schedule of template.yaml. It runs once an hour at a given minute (UTC).
type Schedule struct {
	Function   string
	Expression string // a cron expression such as "cron(5 * * * ? *)"
}

// Schedules returns the schedules of template.yaml. A test compares them with the template.
func Schedules() []Schedule {
	return []Schedule{
		{Function: "reassess", Expression: "cron(5 * * * ? *)"},
		{Function: "remind", Expression: "cron(35 * * * ? *)"},
	}
}

// minute returns the minute of the hour at which the schedule runs.
func (s Schedule) minute() (int, error) {
	inner, ok := strings.CutSuffix(strings.TrimPrefix(s.Expression, "cron("), " * * * ? *)")
	minute, err := strconv.Atoi(inner)
	if !ok || err != nil || minute < 0 || minute > 59 {
		return 0, fmt.Errorf("local: %s is not an hourly schedule", s.Expression)
	}
	return minute, nil
}

// A scheduler emulates EventBridge Scheduler on the stack's clock. When the clock runs or is advanced, the scheduler
// runs every schedule until the new time, in order and each at its own instant.
type scheduler struct {
	clock  *Clock
	queues *queues
	log    *slog.Logger
	timers []timer
	settle func() // waits until the events that functions caused outside the queues are delivered

	// requests counts the requests, because each request may change which work is due.
	requests atomic.Int64

	mu    sync.Mutex    // held while schedules run or the clock is advanced
	fired time.Time     // every schedule until this instant has run or was skipped
	moved chan struct{} // wakes the method run after a running clock was advanced
	last  map[string]Run
}

type timer struct {
	function string
	minute   int
	handler  lambda.Handler
	work     nextWork // nil if no run may be skipped
}

// A nextWork is the method NextWork of a jobs.Scheduled.
type nextWork func(ctx context.Context, at time.Time) (time.Time, error)

// next returns the first instant after t at which the timer is due.
func (tm timer) next(t time.Time) time.Time {
	at := t.Truncate(time.Hour).Add(time.Duration(tm.minute) * time.Minute)
	if !at.After(t) {
		at = at.Add(time.Hour)
	}
	return at
}

// due returns the timer that is due first after t, and the instant at which it is due.
func (s *scheduler) due(t time.Time) (first timer, at time.Time) {
	for _, tm := range s.timers {
		if next := tm.next(t); at.IsZero() || next.Before(at) {
			first, at = tm, next
		}
	}
	return first, at
}

// run runs the schedules at their instants until ctx ends.
func (s *scheduler) run(ctx context.Context) {
	for ctx.Err() == nil {
		s.mu.Lock()
		_, at := s.due(s.fired)
		s.mu.Unlock()
		var wait <-chan time.Time
		if !s.clock.frozen && !at.IsZero() {
			wait = time.After(at.Sub(s.clock.Now()))
		}
		select {
		case <-ctx.Done():
		case <-s.moved:
		case <-wait:
			s.mu.Lock()
			s.fire(ctx, s.clock.Now())
			s.mu.Unlock()
		}
	}
}

// advance advances the clock. It returns when every schedule that is due by the new time has run and the queues
// are empty.
func (s *scheduler) advance(ctx context.Context, d time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	to := s.clock.Now().Add(d)
	s.fire(ctx, to)
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("local: the clock stopped at %s: %w", s.clock.Now().Format(time.RFC3339), err)
	}
	s.clock.forward(to)
	select {
	case s.moved <- struct{}{}:
	default: // the earlier signal has not been received yet
	}
	return nil
}

// fire runs the schedules until an instant, including this instant. It skips runs that would have no effect. The caller
// must hold s.mu.
func (s *scheduler) fire(ctx context.Context, until time.Time) {
	var idle time.Time // no schedule has work before this instant
	seen := int64(-1)  // the value of s.requests when idle was determined
	for ctx.Err() == nil {
		tm, at := s.due(s.fired)
		if at.IsZero() || at.After(until) {
			return
		}
		s.clock.forward(at)
		s.fired = at
		if now := s.requests.Load(); now != seen {
			seen, idle = now, s.nextWork(ctx, at)
		}
		if at.Before(idle) {
			s.ran(tm.function, at, at, 0, nil)
			continue
		}
		s.runOne(tm, at)
		seen = -1
	}
}

// never is an instant that is later than any time of the clock.
var never = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// nextWork returns the earliest instant at which a schedule may have work. It is not before the given instant.
func (s *scheduler) nextWork(ctx context.Context, at time.Time) time.Time {
	if s.queues.waiting() {
		return at
	}
	next := never
	for _, tm := range s.timers {
		if tm.work == nil {
			return at
		}
		one, err := tm.work(ctx, at)
		switch {
		case err != nil:
			return at // the function reports the error when it runs
		case !one.IsZero() && one.Before(next):
			next = one
		}
	}
	return next
}

// runOne runs the schedule of a timer. The clock is already at the instant of the run.
func (s *scheduler) runOne(tm timer, at time.Time) {
	began, now := s.clock.Now(), time.Now()
	err := s.invoke(tm, at)
	if err != nil {
		s.log.Error("function of schedule failed", "function", tm.function, "due", at, "err", err)
	}
	s.queues.drain()
	s.settle()
	s.ran(tm.function, at, began, time.Since(now), err)
}

// A scheduleEvent is the event that template.yaml defines for schedules.
type scheduleEvent struct {
	Schedule string    `json:"schedule"`
	Time     time.Time `json:"time"`
}

// invoke sends the event of a schedule to the function of the timer.
func (s *scheduler) invoke(tm timer, at time.Time) error {
	payload, err := json.Marshal(scheduleEvent{tm.function, at})
	if err != nil {
		return fmt.Errorf("local: encode an event: %w", err)
	}
	_, err = gateway.Invoke(tm.handler, payload, gateway.RequestID(), workerTimeout)
	return err
}
