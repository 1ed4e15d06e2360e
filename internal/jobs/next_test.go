package jobs

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/payments/activity"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// TestNextWork goes through the states in which a schedule has work, and those in which it waits.
func TestNextWork(t *testing.T) {
	b := newBench(t, 1)
	p := &provider{}
	reminders, levels := Remind(p.dispatcher)(b.App).(Scheduled), Reassess(b.App).(Scheduled)
	want := func(state string, s Scheduled, next time.Time) {
		t.Helper()
		b.Programs.Forget("bluebird")
		if got, err := s.NextWork(t.Context(), b.now); err != nil || !got.Equal(next) {
			t.Errorf("%s: %s, want %s; %v", state, got, next, err)
		}
	}
	want("the table has backups to check", levels, b.now)
	b.Backups = nil
	want("points that became active yesterday", levels, noon.AddDate(0, 0, 14))
	want("reminders that were never planned", reminders, b.now)
	b.remindAll(t, p)
	if next, err := reminders.NextWork(t.Context(), b.now); err != nil || !next.After(b.now) {
		t.Errorf("planned reminders: %s; %v", next, err)
	}

	expiry := time.Date(2027, 12, 31, 23, 0, 0, 0, time.UTC)
	want("active points", levels, expiry)
	b.republish(t, "400", "", loyalty.FullRefresh)
	scheduled := b.now.Add(-30 * time.Minute)
	b.now = scheduled.Add(-time.Minute)
	want("a scheduled version", levels, scheduled)
	want("a scheduled version", reminders, scheduled)
	b.now = scheduled.Add(time.Minute)
	want("levels that have just changed", levels, b.now)
	b.now = scheduled.Add(2 * time.Hour)
	want("levels that changed two hours ago", levels, expiry)

	if err := (activity.Providers{Ledger: b.Ledger}).Record(t.Context(), "bluebird", "stripe"); err != nil {
		t.Fatal(err)
	}
	want("a payment processor", levels, b.now)
	b.now = b.now.AddDate(0, 0, 14)
	want("a disconnected processor", levels, expiry)
}
