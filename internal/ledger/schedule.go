package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/switches"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A Schedule states which version of a program is in force at each time from now on. It is stored as one item, so that
// it changes atomically. The version in force depends only on this item and the clock. A version therefore takes effect
// at its time without any process. If two versions have the same instant, the higher one takes effect.
type Schedule struct {
	Live int        // the version in force; 0 if none is live yet
	Next []Upcoming // scheduled versions, in the order in which they take effect
	Last int        // the newest version number, including withdrawn versions; 0 if none was published
	Past []Ended    // versions that were in force before Live, oldest first; at most maxPast

	Since time.Time // when the first version in Past took effect, or Live if Past is empty

	Switches switches.State // the kill switches of the program
}

// An Ended version was in force until another one took effect. If it was recalled, it applies only to orders and events
// that were accepted before the recall.
type Ended struct {
	Version  int
	Until    time.Time
	Recalled bool
}

// maxPast is the maximum number of past versions in the schedule. It limits the size of the item.
const maxPast = 100

// An Upcoming version takes effect at a future time.
type Upcoming struct {
	Version int
	At      time.Time
}

// MaxUpcoming is the maximum number of scheduled versions. It limits the size of the item.
const MaxUpcoming = 10

// At returns the version that is in force at t according to the current schedule, where t is not in the past. It
// returns 0 if there is none.
func (s Schedule) At(t time.Time) int {
	version := s.Live
	for _, n := range s.Next {
		if !n.At.After(t) {
			version = n.Version
		}
	}
	return version
}

// Pricing returns the version whose rules apply to orders and events of an instant. This is the version that was in
// force then, or the first version if the instant is earlier. A version is unsuitable if it was recalled, or replaced
// in the same millisecond. In that case, Pricing returns the last suitable version before it, or else the first
// suitable one after it. Pricing returns 0 if no version was ever published.
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

// Recall marks past versions as recalled.
func (s *Schedule) Recall(versions []int) {
	s.Past = slices.Clone(s.Past)
	for i := range s.Past {
		s.Past[i].Recalled = s.Past[i].Recalled || slices.Contains(versions, s.Past[i].Version)
	}
}

// liveDoc is the stored form of the schedule. A version whose time has passed moves from Next to Version when the
// schedule is written next. Until then, readers derive the same state from Next.
type liveDoc struct {
	Version int           `json:"version"`
	Next    []upcomingDoc `json:"next,omitempty"` // the scheduled versions, in the order in which they take effect
	Last    int           `json:"last,omitzero"`  // the newest version number; omitted if Version or Next contains it
	Past    []upcomingDoc `json:"past,omitempty"` // the past versions with the times at which they ended, oldest first
	Since   int64         `json:"since,omitzero"`

	Switches switches.State `json:"switches,omitzero"`
}

type upcomingDoc struct {
	Version  int   `json:"version"`
	At       int64 `json:"at"`
	Recalled bool  `json:"recalled,omitzero"`
}

// ReadSchedule reads the schedule of a program as of now, with the item that contains it. Both are zero if no version
// was published.
func ReadSchedule(
	ctx context.Context, t table.Table, program string, now time.Time,
) (table.Item, Schedule, error) {
	it, err := t.Get(ctx, stored.ProgramKey(program, "LIVE"))
	if err != nil || it.Version == 0 {
		return it, Schedule{}, Retryable(err)
	}
	var d liveDoc
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return it, Schedule{}, fmt.Errorf("ledger: read the live version of %s: %w", program, err)
	}
	s := Schedule{Live: d.Version, Last: max(d.Last, d.Version), Since: stored.Instant(d.Since), Switches: d.Switches}
	for _, x := range d.Past {
		s.Past = append(s.Past, Ended{x.Version, stored.Instant(x.At), x.Recalled})
	}
	for _, n := range d.Next {
		s.Last = max(s.Last, n.Version)
		if at := stored.Instant(n.At); at.After(now) {
			s.Next = append(s.Next, Upcoming{n.Version, at})
			continue
		}
		s.begin(n.Version, stored.Instant(n.At))
	}
	return it, s, nil
}

// begin makes a version the live one at the given time.
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

// TakeOver schedules a version. If the time is not in the future, it makes the version live immediately.
func (s *Schedule) TakeOver(version int, at, now time.Time) {
	s.Last = version
	if !at.After(now) {
		s.begin(version, now)
		return
	}
	s.Next = append(slices.Clone(s.Next), Upcoming{version, at})
	slices.SortFunc(s.Next, func(a, b Upcoming) int { return cmp.Or(a.At.Compare(b.At), a.Version-b.Version) })
}

func StoredSchedule(s Schedule) liveDoc {
	d := liveDoc{Version: s.Live, Since: stored.Millis(s.Since), Switches: s.Switches}
	highest := s.Live
	for _, n := range s.Next {
		d.Next = append(d.Next, upcomingDoc{Version: n.Version, At: stored.Millis(n.At)})
		highest = max(highest, n.Version)
	}
	if s.Last != highest {
		d.Last = s.Last
	}
	for _, x := range s.Past {
		d.Past = append(d.Past, upcomingDoc{x.Version, stored.Millis(x.Until), x.Recalled})
	}
	return d
}
