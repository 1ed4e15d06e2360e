package loyalty

import (
	"time"
)

// Before returns the instant one period before t.
func (p Period) Before(t time.Time, zone *time.Location) time.Time {
	return Period{-p.Months, -p.Days, -p.Hours, -p.Minutes}.After(t, zone)
}
