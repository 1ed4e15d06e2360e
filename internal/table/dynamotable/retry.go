package dynamotable

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table"
)

const (
	maxAttempts    = 5
	firstPause     = 50 * time.Millisecond // the longest pause after the first attempt; it doubles with each
	defaultTimeout = 2 * time.Second
)

// read runs a call that changes nothing until it is answered, with pauses.
func (t *Table) read(ctx context.Context, call func(context.Context) error) error {
	for attempt := 1; ; attempt++ {
		err := t.attempt(ctx, call)
		switch judge(err) {
		case done:
			return nil
		case rejected, failed:
			return err
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
		if t.pause(ctx, attempt) != nil {
			return fmt.Errorf("%w: %w", table.ErrBusy, err)
		}
	}
}

// attempt makes one call within the time that an attempt may take.
func (t *Table) attempt(ctx context.Context, call func(context.Context) error) error {
	timeout := t.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return call(ctx)
}

// errSpent says that there is no time or attempt left.
var errSpent = errors.New("no attempt left")

// pause waits after the attempt of that number, counted from 1, with full jitter. It fails if that was the last
// attempt, or the context ends before the next could begin.
func (t *Table) pause(ctx context.Context, attempt int) error {
	if attempt >= maxAttempts {
		return errSpent
	}
	d := rand.N(firstPause << (attempt - 1))
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
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
