package app

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
)

// A TestClock is the clock of a function that runs on a developer's machine, where the time of the whole stack can be
// frozen or advanced. Each event contains the time. Before the first event, the clock shows the machine's time.
type TestClock struct {
	mu     sync.Mutex
	frozen bool
	at     time.Time     // the instant of a frozen clock
	ahead  time.Duration // the time by which a running clock is ahead of the machine's clock
}

// These constants name the two fields that contain the time, in the custom part of Lambda's client context.
const (
	clockNow    = "perennial_now"
	clockFrozen = "perennial_frozen"
)

// ClockContext returns Lambda's client context for an event at the given instant.
func ClockContext(now time.Time, frozen bool) string {
	text, err := json.Marshal(map[string]map[string]string{"custom": {
		clockNow: now.UTC().Format(time.RFC3339Nano), clockFrozen: strconv.FormatBool(frozen),
	}}, json.Deterministic(true))
	if err != nil {
		panic("app: " + err.Error()) // cannot happen, because maps of strings can be encoded
	}
	return string(text)
}

// Set sets the clock from the custom part of an event's client context.
func (c *TestClock) Set(custom map[string]string) error {
	now, err := time.Parse(time.RFC3339Nano, custom[clockNow])
	if err != nil {
		return fmt.Errorf("app: the event has no valid time: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frozen, c.at, c.ahead = custom[clockFrozen] == "true", now.UTC(), time.Until(now)
	return nil
}

// Now returns the stack's time in UTC.
func (c *TestClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen {
		return c.at
	}
	return time.Now().Add(c.ahead).UTC()
}
