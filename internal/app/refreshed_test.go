package app

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// drawing is a random source that always yields the same 64-bit number.
type drawing uint64

func (d drawing) Read(b []byte) (int, error) {
	binary.BigEndian.PutUint64(b, uint64(d))
	return 8, nil
}

// A source is a secret of a test that can be read repeatedly.
type source struct {
	app   *App
	now   time.Time
	log   bytes.Buffer
	value string
	err   error
	reads int
}

func newSource(random uint64) *source {
	s := &source{now: time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC), value: "first"}
	s.app = &App{
		Now: func() time.Time { return s.now }, Random: drawing(random),
		Log: slog.New(slog.NewTextHandler(&s.log, nil)),
	}
	return s
}

func (s *source) load(context.Context) (string, error) {
	s.reads++
	return s.value, s.err
}

func TestRefreshedValueIsReadAfterFiveMinutesAndJitter(t *testing.T) {
	for _, drawn := range []time.Duration{0, 17 * time.Second, jitter - 1} {
		s := newSource(uint64(drawn))
		r := NewRefreshed(s.app, "webhooks", "first", s.load)
		s.value = "second"
		for range 2 {
			s.now = s.now.Add(lifetime + drawn - 1)
			if got := r.Get(t.Context()); got != "first" || s.reads != 0 {
				t.Errorf("%s: %q after %d reads, just before it is due", drawn, got, s.reads)
			}
			s.now = s.now.Add(1)
			if got := r.Get(t.Context()); got != "second" || r.Get(t.Context()) != "second" || s.reads != 1 {
				t.Errorf("%s: %q after %d reads, when it is due", drawn, got, s.reads)
			}
			s.reads, s.value, r.value = 0, "second", "first"
		}
	}
}

func TestRefreshedValueRemainsAfterFailedRead(t *testing.T) {
	s := newSource(0)
	r := NewRefreshed(s.app, "webhooks", "first", s.load)
	s.value, s.err = "second", errors.New("throttled")
	s.now = s.now.Add(lifetime)
	counters := new(telemetry.Counters)
	ctx := telemetry.WithCounters(t.Context(), counters)
	for range 3 {
		if got := r.Get(ctx); got != "first" {
			t.Errorf("the value is %q", got)
		}
	}
	if s.reads != 1 || counters.Value(telemetry.Errors) != 1 || strings.Count(s.log.String(), "level=ERROR") != 1 ||
		!strings.Contains(s.log.String(), "secret=webhooks") {
		t.Errorf("%d reads, %d errors: %s", s.reads, counters.Value(telemetry.Errors), s.log.String())
	}
	s.now, s.err = s.now.Add(nextTry), nil
	if got := r.Get(ctx); got != "second" || s.reads != 2 {
		t.Errorf("%q after %d reads, after a successful read", got, s.reads)
	}
}

func TestOnlyOneCallerWaitsForRead(t *testing.T) {
	s := newSource(0)
	begun, end := make(chan bool), make(chan bool)
	r := NewRefreshed(s.app, "webhooks", "first", func(ctx context.Context) (string, error) {
		if _, ok := ctx.Deadline(); !ok {
			t.Error("the read has no time limit")
		}
		begun <- true
		<-end
		return s.load(ctx)
	})
	s.value, s.now = "second", s.now.Add(lifetime)
	got := make(chan string)
	go func() { got <- r.Get(t.Context()) }()
	<-begun
	if other := r.Get(t.Context()); other != "first" {
		t.Errorf("another caller got %q", other)
	}
	end <- true
	if own := <-got; own != "second" || s.reads != 1 {
		t.Errorf("%q after %d reads", own, s.reads)
	}
}

func TestPanicDuringReadDoesNotPreventLaterReads(t *testing.T) {
	s := newSource(0)
	r := NewRefreshed(s.app, "webhooks", "first", func(ctx context.Context) (string, error) {
		if s.reads++; s.reads == 1 {
			panic("as asked")
		}
		return "second", nil
	})
	s.now = s.now.Add(lifetime)
	func() {
		defer func() { _ = recover() }()
		r.Get(t.Context())
	}()
	if s.now = s.now.Add(nextTry); r.Get(t.Context()) != "second" {
		t.Error("the value was not read again")
	}
}

func TestValueWithoutLoadIsNeverRefreshed(t *testing.T) {
	s := newSource(0)
	r := NewRefreshed[string](s.app, "webhooks", "first", nil)
	if s.now = s.now.Add(time.Hour); r.Get(t.Context()) != "first" {
		t.Error("the value changed")
	}
}

func TestUnreadValueIsReadAfterHalfAMinute(t *testing.T) {
	s := newSource(0)
	r := NewUnread(s.app, "webhooks", s.load)
	s.value = "first"
	if got := r.Get(t.Context()); got != "" || s.reads != 0 {
		t.Errorf("%q after %d reads at once", got, s.reads)
	}
	if s.now = s.now.Add(nextTry); r.Get(t.Context()) != "first" {
		t.Error("the value was not read after half a minute")
	}
	if s.now = s.now.Add(lifetime); r.Get(t.Context()) != "first" || s.reads != 2 {
		t.Errorf("%d reads after a lifetime", s.reads)
	}
}
