package api

import (
	"time"
)

// instant returns a pointer to the instant in UTC, or nil if the instant is zero.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
