package jobs

import (
	"context"
	"errors"

	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// The hourly schedule of reassess also checks conditions that no request would reveal. It logs problems and counts them
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
	for a, err := range r.Payments.Activities(ctx, program) {
		if err != nil {
			telemetry.Count(ctx, telemetry.Errors, 1)
			r.Log.ErrorContext(
				ctx, "activity of payment processors could not be checked", "program", program, "err", err,
			)
			return
		}
		if a.Silent(r.Now()) {
			telemetry.Count(ctx, telemetry.SilentProvider, 1)
			r.Log.ErrorContext(ctx, "payment processor is silent", "program", program, "provider", a.Provider,
				"last_event", a.Last, "usual_gap", a.Usual().String())
		}
	}
}
