package catalog

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/ledgertest"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/table"
)

var noon = loyaltytest.Noon

// A bench is a ledgertest.Bench with a catalog.
type bench struct {
	*ledgertest.Bench
	Catalog
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := ledgertest.New(t)
	return &bench{b, Catalog{b.Ledger}}
}

// publish publishes the version that follows after.
func (b *bench) publish(t *testing.T, after int, effective time.Time) {
	t.Helper()
	in := Published{Program: "p", Source: []byte("x"), Snapshot: []byte(`{}`), By: "test", Effective: effective}
	if err := b.Publish(t.Context(), in, after); err != nil {
		t.Fatal(err)
	}
}

// writes returns how often the schedule was written.
func (b *bench) writes(t *testing.T) int64 {
	t.Helper()
	it, err := b.Table.Get(t.Context(), stored.ProgramKey("p", "LIVE"))
	if err != nil {
		t.Fatal(err)
	}
	return it.Version
}

func TestStatusOfAVersion(t *testing.T) {
	s := ledger.Schedule{
		Live: 4, Last: 6, Next: []ledger.Upcoming{{Version: 5, At: noon}},
		Past: []ledger.Ended{{Version: 1, Recalled: true}, {Version: 2}, {Version: 3, Recalled: true}},
	}
	for version, want := range map[int]Status{
		1: StatusRecalled, 2: StatusPast, 3: StatusRecalled, 4: StatusLive, 5: StatusScheduled, 6: StatusPast,
	} {
		if got := StatusOf(s, Published{Version: version}); got != want {
			t.Errorf("version %d is %s, want %s", version, got, want)
		}
	}
	if got := StatusOf(s, Published{Version: 6, Withdrawn: noon}); got != StatusWithdrawn {
		t.Errorf("a withdrawn version is %s", got)
	}
}

// A version takes effect immediately unless its time is in the future.
func TestTimeFromWhichAVersionIsInForce(t *testing.T) {
	for _, c := range []struct {
		name      string
		effective time.Time
		live      int
		want      time.Time
	}{
		{"no time", time.Time{}, 1, noon},
		{"now", noon, 1, noon},
		{"before", noon.Add(-time.Hour), 1, noon},
		{"later", noon.Add(time.Millisecond), 0, noon.Add(time.Millisecond)},
	} {
		b := newBench(t)
		b.publish(t, 0, c.effective)
		live, err := b.Live(t.Context(), "p")
		if err != nil || live != c.live {
			t.Errorf("%s: version %d is live, %v", c.name, live, err)
		}
		v, err := b.Published(t.Context(), "p", 1)
		if err != nil || !v.Effective.Equal(c.want) || !v.At.Equal(noon) || !v.Withdrawn.IsZero() {
			t.Errorf("%s: %+v, %v", c.name, v, err)
		}
	}
}

func TestPublishedVersionsAreListed(t *testing.T) {
	b := newBench(t)
	if n, doc, err := b.NewestSnapshot(t.Context(), "p"); n != 0 || doc != nil || err != nil {
		t.Errorf("before the first version: %d, %s, %v", n, doc, err)
	}
	for after := range 3 {
		b.publish(t, after, time.Time{})
	}
	if n, doc, err := b.NewestSnapshot(t.Context(), "p"); n != 3 || string(doc) != `{}` || err != nil {
		t.Errorf("the newest version is %d, %s, %v", n, doc, err)
	}
	for _, c := range []struct {
		before, limit int
		want          []int
	}{
		{0, 0, []int{3, 2, 1}},
		{3, 0, []int{2, 1}},
		{2, 0, []int{1}},
		{1, 0, nil},
		{0, 2, []int{3, 2}},
		{3, 1, []int{2}},
	} {
		var got []int
		for v, err := range b.Versions(t.Context(), "p", c.before, c.limit) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, v.Version)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("before %d, at most %d: %v, want %v", c.before, c.limit, got, c.want)
		}
	}
	for _, version := range []int{0, 4} {
		if _, err := b.Published(t.Context(), "p", version); !errors.Is(err, loyalty.NotFound) {
			t.Errorf("version %d: %v", version, err)
		}
		if _, err := b.Snapshot(t.Context(), "p", version); !errors.Is(err, loyalty.NotFound) {
			t.Errorf("the snapshot of version %d: %v", version, err)
		}
	}
	var ids []string
	for id, err := range b.ProgramIDs(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if !slices.Equal(ids, []string{"p"}) {
		t.Errorf("the programs are %v", ids)
	}
}

func TestVersionThatIsNotPublished(t *testing.T) {
	b := newBench(t)
	in := Published{Program: "p", Source: []byte("x"), By: "test"}
	if err := b.Publish(t.Context(), in, 0); err == nil || !strings.Contains(err.Error(), "the snapshot is missing") {
		t.Errorf("without a snapshot: %v", err)
	}
	in.Snapshot = []byte(`{}`)
	for _, after := range []int{-1, 1} {
		if err := b.Publish(t.Context(), in, after); !errors.Is(err, loyalty.AlreadyExists) {
			t.Errorf("after version %d: %v", after, err)
		}
	}
	b.Fail = []error{&table.ConflictError{}}
	if err := b.Publish(t.Context(), in, 0); !errors.Is(err, loyalty.AlreadyExists) {
		t.Errorf("another version was published meanwhile: %v", err)
	}
	b.Fail = []error{table.ErrBusy}
	if err := b.Publish(t.Context(), in, 0); !ledger.Busy(err) {
		t.Errorf("the table is busy: %v", err)
	}
	if n := b.writes(t); n != 0 {
		t.Errorf("the schedule was written %d times", n)
	}
}

