package jobs

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/payments/activity"

	"github.com/perennial-loyalty/perennial/internal/stack/access"
)

func TestScheduleReportsThatPointInTimeRecoveryIsOff(t *testing.T) {
	for name, c := range map[string]struct {
		on               bool
		err              error
		disabled, errors float64
	}{
		"on":            {true, nil, 0, 0},
		"off":           {false, nil, 1, 0},
		"not available": {false, errors.New("as asked"), 0, 1},
		"unsupported":   {false, fmt.Errorf("%w: DynamoDB Local", errors.ErrUnsupported), 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, 0)
			b.pitr, b.backups = c.on, c.err
			counted := metered(t, b)
			b.dispatch(t, b.now)
			if got := counted(); got["PITRDisabled"] != c.disabled || got["Errors"] != c.errors {
				t.Errorf("counted %v", got)
			}
		})
	}
}

func TestScheduleReportsASilentProcessor(t *testing.T) {
	b := newBench(t, 0)
	ctx := access.As(t.Context(), "webhooks")
	// For two weeks, events arrive every hour by day. The nights are twelve hours long.
	for at := noon; at.Before(noon.AddDate(0, 0, 14)); at = at.Add(time.Hour) {
		if b.now = at; at.Hour() >= 8 && at.Hour() <= 20 {
			if err := (activity.Providers{Ledger: b.Ledger}).Record(ctx, "bluebird", "stripe"); err != nil {
				t.Fatal(err)
			}
		}
	}
	last := b.now // 11:00
	counted := metered(t, b)
	for _, c := range []struct {
		after  time.Duration
		silent float64
	}{{time.Hour, 0}, {24 * time.Hour, 0}, {25 * time.Hour, 1}, {72 * time.Hour, 1}, {15 * 24 * time.Hour, 0}} {
		b.now = last.Add(c.after)
		b.dispatch(t, b.now)
		if got := counted()["SilentProvider"]; got != c.silent {
			t.Errorf("%s after the last event, %v processors are silent, want %v", c.after, got, c.silent)
		}
	}
}

// A failed check is counted and does not fail the schedule, which would send its messages again.
func TestFailedCheckDoesNotFailTheSchedule(t *testing.T) {
	b := newBench(t, 3)
	b.backups = context.DeadlineExceeded
	b.dispatch(t, b.now)
	if len(b.sent) == 0 {
		t.Error("no shard was sent")
	}
}
