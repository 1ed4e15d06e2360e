package local

import (
	"fmt"
	"strconv"
	"sync/atomic"
	"time"
)

// A Clock provides the time of the whole stack. It either runs with an offset to the machine's clock, or is frozen
// until it is advanced.
type Clock struct {
	frozen bool
	at     atomic.Int64 // in nanoseconds: the instant of a frozen clock, or the offset of a running clock
}

// NewClock returns a clock that is frozen at the given instant. For the zero Time, it returns a running clock.
func NewClock(at time.Time) *Clock {
	c := &Clock{frozen: !at.IsZero()}
	if c.frozen {
		c.at.Store(at.UnixNano())
	}
	return c
}

// Now returns the stack's time in UTC.
func (c *Clock) Now() time.Time {
	if c.frozen {
		return time.Unix(0, c.at.Load()).UTC()
	}
	return time.Now().Add(time.Duration(c.at.Load())).UTC()
}

// instant returns the time, and reports whether the clock is frozen.
func (c *Clock) instant() (now time.Time, frozen bool) { return c.Now(), c.frozen }

// Ahead returns the offset of a running clock. It returns zero for a frozen clock.
func (c *Clock) Ahead() time.Duration {
	if c.frozen {
		return 0
	}
	return time.Duration(c.at.Load())
}

// forward advances the clock to an instant. If the clock is already later, it does nothing.
func (c *Clock) forward(to time.Time) {
	if d := to.Sub(c.Now()); d > 0 {
		c.at.Add(int64(d))
	}
}

// maxAdvance limits one step of the clock, because the step runs every schedule until the new time.
const maxAdvance = 5 * 366 * 24 * time.Hour

// ParseAdvance parses the duration of a step of the clock. It accepts days and weeks ("30d", "2w") and the format of
// time.ParseDuration ("36h"), each with or without a plus sign.
func ParseAdvance(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		d, err = parseDays(s)
	}
	if err != nil || d <= 0 || d > maxAdvance {
		return 0, fmt.Errorf("local: %q is not a positive duration of at most five years, such as 30d, 2w or 36h", s)
	}
	return d, nil
}

func parseDays(s string) (time.Duration, error) {
	if len(s) < 2 {
		return 0, strconv.ErrSyntax
	}
	n, err := strconv.ParseInt(s[:len(s)-1], 10, 16)
	if err != nil {
		return 0, err
	}
	switch s[len(s)-1] {
	case 'd':
		return time.Duration(n) * 24 * time.Hour, nil
	case 'w':
		return time.Duration(n) * 7 * 24 * time.Hour, nil
	}
	return 0, strconv.ErrSyntax
}

// Skip advances a running clock without running schedules. It is used before the stack starts.
func (c *Clock) Skip(ahead time.Duration) {
	if !c.frozen && ahead > 0 {
		c.at.Store(int64(ahead))
	}
}
