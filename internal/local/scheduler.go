package local

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/go-json-experiment/json"
)

// A Schedule is one of template.yaml's: every hour at a minute, in UTC.
type Schedule struct {
	Function   string
	Expression string // "cron(5 * * * ? *)"
}

// Schedules are those of template.yaml; a test holds the two together.
func Schedules() []Schedule {
	return []Schedule{
		{Function: "reassess", Expression: "cron(5 * * * ? *)"},
		{Function: "remind", Expression: "cron(35 * * * ? *)"},
	}
}

// minute is when in the hour the schedule fires.
func (s Schedule) minute() (int, error) {
	inner, ok := strings.CutSuffix(strings.TrimPrefix(s.Expression, "cron("), " * * * ? *)")
	minute, err := strconv.Atoi(inner)
	if !ok || err != nil || minute < 0 || minute > 59 {
		return 0, fmt.Errorf("local: %s is no hourly schedule", s.Expression)
	}
	return minute, nil
}

// A scheduler stands in for EventBridge Scheduler, on the clock of the stack: whether an instant comes by itself
// or because the clock was moved, what was due until then fires first, in its order, each at its own instant.
type scheduler struct {
	clock  *Clock
	queues *queues
	log    *slog.Logger
	timers []timer
	settle func() // waits for events that the functions caused past the queues

	mu    sync.Mutex    // one at a time fires or moves the clock
	fired time.Time     // everything due until then has been
	moved chan struct{} // wakes run: a running clock was moved
	last  map[string]Run
}

type timer struct {
	function string
	minute   int
	handler  lambda.Handler
}

// next is the first instant after t at which the timer fires.
func (tm timer) next(t time.Time) time.Time {
	at := t.Truncate(time.Hour).Add(time.Duration(tm.minute) * time.Minute)
	if !at.After(t) {
		at = at.Add(time.Hour)
	}
	return at
}

// due is what fires next after t.
func (s *scheduler) due(t time.Time) (first timer, at time.Time) {
	for _, tm := range s.timers {
		if next := tm.next(t); at.IsZero() || next.Before(at) {
			first, at = tm, next
		}
	}
	return first, at
}

// run fires the schedules as their instants come, until ctx ends.
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

// advance moves the clock on, and returns once everything that falls due on the way has fired and the queues are
// empty again.
func (s *scheduler) advance(ctx context.Context, d time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	to := s.clock.Now().Add(d)
	s.fire(ctx, to)
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("local: the clock stopped on its way at %s: %w", s.clock.Now().Format(time.RFC3339), err)
	}
	s.clock.forward(to)
	select {
	case s.moved <- struct{}{}:
	default: // run has yet to see that it was moved before
	}
	return nil
}

// fire invokes what is due until an instant, inclusive. The caller holds s.mu.
func (s *scheduler) fire(ctx context.Context, until time.Time) {
	for ctx.Err() == nil {
		tm, at := s.due(s.fired)
		if at.IsZero() || at.After(until) {
			return
		}
		s.clock.forward(at)
		s.fired = at
		began, now := s.clock.Now(), time.Now()
		err := s.invoke(tm, at)
		if err != nil {
			s.log.Error("a schedule's function failed", "function", tm.function, "due", at, "err", err)
		}
		s.queues.drain()
		s.settle()
		s.ran(tm.function, at, began, time.Since(now), err)
	}
}

// A scheduleEvent is what template.yaml has a schedule send.
type scheduleEvent struct {
	Schedule string    `json:"schedule"`
	Time     time.Time `json:"time"`
}

// invoke sends the schedule's event to its function.
func (s *scheduler) invoke(tm timer, at time.Time) error {
	payload, err := json.Marshal(scheduleEvent{tm.function, at})
	if err != nil {
		return fmt.Errorf("local: write an event: %w", err)
	}
	_, err = call(tm.handler, payload, requestID(), workerTimeout)
	return err
}
