package jobs

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/switches"
)

func (b *bench) setSwitches(t *testing.T, stopped ...switches.Switch) {
	t.Helper()
	_, err := b.Catalog.SetSwitches(t.Context(), "bluebird", stopped, "incident", "test")
	if err != nil {
		t.Fatal(err)
	}
	b.Programs.Forget("bluebird")
}

// TestReadOnlyProgramIsSettledAfterRelease makes a program read-only before a run and between a run and its messages.
// Its members remain due, and the next run after the release settles them.
func TestReadOnlyProgramIsSettledAfterRelease(t *testing.T) {
	b := newBench(t, 3)
	b.setSwitches(t, switches.ReadOnly)
	b.dispatch(t, b.now)
	if len(b.sent) > 0 {
		t.Errorf("a read-only program has the messages %v", b.sent)
	}
	b.setSwitches(t, switches.Earn)
	b.dispatch(t, b.now)
	b.setSwitches(t, switches.ReadOnly)
	if failed := b.deliver(t, t.Context(), b.sent...); len(failed) > 0 || b.due(t) != 3 {
		t.Errorf("failed: %v, due: %d", failed, b.due(t))
	}
	b.setSwitches(t)
	b.sent = nil
	b.dispatch(t, b.now)
	if failed := b.deliver(t, t.Context(), b.sent...); len(failed) > 0 || b.due(t) != 0 {
		t.Errorf("after the release, failed: %v, due: %d", failed, b.due(t))
	}
}

// TestReadOnlyKeepsSweep requires that a message for all members is delivered again, and that a version that took
// effect while the program was read-only is applied after the release.
func TestReadOnlyKeepsSweep(t *testing.T) {
	b := newBench(t, 1)
	b.setSwitches(t, switches.ReadOnly)
	all := `{"program":"bluebird","shard":0,"due":"2026-12-16T12:00:00Z","all":true}`
	if failed := b.deliver(t, t.Context(), all); len(failed) != 1 {
		t.Errorf("failed: %v", failed)
	}
	r := reassess{b.App}
	p := *b.program
	since := func(refresh time.Time) time.Time {
		t.Helper()
		p.Tiers.Refresh.At = refresh
		at, err := r.sweepSince(t.Context(), &p)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	held := b.now
	b.now = b.now.Add(24 * time.Hour)
	b.setSwitches(t)
	for _, c := range []struct{ refresh, want time.Time }{
		{time.Time{}, time.Time{}},
		{held.Add(time.Hour), b.now},
		{held.Add(-time.Hour), b.now}, // the run that would have applied it was skipped
		{held.Add(-2 * time.Hour), held.Add(-2 * time.Hour)},
		{b.now.Add(time.Minute), b.now.Add(time.Minute)},
	} {
		if got := since(c.refresh); !got.Equal(c.want) {
			t.Errorf("a version of %s is applied from %s, want %s", c.refresh, got, c.want)
		}
	}
}

// TestReadOnlyStopsReminders runs the schedule of reminders for a read-only program, and again after the release.
func TestReadOnlyStopsReminders(t *testing.T) {
	b, p := newBench(t, 0), &provider{}
	b.now = noon
	b.remember(t, 1)
	b.remindAll(t, p)
	b.now = firstNotice.Add(35 * time.Minute)
	b.setSwitches(t, switches.ReadOnly)
	b.remindAll(t, p)
	if len(p.took) > 0 {
		t.Errorf("a read-only program sent %v", said(p))
	}
	b.setSwitches(t)
	b.remindAll(t, p)
	if len(p.took) != 1 {
		t.Errorf("after the release, sent %v", said(p))
	}
}
