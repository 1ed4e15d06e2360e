package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/switches"
)

// readOnly reports whether the kill switch read_only of a program is set. Schedules then skip the program. Its members
// remain due, so that the first run after the release processes them.
func readOnly(ctx context.Context, a *app.App, program string) (bool, error) {
	s, _, err := a.Programs.Schedule(ctx, program)
	return s.Switches.Has(switches.ReadOnly), err
}

// postponed handles a queue message of a program that is read-only. Members who are due remain due, so that the message
// can be dropped. A message for all members cannot: postponed returns an error, so that the queue delivers it again,
// and finally moves it to the dead-letter queue.
func postponed(ctx context.Context, a *app.App, program string, all bool) error {
	if all {
		return fmt.Errorf("jobs: %s: %w", program, &switches.StoppedError{Switch: switches.ReadOnly})
	}
	a.Log.InfoContext(ctx, "work postponed because the program is read-only", "program", program)
	return nil
}

// sweepSince returns the instant from which the next scheduled run must check all members, or zero if there is none:
// the instant at which a version with other requirements for levels took effect or, if the program was read-only then,
// the instant at which the switch was cleared.
func (r reassess) sweepSince(ctx context.Context, p *loyalty.Program) (time.Time, error) {
	since := p.Tiers.Refresh.At
	s, _, err := r.Programs.Schedule(ctx, p.ID)
	if err != nil || since.IsZero() {
		return time.Time{}, err
	}
	missed := since.After(s.Switches.Held.Add(-time.Hour - publicationDelay))
	if missed && s.Switches.Released.After(since) {
		since = s.Switches.Released
	}
	return since, nil
}
