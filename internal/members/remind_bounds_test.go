package members

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Wake makes reminders due now, unless they are due already.
func TestRemindersThatWake(t *testing.T) {
	for _, c := range []struct {
		name    string
		due     time.Time
		writes  bool
		fail    []error
		version int64
	}{
		{"due before", noon.Add(-time.Second), false, nil, 1},
		{"due now", noon, false, nil, 1},
		{"due later", noon.Add(time.Second), true, nil, 2},
		{"written by another process meanwhile", noon.Add(time.Second), false, []error{&table.ConflictError{}}, 1},
	} {
		b := newBench(t)
		it := firstRemind("p", "mem_ada", c.due)
		if err := b.Table.Transact(t.Context(), table.Put(it)); err != nil {
			t.Fatal(err)
		}
		b.Fail = c.fail
		if err := (ReminderQueue{b.Ledger}).Wake(t.Context(), "p", "mem_ada"); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		want := RemindKey("p", "mem_ada", c.due)
		if c.writes {
			want = RemindKey("p", "mem_ada", noon)
		}
		if got := b.remind(t, "mem_ada"); got.Index != want || got.Version != c.version {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	b := newBench(t)
	if err := (ReminderQueue{b.Ledger}).Wake(t.Context(), "p", "mem_ada"); err != nil {
		t.Error(err)
	}
	if it := b.remind(t, "mem_ada"); it.Version > 0 {
		t.Errorf("a member without reminders has %+v", it)
	}
	if op, err := (ReminderQueue{b.Ledger}).wake(t.Context(), "p", "mem_ada"); err != nil ||
		op.Item.Index != RemindKey("p", "mem_ada", noon) || op.Item.Version != 0 {
		t.Errorf("%+v, %v", op, err)
	}
}

// The queue of a shard lists the members whose reminders are due by an instant, starting at a place.
func TestQueueOfReminders(t *testing.T) {
	b := newBench(t)
	var ms []loyalty.MemberID // members of one shard
	for i := 0; len(ms) < 3; i++ {
		if m := loyalty.MemberID("mem_" + stored.Padded(int64(i), 4)); stored.ShardOf(m) == 0 {
			ms = append(ms, m)
		}
	}
	var places []string
	for i, m := range ms {
		it := firstRemind("p", m, noon.Add(time.Duration(i)*time.Hour))
		places = append(places, it.Index.SK)
		if err := b.Table.Transact(t.Context(), table.Put(it)); err != nil {
			t.Fatal(err)
		}
	}
	q := ReminderQueue{b.Ledger}
	for _, c := range []struct {
		name  string
		shard int
		place string
		until time.Time
		want  int // the first place
		n     int
	}{
		{"all", 0, "", time.Time{}, 0, 3},
		{"another shard", 1, "", time.Time{}, 0, 0},
		{"due now", 0, "", noon, 0, 1},
		{"due before", 0, "", noon.Add(-time.Millisecond), 0, 0},
		{"due in an hour", 0, "", noon.Add(time.Hour), 0, 2},
		{"after the first place", 0, places[0], time.Time{}, 1, 2},
		{"after the first place, due in an hour", 0, places[0], noon.Add(time.Hour), 1, 1},
		{"after the last place", 0, places[2], time.Time{}, 0, 0},
	} {
		n := 0
		for place, err := range q.Behind(t.Context(), "p", c.shard, c.place, c.until) {
			if err != nil || place != places[c.want+n] || stored.MemberAt(place) != ms[c.want+n] {
				t.Fatalf("%s: place %d is %s, %v", c.name, n, place, err)
			}
			n++
		}
		if n != c.n {
			t.Errorf("%s: %d places, want %d", c.name, n, c.n)
		}
		if c.place != "" {
			continue
		}
		if any, err := q.Any(t.Context(), "p", c.shard, c.until); err != nil || any != (c.n > 0) {
			t.Errorf("%s: any is %t, %v", c.name, any, err)
		}
	}
}

// The mark identifies the reminders for which visits to all members were last scheduled. Only one of two processes
// writes it.
func TestMarkOfTheLastPlanning(t *testing.T) {
	b := newBench(t)
	q := ReminderQueue{b.Ledger}
	name, mark, err := q.Swept(t.Context(), "p")
	if err != nil || name != "" || mark.Version != 0 {
		t.Fatalf("%q, %+v, %v", name, mark, err)
	}
	for _, name := range []string{"a", "b"} { // the second process is late
		if err := q.MarkSwept(t.Context(), mark, name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if name, mark, err = q.Swept(t.Context(), "p"); err != nil || name != "a" || mark.Version != 1 {
		t.Errorf("%q, %+v, %v", name, mark, err)
	}
	b.Fail = []error{table.ErrBusy}
	if err := q.MarkSwept(t.Context(), mark, "c"); err == nil {
		t.Error("the table is busy")
	}
	b.put(t, mark.Key, `{"reminders":5}`)
	if _, _, err = q.Swept(t.Context(), "p"); err == nil {
		t.Error("the mark is damaged")
	}
}
