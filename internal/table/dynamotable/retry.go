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
	firstPause      = 50 * time.Millisecond // maximum pause after the first attempt; doubled after each further attempt
	defaultTimeout  = time.Second
	defaultPatience = 3 * time.Second
)

// read calls a function that changes nothing until it succeeds or until no more attempts are allowed.
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

// limit returns the time at which the attempts of a call must end if the call begins now.
func (t *Table) limit() time.Time {
	return time.Now().Add(cmp.Or(t.Patience, defaultPatience))
}

// attempt makes one attempt of a call, with the timeout of one attempt. If DynamoDB refuses the attempt, it reports
// this to Refused.
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

// errSpent reports that no time or no attempt remains.
var errSpent = errors.New("no attempt left")

// pause waits after an attempt for a random time (exponential backoff with full jitter). Attempts are counted from 1.
// It returns an error after the last attempt, or if the next attempt would begin after the limit or the context's
// deadline.
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
