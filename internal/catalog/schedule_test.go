package catalog_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A timetable publishes versions and describes their states, such as "1 past, 2 live, 3 scheduled".
type timetable struct {
	*ledger.Ledger
	t   *testing.T
	now time.Time
}

func newTimetable(t *testing.T) *timetable {
	x := &timetable{t: t, now: servicetest.Start}
	x.Ledger = &ledger.Ledger{Table: servicetest.Memory(t), Now: func() time.Time { return x.now }}
	return x
}

// publish publishes the version that follows after. It takes effect the given number of hours from the start, or
// immediately if the number is zero.
func (x *timetable) publish(after, hours int) {
	x.t.Helper()
	if err := (catalog.Catalog{Ledger: x.Ledger}).Publish(x.t.Context(), version(hours), after); err != nil {
		x.t.Fatal(err)
	}
}

func version(hours int) catalog.Published {
	in := catalog.Published{Program: "bluebird", Source: []byte("x"), Snapshot: []byte(`{}`), By: "test"}
	if hours > 0 {
		in.Effective = servicetest.Start.Add(time.Duration(hours) * time.Hour)
	}
	return in
}

func (x *timetable) at(hours int) { x.now = servicetest.Start.Add(time.Duration(hours) * time.Hour) }

func (x *timetable) want(want string) {
	x.t.Helper()
	s, err := catalog.Catalog{Ledger: x.Ledger}.Schedule(x.t.Context(), "bluebird")
	if err != nil {
		x.t.Fatal(err)
	}
	got := ""
	for v, err := range (catalog.Catalog{Ledger: x.Ledger}).Versions(x.t.Context(), "bluebird", 0, 0) {
		if err != nil {
			x.t.Fatal(err)
		}
		got = fmt.Sprintf(", %d %s", v.Version, catalog.StatusOf(s, v)) + got
	}
	if diff := cmp.Diff(", "+want, got); diff != "" {
		x.t.Errorf("after %s (-want +got):\n%s", x.now.Sub(servicetest.Start), diff)
	}
}

func TestAVersionTakesOverAtItsInstant(t *testing.T) {
	x := newTimetable(t)
	x.publish(0, 2)
	x.want("1 scheduled")
	if live, err := (catalog.Catalog{Ledger: x.Ledger}).Live(t.Context(), "bluebird"); live != 0 || err != nil {
		t.Errorf("version %d is live before the first one is, %v", live, err)
	}
	x.now = servicetest.Start.Add(2*time.Hour - time.Millisecond)
	x.want("1 scheduled")
	x.at(2)
	x.want("1 live")
	x.publish(1, 4)
	x.want("1 live, 2 scheduled")
	x.at(4)
	x.want("1 past, 2 live")
}

func TestPublicationCancelsNoScheduledVersion(t *testing.T) {
	x := newTimetable(t)
	x.publish(0, 0)
	x.publish(1, 4)
	x.publish(2, 0)
	x.want("1 past, 2 scheduled, 3 live")
	x.publish(3, 2)
	x.want("1 past, 2 scheduled, 3 live, 4 scheduled")
	x.at(2)
	x.want("1 past, 2 scheduled, 3 past, 4 live")
	x.at(4)
	x.want("1 past, 2 live, 3 past, 4 past")
	x.publish(4, 0)
	x.want("1 past, 2 past, 3 past, 4 past, 5 live")
}

func TestOfTwoForOneInstantTheHigherWins(t *testing.T) {
	x := newTimetable(t)
	x.publish(0, 0)
	x.publish(1, 3)
	x.publish(2, 3)
	s, err := catalog.Catalog{Ledger: x.Ledger}.Schedule(t.Context(), "bluebird")
	if err != nil || s.At(servicetest.Start) != 1 || s.At(servicetest.Start.Add(3*time.Hour-1)) != 1 ||
		s.At(servicetest.Start.Add(3*time.Hour)) != 3 {
		t.Errorf("%+v, %v", s, err)
	}
	x.at(3)
	x.want("1 past, 2 past, 3 live")
}

func TestWithdrawnVersionNeverTakesEffect(t *testing.T) {
	x := newTimetable(t)
	x.publish(0, 0)
	x.publish(1, 3)
	if err := (catalog.Catalog{Ledger: x.Ledger}).Withdraw(t.Context(), "bluebird"); err != nil {
		t.Fatal(err)
	}
	x.want("1 live, 2 withdrawn")
	x.at(3)
	x.want("1 live, 2 withdrawn")
	if err := (catalog.Catalog{Ledger: x.Ledger}).Publish(
		t.Context(), version(0), 1,
	); !errors.Is(err, loyalty.AlreadyExists) {
		t.Errorf("a withdrawn version was written over: %v", err)
	}
	x.publish(2, 9)
	if err := (catalog.Catalog{Ledger: x.Ledger}).PublishAlone(t.Context(), version(0), 3); err != nil {
		t.Fatal(err)
	}
	x.at(9)
	x.want("1 past, 2 withdrawn, 3 withdrawn, 4 live")
	if v, err := (catalog.Catalog{Ledger: x.Ledger}).Published(t.Context(), "bluebird", 3); err != nil ||
		!v.Withdrawn.Equal(servicetest.Start.Add(3*time.Hour)) ||
		!v.Effective.Equal(servicetest.Start.Add(9*time.Hour)) {
		t.Errorf("%+v, %v", v, err)
	}
}

