package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// A Schedule is which version of a program is in force when, from the present on. It is one item, so that it changes
// as a whole, and follows from nothing but that item and the clock: a version takes over at its instant without
// anybody doing anything. Of two for the same instant the higher wins.
type Schedule struct {
	Live int        // zero if none is yet
	Next []Upcoming // those that take over, in the order in which they do
	Last int        // the newest number, whatever became of that version; zero if none was published
	Past []Ended    // those that were in force before Live, oldest first; at most maxPast

	Since time.Time // when the first of Past, or Live if there is none, took over
}

// An Ended version was in force until another one took over. A recalled one prices nothing that was not accepted before.
type Ended struct {
	Version  int
	Until    time.Time
	Recalled bool
}

// maxPast is how many versions that ended the schedule remembers, so that the item stays small.
const maxPast = 100

// An Upcoming version takes over at an instant that lies ahead.
type Upcoming struct {
	Version int
	At      time.Time
}

// MaxUpcoming is how many versions may wait for their instant, so that the item stays small.
const MaxUpcoming = 10

// At is the version that is in force at an instant from the present on, as things stand; zero for none.
func (s Schedule) At(t time.Time) int {
	version := s.Live
	for _, n := range s.Next {
		if !n.At.After(t) {
			version = n.Version
		}
	}
	return version
}

// Pricing returns the version by which what happened at an instant is priced. That is the one that was in force then or,
// before the first version, the first one. If that was recalled, or replaced in the same millisecond, it is the last one
// before it that was not, or else the first one after it. Zero if none was ever published.
func (s Schedule) Pricing(at time.Time) int {
	n := slices.IndexFunc(s.Past, func(v Ended) bool { return at.Before(v.Until) })
	if n < 0 {
		return s.At(at)
	}
	for i := n; i >= 0; i-- {
		if s.prices(i) {
			return s.Past[i].Version
		}
	}
	for i := n + 1; i < len(s.Past); i++ {
		if s.prices(i) {
			return s.Past[i].Version
		}
	}
	return s.Live
}

// prices reports whether a past version was in force for some time and was not recalled.
func (s Schedule) prices(i int) bool {
	since := s.Since
	if i > 0 {
		since = s.Past[i-1].Until
	}
	return !s.Past[i].Recalled && since.Before(s.Past[i].Until)
}

// recall marks versions that were in force.
func (s *Schedule) recall(versions []int) {
	s.Past = slices.Clone(s.Past)
	for i := range s.Past {
		s.Past[i].Recalled = s.Past[i].Recalled || slices.Contains(versions, s.Past[i].Version)
	}
}

// A Status is where a version stands.
type Status string

const (
	StatusLive      Status = "live"      // in force
	StatusScheduled Status = "scheduled" // takes over at its instant
	StatusPast      Status = "past"      // another one took over, before it or after
	StatusWithdrawn Status = "withdrawn" // was dropped before its instant
	StatusRecalled  Status = "recalled"  // past, and prices nothing any more that was not accepted before
)

// Status is where one of the program's versions stands.
func (s Schedule) Status(v Published) Status {
	switch {
	case v.Version == s.Live:
		return StatusLive
	case slices.ContainsFunc(s.Next, func(n Upcoming) bool { return n.Version == v.Version }):
		return StatusScheduled
	case !v.Withdrawn.IsZero():
		return StatusWithdrawn
	case slices.ContainsFunc(s.Past, func(x Ended) bool { return x.Version == v.Version && x.Recalled }):
		return StatusRecalled
	}
	return StatusPast
}

// The schedule as stored. A version whose instant has passed moves from Next to Version with the next publication;
// until then its place there says the same.
type liveDoc struct {
	Version int           `json:"version"`
	Next    []upcomingDoc `json:"next,omitempty"` // in the order in which they take over
	Last    int           `json:"last,omitzero"`  // left out: the highest of the others
	Past    []upcomingDoc `json:"past,omitempty"` // with the instants at which others took over, oldest first
	Since   int64         `json:"since,omitzero"`
}

type upcomingDoc struct {
	Version  int   `json:"version"`
	At       int64 `json:"at"`
	Recalled bool  `json:"recalled,omitzero"`
}

// Schedule is which version of a program is in force when, from now on; zero if none was published.
func (l *Ledger) Schedule(ctx context.Context, program string) (Schedule, error) {
	_, s, err := l.readSchedule(ctx, program, l.now())
	return s, err
}

// Live is the number of the version in force now; zero if there is none.
func (l *Ledger) Live(ctx context.Context, program string) (int, error) {
	s, err := l.Schedule(ctx, program)
	return s.Live, err
}

func (l *Ledger) readSchedule(ctx context.Context, program string, now time.Time) (table.Item, Schedule, error) {
	it, err := l.Table.Get(ctx, programKey(program, "LIVE"))
	if err != nil || it.Version == 0 {
		return it, Schedule{}, retryable(err)
	}
	var d liveDoc
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return it, Schedule{}, fmt.Errorf("ledger: read which version of %s is live: %w", program, err)
	}
	s := Schedule{Live: d.Version, Last: max(d.Last, d.Version), Since: instant(d.Since)}
	for _, x := range d.Past {
		s.Past = append(s.Past, Ended{x.Version, instant(x.At), x.Recalled})
	}
	for _, n := range d.Next {
		s.Last = max(s.Last, n.Version)
		if at := instant(n.At); at.After(now) {
			s.Next = append(s.Next, Upcoming{n.Version, at})
			continue
		}
		s.begin(n.Version, instant(n.At))
	}
	return it, s, nil
}

// begin lets a version be the live one from an instant on.
func (s *Schedule) begin(version int, at time.Time) {
	switch {
	case s.Live == 0:
		s.Since = at
	case len(s.Past) == maxPast:
		s.Since = s.Past[0].Until
		fallthrough
	default:
		s.Past = append(slices.Clone(s.Past[max(0, len(s.Past)+1-maxPast):]), Ended{Version: s.Live, Until: at})
	}
	s.Live = version
}

// takeOver enters a version that takes over at an instant, or at once if that does not lie ahead.
func (s *Schedule) takeOver(version int, at, now time.Time) {
	s.Last = version
	if !at.After(now) {
		s.begin(version, now)
		return
	}
	s.Next = append(slices.Clone(s.Next), Upcoming{version, at})
	slices.SortFunc(s.Next, func(a, b Upcoming) int { return cmp.Or(a.At.Compare(b.At), a.Version-b.Version) })
}

func storedSchedule(s Schedule) liveDoc {
	d := liveDoc{Version: s.Live, Since: millis(s.Since)}
	highest := s.Live
	for _, n := range s.Next {
		d.Next = append(d.Next, upcomingDoc{Version: n.Version, At: millis(n.At)})
		highest = max(highest, n.Version)
	}
	if s.Last != highest {
		d.Last = s.Last
	}
	for _, x := range s.Past {
		d.Past = append(d.Past, upcomingDoc{x.Version, millis(x.Until), x.Recalled})
	}
	return d
}
