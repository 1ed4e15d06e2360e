package app

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/perennial-loyalty/perennial/internal/random"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// These constants state how long a Refreshed value is used before it is read again, and how long to wait after a failed
// attempt. A random duration is added to the lifetime. Otherwise processes that started at the same time would also
// read at the same time.
const (
	lifetime  = 5 * time.Minute
	jitter    = time.Minute
	nextTry   = 30 * time.Second
	readLimit = 2 * time.Second
)

// A Refreshed value is cached in memory and read again after five to six minutes. If an attempt fails, the earlier
// value remains in use, the failure is logged as an error and counted in the metric Errors, and the next attempt
// follows after half a minute. One caller at a time reads; the others receive the earlier value.
//
// Create one with NewRefreshed. Its methods are safe for concurrent use.
type Refreshed[T any] struct {
	name   string
	load   func(context.Context) (T, error)
	log    *slog.Logger
	now    func() time.Time
	random io.Reader

	mu      sync.Mutex
	value   T
	due     time.Time // the time at which the value is read again
	loading bool
}

// NewRefreshed caches a value that was just read. Log lines identify the value by name. If load is nil, the value is
// never read again.
func NewRefreshed[T any](a *App, name string, value T, load func(context.Context) (T, error)) *Refreshed[T] {
	r := &Refreshed[T]{name: name, load: load, log: a.Log, now: a.Now, random: a.Random, value: value}
	if load != nil {
		r.due = r.now().Add(r.life())
	}
	return r
}

// NewUnread creates a Refreshed value whose first read failed. The value is the zero value until an attempt succeeds.
func NewUnread[T any](a *App, name string, load func(context.Context) (T, error)) *Refreshed[T] {
	var none T
	r := NewRefreshed(a, name, none, load)
	r.due = r.now().Add(nextTry)
	return r
}

// Get returns the value. If the value is due, Get reads it again first.
func (r *Refreshed[T]) Get(ctx context.Context) T {
	value, due := r.current()
	if !due {
		return value
	}
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	fresh, err := r.read(ctx)
	if err != nil {
		telemetry.Count(ctx, telemetry.Errors, 1)
		r.log.ErrorContext(
			ctx, "secret could not be refreshed, the earlier value remains in use", "secret", r.name, "err", err,
		)
		return value
	}
	return fresh
}

// current returns the value, and reports whether the caller must read it again.
func (r *Refreshed[T]) current() (value T, due bool) {
	if r.load == nil {
		return r.value, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	due = !r.loading && !r.now().Before(r.due)
	r.loading = r.loading || due
	return r.value, due
}

func (r *Refreshed[T]) read(ctx context.Context) (fresh T, err error) {
	read := false
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.loading, r.due = false, r.now().Add(nextTry) // set before the read, so that it also applies after a panic
		if read {
			r.value, r.due = fresh, r.now().Add(r.life())
		}
	}()
	fresh, err = r.load(ctx)
	read = err == nil
	return fresh, err
}

// life returns how long a value that is read now can be used.
func (r *Refreshed[T]) life() time.Duration {
	return lifetime + time.Duration(random.Below(r.random, uint64(jitter)))
}