// The table has the form of a release that could not schedule versions.
func TestAnEarlierTablesLiveVersionIsRead(t *testing.T) {
	x := newTimetable(t)
	put := func(sk, doc string) {
		it := table.Item{Key: table.Key{PK: "P#bluebird#PROGRAM", SK: sk}, Doc: []byte(doc)}
		if err := x.Table.Transact(t.Context(), table.Put(it)); err != nil {
			t.Fatal(err)
		}
	}
	put("LIVE", `{"version":2}`)
	put("PROGRAM#000001", `{"source":"a","at":1000,"by":"x"}`)
	put("PROGRAM#000002", `{"source":"b","at":2000,"by":"x"}`)
	x.want("1 past, 2 live")
	if v, err := (catalog.Catalog{Ledger: x.Ledger}).Published(t.Context(), "bluebird", 2); err != nil ||
		v.Effective.UnixMilli() != 2000 {
		t.Errorf("%+v, %v", v, err)
	}
	x.publish(2, 0)
	x.want("1 past, 2 past, 3 live")
}

// Orders and events of an instant are priced by the version that was live then. If this version was recalled, another
// version prices them.
func TestVersionThatPrices(t *testing.T) {
	at := func(hour int) time.Time { return servicetest.Start.Add(time.Duration(hour) * time.Hour) }
	schedule := func(recalled ...int) ledger.Schedule {
		s := ledger.Schedule{Live: 4, Last: 5, Next: []ledger.Upcoming{{Version: 5, At: at(40)}}}
		for version, until := range []int{10, 20, 30} {
			s.Past = append(
				s.Past,
				ledger.Ended{Version: version + 1, Until: at(until), Recalled: slices.Contains(recalled, version+1)},
			)
		}
		return s
	}
	for _, c := range []struct {
		Recalled []int
		Want     string // the versions that price the hours 0, 9, 10, 20, 30 and 40
	}{
		{nil, "[1 1 2 3 4 5]"},
		{[]int{2}, "[1 1 1 3 4 5]"},
		{[]int{2, 3}, "[1 1 1 1 4 5]"},
		{[]int{1}, "[2 2 2 3 4 5]"},
		{[]int{1, 2}, "[3 3 3 3 4 5]"},
		{[]int{1, 2, 3}, "[4 4 4 4 4 5]"},
	} {
		var got []int
		for _, hour := range []int{0, 9, 10, 20, 30, 40} {
			got = append(got, schedule(c.Recalled...).Pricing(at(hour)))
		}
		if fmt.Sprint(got) != c.Want {
			t.Errorf("with %v recalled, versions %v price, want %s", c.Recalled, got, c.Want)
		}
	}
	if got := (ledger.Schedule{}).Pricing(servicetest.Start); got != 0 {
		t.Errorf("version %d of none", got)
	}
}

func TestRecalledVersionIsStored(t *testing.T) {
	x := newTimetable(t)
	x.publish(0, 0)
	x.publish(1, 0)
	x.publish(2, 0)
	if err := (catalog.Catalog{Ledger: x.Ledger}).Recall(t.Context(), "bluebird", []int{2}); err != nil {
		t.Fatal(err)
	}
	x.want("1 past, 2 recalled, 3 live")
	x.publish(3, 0)
	x.want("1 past, 2 recalled, 3 past, 4 live")
}

// A version that is replaced in the millisecond in which it took effect prices nothing, not even orders from before the
// first version.
func TestVersionReplacedAtOncePricesNothing(t *testing.T) {
	for _, c := range []struct {
		Name  string
		Hours []int  // the hours at which a version is published
		Want  string // the versions that price an hour before the first publication, at it, and an hour after it
	}{
		{"one version", []int{0}, "[1 1 1]"},
		{"replaced at once", []int{0, 0}, "[2 2 2]"},
		{"replaced twice at once", []int{0, 0, 0}, "[3 3 3]"},
		{"replaced later", []int{0, 1}, "[1 1 2]"},
		{"the second is replaced at once", []int{0, 1, 1}, "[1 1 3]"},
		{"replaced at once and later", []int{0, 0, 1}, "[2 2 3]"},
	} {
		x := newTimetable(t)
		for i, hour := range c.Hours {
			x.at(hour)
			x.publish(i, 0)
		}
		x.at(2)
		s, err := catalog.Catalog{Ledger: x.Ledger}.Schedule(t.Context(), "bluebird")
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for _, hour := range []int{-1, 0, 1} {
			got = append(got, s.Pricing(servicetest.Start.Add(time.Duration(hour)*time.Hour)))
		}
		if fmt.Sprint(got) != c.Want {
			t.Errorf("%s: versions %v price, want %s", c.Name, got, c.Want)
		}
	}
}

func TestScheduleForgetsOldVersions(t *testing.T) {
	x := newTimetable(t)
	const versions = 103
	for i := range versions {
		x.at(i)
		x.publish(i, 0)
	}
	s, err := catalog.Catalog{Ledger: x.Ledger}.Schedule(t.Context(), "bluebird")
	if err != nil {
		t.Fatal(err)
	}
	if want := servicetest.Start.Add(2 * time.Hour); len(s.Past) != 100 || s.Past[0].Version != 3 ||
		!s.Since.Equal(want) {
		t.Errorf("%d versions are remembered, from version %d on, since %s", len(s.Past), s.Past[0].Version, s.Since)
	}
	if got := s.Pricing(servicetest.Start); got != 3 {
		t.Errorf("version %d prices what is older", got)
	}
}
