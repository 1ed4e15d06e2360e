package dynamotable

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/perennial-loyalty/perennial/internal/random"
	"github.com/perennial-loyalty/perennial/internal/table"
)

const (
	maxAttempts     = 5
	firstPause      = 50 * time.Millisecond // the maximum pause after the first attempt; it doubles with each attempt
	defaultTimeout  = time.Second
	defaultPatience = 3 * time.Second
)

// read repeats a call that changes nothing until it succeeds or its retries end.
func (t *Table) read(ctx context.Context, call func(context.Context) error) error {
	limit := t.limit()
	for attempt := 1; ; attempt++ {
		err := t.attempt(ctx, limit, call)
		switch judge(err) {
		case done:
			return nil
		case rejected, failed:
			return err
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
		if t.pause(ctx, limit, attempt) != nil {
			return fmt.Errorf("%w: %w", table.ErrBusy, err)
		}
	}
}

// limit returns the time limit for all attempts of a call that begins now.
func (t *Table) limit() time.Time {
	return time.Now().Add(cmp.Or(t.Patience, defaultPatience))
}

// attempt makes one call with the timeout of one attempt, and reports a refusal.
func (t *Table) attempt(ctx context.Context, limit time.Time, call func(context.Context) error) error {
	end := time.Now().Add(cmp.Or(t.Timeout, defaultTimeout))
	if end.After(limit) {
		end = limit
	}
	within, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	err := call(within)
	if err != nil && t.Refused != nil {
		if why := refusalOf(err); why != 0 {
			t.Refused(ctx, why)
		}
	}
	return err
}

// errSpent reports that no time or no attempt is left.
var errSpent = errors.New("no attempt left")

// pause waits after the given attempt, counted from 1, with full jitter. It returns an error after the last
// attempt, or if the next attempt could not begin before the limit or the context's deadline.
func (t *Table) pause(ctx context.Context, limit time.Time, attempt int) error {
	if attempt >= maxAttempts {
		return errSpent
	}
	d := time.Duration(random.Below(t.Random, uint64(firstPause<<(attempt-1))))
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(limit) {
		limit = deadline
	}
	if time.Until(limit) <= d {
		return errSpent
	}
	if t.Sleep != nil {
		return t.Sleep(ctx, d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
