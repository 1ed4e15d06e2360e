package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/perennial-loyalty/perennial/internal/payments/activity"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// Scheduled is a function that a schedule starts. Reassess and Remind return one.
type Scheduled interface {
	lambda.Handler

	// NextWork returns the earliest instant, not before at, at which an event of the schedule may have an effect. All
	// earlier events can be skipped, unless a command is executed before. NextWork returns zero if no event will have
	// an effect. The result may be too early, but never too late.
	NextWork(ctx context.Context, at time.Time) (time.Time, error)
}

// scheduled implements Scheduled.
type scheduled struct {
	app.Function
	next func(ctx context.Context, at time.Time) (time.Time, error)
}

// NextWork implements Scheduled.
func (s scheduled) NextWork(ctx context.Context, at time.Time) (time.Time, error) {
	return s.next(ctx, at)
}

// NextWork implements the function next of the type scheduled.
func (r reassess) NextWork(ctx context.Context, at time.Time) (time.Time, error) {
	if r.Backups != nil {
		return at, nil // every event checks point-in-time recovery
	}
	return nextWork(ctx, r.App, at, func(p *loyalty.Program) (time.Time, error) {
		for a, err := range (activity.Providers{Ledger: r.Ledger}).List(ctx, p.ID) {
			if err != nil || !a.Disconnected(at) {
				return at, err // every event checks for silent payment processors
			}
		}
		since, err := r.sweepSince(ctx, p)
		if err != nil || !since.IsZero() && since.After(at.Add(-time.Hour-publicationDelay)) {
			return at, err
		}
		erasure, err := r.Erasures().Next(ctx, p.ID)
		if err != nil {
			return at, err
		}
		account, err := r.DueQueue.Next(ctx, p.ID)
		return ledger.Earlier(account, erasure), err
	})
}

// NextWork implements the function next of the type scheduled.
func (r remindHandler) NextWork(ctx context.Context, at time.Time) (time.Time, error) {
	return nextWork(ctx, r.App, at, func(p *loyalty.Program) (time.Time, error) {
		was, _, err := r.ReminderQueue.Swept(ctx, p.ID)
		if err != nil || was != r.plannedBy(p) {
			return at, err
		}
		gift, err := r.GiftMessages.Next(ctx, p.ID)
		if err != nil {
			return at, err
		}
		visit, err := r.ReminderQueue.Next(ctx, p.ID)
		return ledger.Earlier(gift, visit), err
	})
}

// nextWork calls a function for each published program, and returns the earliest of the returned instants. If another
// version of a program takes effect earlier, it returns the instant at which that happens.
func nextWork(
	ctx context.Context, a *app.App, at time.Time, of func(*loyalty.Program) (time.Time, error),
) (next time.Time, err error) {
	for id, err := range a.Catalog.ProgramIDs(ctx) {
		if err != nil {
			return at, err
		}
		p, err := a.Programs.Live(ctx, id)
		if err != nil && !errors.Is(err, app.ErrNotPublished) {
			return at, err
		}
		if err == nil {
			one, err := of(p)
			if err != nil {
				return at, err
			}
			next = ledger.Earlier(next, one)
		}
		_, versions, err := ledger.ReadSchedule(ctx, a.Table, id, at)
		if err != nil {
			return at, err
		}
		if len(versions.Next) > 0 {
			next = ledger.Earlier(next, versions.Next[0].At)
		}
	}
	return next, nil
}
