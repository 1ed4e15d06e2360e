package local

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/go-json-experiment/json"
)

// TestFailedMessageIsRedrivenOnce checks that a message that fails five times is set aside and listed, and
// processed once after it is sent again.
func TestFailedMessageIsRedrivenOnce(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	q := newQueues(log)
	s := &Stack{
		queues: q,
		scheduler: &scheduler{
			clock: NewClock(noon), queues: q, log: log, fired: noon, moved: make(chan struct{}, 1), settle: func() {},
		},
	}
	broken, calls, done := true, 0, 0
	q.handle("work", invoked(func(_ context.Context, payload []byte) ([]byte, error) {
		var e events.SQSEvent
		if err := json.Unmarshal(payload, &e); err != nil {
			return nil, err
		}
		if calls++; broken {
			return nil, errors.New("as requested")
		}
		done += len(e.Records)
		return []byte(`{"batchItemFailures":[]}`), nil
	}))
	s.scheduler.timers = []timer{{"work", 5, invoked(func(ctx context.Context, _ []byte) ([]byte, error) {
		if !broken {
			return nil, errors.New("the schedule's turn")
		}
		return nil, q.Send(ctx, "work", "body")
	}), nil}, {"idle", 0, invoked(func(context.Context, []byte) ([]byte, error) { return nil, nil }), nil}}
	if runs := s.Runs(); len(runs) != 0 {
		t.Errorf("before the first run: %+v", runs)
	}
	if err := s.Advance(t.Context(), 10*time.Minute); err != nil {
		t.Fatal(err)
	}
	runs := s.Runs()
	if len(runs) != 1 || runs[0].Function != "work" || !runs[0].Due.Equal(noon.Add(5*time.Minute)) ||
		runs[0].Lag != "0s" || runs[0].GivenUp != 1 || calls != 5 {
		t.Errorf("after %d calls: %+v", calls, runs)
	}
	broken = false
	failed := s.Failures()
	if len(failed) != 1 || failed[0].Body != "body" || failed[0].Queue != "work" || failed[0].Attempts != maxReceives {
		t.Fatalf("the list is %+v", failed)
	}
	if n := s.Redrive(failed[0].ID, "nothing"); n != 1 || done != 1 || s.Dead()["work"] != 0 {
		t.Errorf("%d were sent again, %d processed, and %v failed", n, done, s.Dead())
	}
	if n := s.Redrive(failed[0].ID); n != 0 || done != 1 {
		t.Errorf("a second time, %d were sent and %d processed", n, done)
	}
	if err := s.Advance(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	if runs := s.Runs(); len(runs) != 2 || runs[0].Failed == "" || runs[1].Failed != "" {
		t.Errorf("then %+v", runs)
	}
}
