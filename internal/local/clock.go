package local

import (
	"fmt"
	"strconv"
	"sync/atomic"
	"time"
)

// A Clock is the time of the whole stack. It either runs beside the machine's, so far ahead as it was moved, or
// stands still until it is moved.
type Clock struct {
	frozen bool
	at     atomic.Int64 // nanoseconds: the instant of a frozen clock, else how far it is ahead
}

// NewClock makes a clock that stands still at an instant, or for the zero Time one that runs.
func NewClock(at time.Time) *Clock {
	c := &Clock{frozen: !at.IsZero()}
	if c.frozen {
		c.at.Store(at.UnixNano())
	}
	return c
}

// Now is the present of the stack, in UTC.
func (c *Clock) Now() time.Time {
	if c.frozen {
		return time.Unix(0, c.at.Load()).UTC()
	}
	return time.Now().Add(time.Duration(c.at.Load())).UTC()
}

// instant returns what the clock shows, and whether it stands still.
func (c *Clock) instant() (now time.Time, frozen bool) { return c.Now(), c.frozen }

// Ahead is how far a running clock was moved.
func (c *Clock) Ahead() time.Duration {
	if c.frozen {
		return 0
	}
	return time.Duration(c.at.Load())
}

// forward moves the clock on to an instant, if that is ahead of it.
func (c *Clock) forward(to time.Time) {
	if d := to.Sub(c.Now()); d > 0 {
		c.at.Add(int64(d))
	}
}

// maxAdvance bounds one step of the clock: every schedule on the way fires.
const maxAdvance = 5 * 366 * 24 * time.Hour

// ParseAdvance reads how far to move the clock: "30d", "2w", or what time.ParseDuration takes ("36h"), with or
// without a plus sign.
func ParseAdvance(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil {
		d, err = parseDays(s)
	}
	if err != nil || d <= 0 || d > maxAdvance {
		return 0, fmt.Errorf("local: %q is no step forward of at most five years, such as 30d, 2w or 36h", s)
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

// Skip moves a running clock ahead before anything happens on it: nothing fires.
func (c *Clock) Skip(ahead time.Duration) {
	if !c.frozen && ahead > 0 {
		c.at.Store(int64(ahead))
	}
}
