package local

import (
	"fmt"
	"strconv"
	"sync/atomic"
	"time"
)

// A Clock is the time of the whole stack. It either runs with the machine's clock at an offset, or is frozen until
// it is advanced.
type Clock struct {
	frozen bool
	at     atomic.Int64 // nanoseconds: the instant of a frozen clock, otherwise the offset
}

// NewClock returns a clock that is frozen at an instant, or a running clock for the zero Time.
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

// instant returns the time, and whether the clock is frozen.
func (c *Clock) instant() (now time.Time, frozen bool) { return c.Now(), c.frozen }

// Ahead returns the offset of a running clock.
func (c *Clock) Ahead() time.Duration {
	if c.frozen {
		return 0
	}
	return time.Duration(c.at.Load())
}

// forward advances the clock to an instant, unless it is later already.
func (c *Clock) forward(to time.Time) {
	if d := to.Sub(c.Now()); d > 0 {
		c.at.Add(int64(d))
	}
}

// maxAdvance limits one step of the clock, because every schedule up to the new time runs.
const maxAdvance = 5 * 366 * 24 * time.Hour

// ParseAdvance parses a duration by which to advance the clock: "30d", "2w", or the format of time.ParseDuration
// ("36h"), with or without a plus sign.
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

// Skip advances a running clock before the stack starts, without running schedules.
func (c *Clock) Skip(ahead time.Duration) {
	if !c.frozen && ahead > 0 {
		c.at.Store(int64(ahead))
	}
}
