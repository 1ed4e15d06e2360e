package limits

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/seedtest"
)

var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// A counted use is one that a limit allowed.
type counted struct {
	at time.Time
	n  int64
}

// most returns the highest number of units in any window of the limit.
func most(all []counted, l Limit) (highest int64) {
	for i := range all {
		var sum int64
		for _, c := range all[i:] {
			if c.at.Sub(all[i].at) < l.Window {
				sum += c.n
			}
		}
		highest = max(highest, sum)
	}
	return highest
}

func TestNoWindowHasMoreUnitsThanLimit(t *testing.T) {
	r := rand.New(rand.NewPCG(seedtest.Of(t), 0))
	for _, l := range []Limit{
		{1, time.Minute},
		{5, time.Minute},
		{exact, time.Minute},
		{exact + 1, time.Minute},
		{300, time.Minute},
		{3, day},
		{1_000, day},
	} {
		units := max(1, l.Max/20)
		step := l.Window * time.Duration(units) / time.Duration(l.Max) // a use takes half of this time on average
		var u Usage
		var all []counted
		var reached bool
		for now := noon; len(all) < 400; now = now.Add(time.Duration(r.Int64N(int64(step)))) {
			n := 1 + r.Int64N(units)
			if wait := u.Wait(l, n, now); wait > 0 {
				reached = true
				if wait > l.Window || u.Wait(l, n, now.Add(wait)) != 0 || u.Wait(l, n, now.Add(wait-1)) == 0 {
					t.Fatalf("%v: at %s after %v: the wait is %s", l, now, u, wait)
				}
				continue
			}
			u, all = u.And(l, n, now), append(all, counted{now, n})
			if len(u) > exact+1 {
				t.Fatalf("%v: %d uses are stored", l, len(u))
			}
		}
		if got := most(all, l); got > l.Max || !reached {
			t.Errorf("%v: a window has %d units; limit reached: %t", l, got, reached)
		}
		// The slots do not lock a principal out: on average, most of the limit can be used.
		span := all[len(all)-1].at.Sub(all[0].at)
		var sum int64
		for _, c := range all {
			sum += c.n
		}
		if possible := l.Max * int64(span/l.Window+1); sum < possible/4 {
			t.Errorf("%v: %d of %d units were allowed", l, sum, possible)
		}
	}
}

func TestUsageAtBounds(t *testing.T) {
	at := func(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }
	l := Limit{3, time.Minute}
	u := Usage{{at(1), 1}, {at(2), 1}, {at(3), 1}}
	for _, c := range []struct {
		name string
		l    Limit
		n    int64
		now  time.Time
		want time.Duration
	}{
		{"one above the limit", l, 1, at(10), 51 * time.Second},
		{"two above the limit", l, 2, at(10), 52 * time.Second},
		{"all units", l, 3, at(10), 53 * time.Second},
		{"more units than the limit has", l, 4, at(100), time.Minute},
		{"a higher limit", Limit{4, time.Minute}, 1, at(10), 0},
		{"just before the first use ends", l, 1, at(61).Add(-1), 1},
		{"when the first use ends", l, 1, at(61), 0},
		{"no limit", Limit{}, 1, at(10), 0},
	} {
		if got := u.Wait(c.l, c.n, c.now); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	if got := u.And(l, 1, at(61)); !slices.Equal(got, Usage{{at(2), 1}, {at(3), 1}, {at(61), 1}}) {
		t.Errorf("after the first use: %v", got)
	}
	// The clock of another process is behind.
	if got := u.And(l, 1, at(2)); got[3] != (Use{at(3), 1}) {
		t.Errorf("with an earlier clock: %v", got)
	}
	few := Limit{exact, exact * time.Second}
	if got := (Usage{{at(0), 1}}).And(few, 1, at(0)); len(got) != 2 {
		t.Errorf("a limit of %d units has slots: %v", exact, got)
	}
	many := Limit{exact + 1, exact * time.Second} // slots of one second
	got := Usage{}.And(many, 1, at(0)).And(many, 1, at(1).Add(-1)).And(many, 1, at(1))
	if !slices.Equal(got, Usage{{at(1).Add(-1), 2}, {at(1), 1}}) {
		t.Errorf("in slots: %v", got)
	}
}

func ExampleUsage() {
	limit := Limit{Max: 5, Window: time.Minute}
	at := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
	var u Usage
	for range 5 {
		u = u.And(limit, 1, at)
		at = at.Add(10 * time.Second)
	}
	fmt.Println(u.Wait(limit, 1, at), u.Wait(limit, 1, at.Add(10*time.Second)))
	// Output: 10s 0s
}
