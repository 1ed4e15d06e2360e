package app

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
)

// A TestClock is the clock of a function that runs on one machine, where the clock of the stack can stand still or be
// moved. Each event says what time it is. Before the first event it is the machine's clock.
type TestClock struct {
	mu     sync.Mutex
	frozen bool
	at     time.Time     // the instant of a frozen clock
	ahead  time.Duration // how far another one is ahead of the machine's
}

// The names under which an event carries the time, in the custom part of Lambda's client context.
const (
	clockNow    = "perennial_now"
	clockFrozen = "perennial_frozen"
)

// ClockContext returns Lambda's client context for an event at an instant.
func ClockContext(now time.Time, frozen bool) string {
	text, err := json.Marshal(map[string]map[string]string{"custom": {
		clockNow: now.UTC().Format(time.RFC3339Nano), clockFrozen: strconv.FormatBool(frozen),
	}}, json.Deterministic(true))
	if err != nil {
		panic("app: " + err.Error()) // maps of strings can be written
	}
	return string(text)
}

// Set takes the time from the custom part of an event's client context.
func (c *TestClock) Set(custom map[string]string) error {
	now, err := time.Parse(time.RFC3339Nano, custom[clockNow])
	if err != nil {
		return fmt.Errorf("app: the event does not say what time it is: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frozen, c.at, c.ahead = custom[clockFrozen] == "true", now.UTC(), time.Until(now)
	return nil
}

// Now returns the time of the stack, in UTC.
func (c *TestClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen {
		return c.at
	}
	return time.Now().Add(c.ahead).UTC()
}
