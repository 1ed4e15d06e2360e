package catalog

import (
	"context"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/ledger"
)

// A Status is the state of a version.
type Status string

const (
	StatusLive      Status = "live"      // the version is in force
	StatusScheduled Status = "scheduled" // the version takes effect at its time
	StatusPast      Status = "past"      // another version replaced the version, or the version was skipped
	StatusWithdrawn Status = "withdrawn" // the version was withdrawn before its time
	StatusRecalled  Status = "recalled"  // the version applies only to orders and events accepted before the recall
)

// StatusOf returns the state of one of the program's versions.
func StatusOf(s ledger.Schedule, v Published) Status {
	switch {
	case v.Version == s.Live:
		return StatusLive
	case slices.ContainsFunc(s.Next, func(n ledger.Upcoming) bool { return n.Version == v.Version }):
		return StatusScheduled
	case !v.Withdrawn.IsZero():
		return StatusWithdrawn
	case slices.ContainsFunc(s.Past, func(x ledger.Ended) bool { return x.Version == v.Version && x.Recalled }):
		return StatusRecalled
	}
	return StatusPast
}

// Schedule returns the current schedule of a program's versions, or zero if none was published.
func (cs Catalog) Schedule(ctx context.Context, program string) (ledger.Schedule, error) {
	_, s, err := ledger.ReadSchedule(ctx, cs.Table, program, cs.Time())
	return s, err
}

// Live returns the number of the version that is in force now, or 0 if there is none.
func (cs Catalog) Live(ctx context.Context, program string) (int, error) {
	s, err := cs.Schedule(ctx, program)
	return s.Live, err
}