// Withdraw and Recall write nothing if there is nothing to change.
func TestWithdrawnAndRecalledVersions(t *testing.T) {
	b := newBench(t)
	unchanged := func(want int64) {
		t.Helper()
		if err := b.Withdraw(t.Context(), "p"); err != nil {
			t.Error(err)
		}
		if err := b.Recall(t.Context(), "p", nil); err != nil {
			t.Error(err)
		}
		if n := b.writes(t); n != want {
			t.Errorf("the schedule was written %d times, want %d", n, want)
		}
	}
	unchanged(0)
	b.publish(t, 0, time.Time{})
	b.publish(t, 1, time.Time{})
	unchanged(2)
	b.publish(t, 2, noon.Add(time.Hour))
	b.Clock = noon.Add(time.Minute)
	if err := b.Withdraw(t.Context(), "p"); err != nil {
		t.Fatal(err)
	}
	if err := b.Recall(t.Context(), "p", []int{1}); err != nil {
		t.Fatal(err)
	}
	unchanged(5)
	if v, err := b.Published(t.Context(), "p", 3); err != nil || !v.Withdrawn.Equal(b.Clock) {
		t.Errorf("%+v, %v", v, err)
	}
	b.Clock = noon.Add(2 * time.Hour)
	s, err := b.Schedule(t.Context(), "p")
	if err != nil || s.Live != 2 || s.Last != 3 || len(s.Next) > 0 || len(s.Past) != 1 || !s.Past[0].Recalled {
		t.Errorf("%+v, %v", s, err)
	}
}

// A published version withdraws the scheduled versions only if it is published alone.
func TestVersionThatIsPublishedAlone(t *testing.T) {
	in := Published{Program: "p", Source: []byte("x"), Snapshot: []byte(`{}`), By: "test"}
	for name, c := range map[string]struct {
		publish func(*bench) error
		next    int
	}{
		"with others": {func(b *bench) error { return b.Publish(t.Context(), in, 2) }, 1},
		"alone":       {func(b *bench) error { return b.PublishAlone(t.Context(), in, 2) }, 0},
	} {
		b := newBench(t)
		b.publish(t, 0, time.Time{})
		b.publish(t, 1, noon.Add(time.Hour))
		if err := c.publish(b); err != nil {
			t.Fatal(err)
		}
		s, err := b.Schedule(t.Context(), "p")
		if err != nil || s.Live != 3 || len(s.Next) != c.next {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
		if v, err := b.Published(t.Context(), "p", 2); err != nil || v.Withdrawn.IsZero() != (c.next == 1) {
			t.Errorf("%s: %+v, %v", name, v, err)
		}
	}
}

// A draft is stored over the version that the caller read. Storing it again changes nothing.
func TestVersionsOfADraft(t *testing.T) {
	version := func(n int64) *int64 { return &n }
	for _, c := range []struct {
		name    string
		drafts  []string // the drafts that are stored already
		source  string
		after   *int64
		want    int64 // the version; 0 if another draft was stored meanwhile
		written bool
	}{
		{"the first", nil, "a", nil, 1, true},
		{"an empty first", nil, "", nil, 1, true},
		{"after none", nil, "a", version(0), 1, true},
		{"after one that does not exist", nil, "a", version(1), 0, false},
		{"another", []string{"a"}, "b", nil, 2, true},
		{"after the one that was read", []string{"a"}, "b", version(1), 2, true},
		{"after an earlier one", []string{"a", "b"}, "c", version(1), 0, false},
		{"after a later one", []string{"a"}, "b", version(2), 0, false},
		{"the same", []string{"a"}, "a", nil, 1, false},
		{"the same after the one that was read", []string{"a"}, "a", version(1), 1, false},
		{"the same request again", []string{"a", "b"}, "b", version(1), 2, false},
		{"the same after one before", []string{"a", "b"}, "b", version(0), 0, false},
		{"the same after a later one", []string{"a"}, "a", version(2), 0, false},
	} {
		b := newBench(t)
		for _, source := range c.drafts {
			if _, err := b.SaveDraft(t.Context(), "p", []byte(source), nil); err != nil {
				t.Fatal(err)
			}
		}
		got, err := b.SaveDraft(t.Context(), "p", []byte(c.source), c.after)
		if got != c.want || errors.Is(err, loyalty.AlreadyExists) != (c.want == 0) || err != nil && c.want > 0 {
			t.Errorf("%s: version %d, %v, want %d", c.name, got, err, c.want)
		}
		source, n, err := b.Draft(t.Context(), "p")
		want := len(c.drafts)
		if c.written {
			want++
		}
		if err != nil || n != int64(want) || c.want > 0 && string(source) != c.source {
			t.Errorf("%s: the draft is version %d, %q, %v", c.name, n, source, err)
		}
	}
}

func TestDraftIsStoredAgainAfterAConflict(t *testing.T) {
	b := newBench(t)
	b.Fail = []error{&table.ConflictError{}}
	if n, err := b.SaveDraft(t.Context(), "p", []byte("a"), nil); n != 1 || err != nil {
		t.Errorf("after a conflict: %d, %v", n, err)
	}
	b.Fail = []error{table.ErrBusy}
	if _, err := b.SaveDraft(t.Context(), "p", []byte("b"), nil); !ledger.Busy(err) {
		t.Errorf("the table is busy: %v", err)
	}
	for range ledger.Attempts {
		b.Fail = append(b.Fail, &table.ConflictError{})
	}
	if _, err := b.SaveDraft(t.Context(), "p", []byte("b"), nil); !errors.Is(err, ledger.ErrTryAgain) {
		t.Errorf("every attempt conflicts: %v", err)
	}
}
