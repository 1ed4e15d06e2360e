package service_test

import (
	"context"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/service/servicetest"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// versioned is a bench that publishes versions of its program, and whose ledger loads them.
type versioned struct {
	*bench
	all     map[int]*loyalty.Program
	loads   int   // number of loads of versions
	recalls []int // versions that the next publication recalls
}

func newVersioned(t *testing.T, b *bench) *versioned {
	v := &versioned{bench: b, all: map[int]*loyalty.Program{}}
	b.Program = func(_ context.Context, _ string, version int) (*loyalty.Program, error) {
		v.loads++
		return v.all[version], nil
	}
	b.Versions = func(ctx context.Context, id string) (ledger.Schedule, time.Time, error) {
		s, err := catalog.Catalog{Ledger: b.Ledger}.Schedule(ctx, id)
		return s, b.Now(), err
	}
	return v
}

// publish publishes the next version, after change has edited it.
func (v *versioned) publish(t *testing.T, mode loyalty.RefreshMode, change func(*loyalty.Program)) {
	t.Helper()
	after := len(v.all)
	p := servicetest.Program(t)
	p.Version = after + 1
	change(p)
	if err := engine.Compile(p); err != nil {
		t.Fatal(err)
	}
	engine.Supersede(p, v.all[after], v.Now(), mode)
	in := catalog.Published{Program: p.ID, Source: []byte("x"), Snapshot: []byte("{}"), By: "test", Recall: v.recalls}
	v.recalls = nil
	if err := (catalog.Catalog{Ledger: v.Bench.Ledger}).Publish(t.Context(), in, after); err != nil {
		t.Fatal(err)
	}
	v.all[p.Version], v.P = p, p
}

// silverFrom returns a change that sets the points required for the second level, with an entry bonus.
func silverFrom(n int64) func(*loyalty.Program) {
	return func(p *loyalty.Program) {
		p.Earn.Pending = calendar.Wait{}
		p.Tiers.Levels[1].From, p.Tiers.Levels[1].EntryBonus = n, 50
	}
}

// A version that was live for a while counts for a member, whether or not the account was read during that time.
func TestVersionCountsForMemberWhoWasNotRead(t *testing.T) {
	onBoth(t, func(t *testing.T, b *bench) {
		v := newVersioned(t, b)
		v.publish(t, "", silverFrom(500))
		ids := []loyalty.MemberID{"mem_quiet", "mem_read"}
		for _, m := range ids {
			v.Enroll(t, m)
			v.Put(t, v.Order("of "+string(m), m, 40_000))
		}
		read := func() {
			if _, err := (members.Members{Ledger: v.Bench.Ledger}).Current(t.Context(), v.P, "mem_read"); err != nil {
				t.Fatal(err)
			}
		}
		v.Wait(time.Hour)
		v.publish(t, loyalty.UpgradeOnly, silverFrom(300))
		v.Wait(time.Hour)
		read()
		v.publish(t, loyalty.UpgradeOnly, silverFrom(1000))
		v.Wait(time.Hour)
		read()
		for _, m := range ids {
			got, err := members.Members{Ledger: v.Bench.Ledger}.Current(t.Context(), v.P, m)
			if err != nil || got.Account.Tier.Level != "silver" || got.Account.Balance().Active != 450 {
				t.Errorf("%s is %s with %+v, %v", m, got.Account.Tier.Level, got.Account.Balance(), err)
			}
			v.Audit(t, m)
		}
	})
}

// If a process that does not know a new version yet writes an account, the next process that knows the version still
// applies it.
func TestWriterWithAnOldVersionHidesNoPublication(t *testing.T) {
	v := newVersioned(t, newBench(t, servicetest.Memory(t)))
	v.publish(t, "", silverFrom(500))
	v.Enroll(t, "mem_ada")
	v.Put(t, v.Order("1", "mem_ada", 29_000))
	v.Wait(time.Hour)
	old, stale, read := v.P, v.Versions, v.Now()
	known, err := catalog.Catalog{Ledger: v.Bench.Ledger}.Schedule(t.Context(), v.P.ID)
	if err != nil {
		t.Fatal(err)
	}
	v.Wait(time.Second)
	v.publish(t, loyalty.UpgradeOnly, silverFrom(300))
	v.Wait(time.Second)
	present := v.P
	v.P, v.Versions = old, func(context.Context, string) (ledger.Schedule, time.Time, error) { return known, read, nil }
	v.Put(t, v.Order("2", "mem_ada", 2_000))
	if got := v.Level(t, "mem_ada"); got != "bronze" {
		t.Fatalf("by the old version the level is %s", got)
	}
	v.P, v.Versions = present, stale
	v.Wait(time.Second)
	got, err := members.Members{Ledger: v.Bench.Ledger}.Current(t.Context(), v.P, "mem_ada")
	if err != nil || got.Account.Tier.Level != "silver" || got.Account.Balance().Active != 360 {
		t.Errorf("the level is %s, and the balance %+v, %v", got.Account.Tier.Level, got.Account.Balance(), err)
	}
	v.Audit(t, "mem_ada")
}

// A read costs the same as before another version was published, and writes only due changes.
func TestWhatAReadCosts(t *testing.T) {
	meter := &tabletest.Meter{Table: servicetest.Memory(t)}
	v := newVersioned(t, newBench(t, meter))
	v.publish(t, "", silverFrom(500))
	schedule, err := catalog.Catalog{Ledger: v.Bench.Ledger}.Schedule(t.Context(), v.P.ID)
	if err != nil {
		t.Fatal(err)
	}
	v.Versions = func(context.Context, string) (ledger.Schedule, time.Time, error) { return schedule, v.Now(), nil }
	v.Enroll(t, "mem_ada")
	v.Put(t, v.Order("1", "mem_ada", 29_000))
	v.Wait(time.Hour)
	read := func(wantWrites bool) {
		t.Helper()
		if _, err := (members.Members{Ledger: v.Bench.Ledger}).Profile(t.Context(), v.P.ID, "mem_ada"); err != nil {
			t.Fatal(err) // caches the key of the program
		}
		meter.Take()
		if _, err := (members.Members{Ledger: v.Bench.Ledger}).Current(t.Context(), v.P, "mem_ada"); err != nil {
			t.Fatal(err)
		}
		u := meter.Take()
		t.Logf("a read costs %g read and %g write units", u.Read, u.Write)
		if u.Write > 0 != wantWrites || !wantWrites && u.Read > 1 {
			t.Errorf("a read costs %g read and %g write units", u.Read, u.Write)
		}
	}
	v.loads = 0
	read(false)
	if v.loads != 0 {
		t.Errorf("%d versions were looked up", v.loads)
	}
	v.Wait(400 * 24 * time.Hour)
	read(true)
	read(false)
}
