package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/cost"
	"github.com/perennial-loyalty/perennial/internal/cost/costtest"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/seedtest"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/table/tabletest"
)

// counted is a table that counts reads, transactions and written items.
type counted struct {
	table.Table
	reads, transactions, writes atomic.Int64
}

func (c *counted) Get(ctx context.Context, key table.Key) (table.Item, error) {
	c.reads.Add(1)
	return c.Table.Get(ctx, key)
}

func (c *counted) Query(ctx context.Context, q table.Query) iter.Seq2[table.Item, error] {
	return func(yield func(table.Item, error) bool) {
		for it, err := range c.Table.Query(ctx, q) {
			c.reads.Add(1)
			if !yield(it, err) {
				return
			}
		}
	}
}

func (c *counted) Transact(ctx context.Context, ops ...table.Op) error {
	c.transactions.Add(1)
	c.writes.Add(int64(len(ops)))
	return c.Table.Transact(ctx, ops...)
}

// crowd returns a bench with the given number of members, of which some are due now and all others later. They are
// copies of two members: one with points that become active in two weeks, and one with points that become active in
// a year.
func crowd(t testing.TB, members, due int) (*bench, *counted) {
	t.Helper()
	b := newBench(t, 1)
	b.now = noon
	soon := b.account(t, memberID(0))
	b.now = noon.AddDate(0, 0, 14+365)
	b.order(t, 1)
	later := b.account(t, memberID(1))
	b.now = noon.AddDate(0, 0, 15)
	var ops []table.Op
	flush := func(least int) {
		if len(ops) < least || len(ops) == 0 {
			return
		}
		if err := b.Table.Transact(t.Context(), ops...); err != nil {
			t.Fatal(err)
		}
		ops = ops[:0]
	}
	for i := 2; i < members; i++ {
		it := later
		if i*due/members != (i-1)*due/members { // spread among the others
			it = soon
		}
		m := string(memberID(i))
		at, old, _ := strings.Cut(it.Index.SK, "#")
		h := fnv.New32a()
		h.Write([]byte(m))
		it.Key.PK = strings.Replace(it.Key.PK, old, m, 1)
		it.Index.SK = at + "#" + m
		it.Index.PK = it.Index.PK[:strings.LastIndex(it.Index.PK, "#")+1] + fmt.Sprintf("%02d", h.Sum32()%stored.Shards)
		it.Version = 0
		ops = append(ops, table.Put(it))
		flush(100)
	}
	flush(1)
	c := &counted{Table: b.Table}
	b.Table = c
	return b, c
}

func (b *bench) account(t testing.TB, m any) table.Item {
	t.Helper()
	it, err := b.Table.Get(t.Context(), table.Key{PK: fmt.Sprintf("P#bluebird#M#%s", m), SK: "ACCOUNT"})
	if err != nil || it.Version == 0 {
		t.Fatal(it, err)
	}
	return it
}

// run dispatches and works until no message is left, and returns the elapsed time.
func (b *bench) run(t testing.TB) time.Duration {
	t.Helper()
	began := time.Now()
	b.sent = nil
	b.dispatch(t, b.now)
	for len(b.sent) > 0 {
		bodies := b.sent
		b.sent = nil
		for _, body := range bodies {
			if failed := b.deliver(t, t.Context(), body); len(failed) > 0 {
				t.Fatalf("%s failed", body)
			}
		}
	}
	return time.Since(began)
}

// size returns the first number by default, the second with PERENNIAL_LONG, and the third with PERENNIAL_MILLION,
// which takes a few minutes and 4 GB.
func size(usual, long, million int) int {
	switch {
	case os.Getenv("PERENNIAL_MILLION") != "":
		return million
	case os.Getenv("PERENNIAL_LONG") != "":
		return long
	}
	return usual
}

// TestRunCostsDependOnDueMembers checks that the cost of a run depends on the number of due members and not on the
// number of members: it is the same for a million members as for a tenth of them.
func TestRunCostsDependOnDueMembers(t *testing.T) {
	due := size(200, 1_000, 10_000)
	var took []time.Duration
	for _, members := range []int{due * 10, due * 100} {
		b, c := crowd(t, members, due)
		found := b.due(t)
		c.reads.Store(0)
		took = append(took, b.run(t))
		reads, writes := c.reads.Load(), c.writes.Load()
		t.Logf(
			"%d of %d members: %d items read, %d written in %d transactions, %s", found, members, reads, writes,
			c.transactions.Load(), took[len(took)-1],
		)
		if found < due*98/100 || found > due*102/100 {
			t.Errorf("%d are due of %d", found, members)
		}
		if limit := float64(found)*1.02 + 3*stored.Shards; float64(reads) > limit {
			t.Errorf("%d items were read for %d members", reads, found)
		}
		if want := int64(found) * 2; writes != want || c.transactions.Load() != int64(found) {
			t.Errorf(
				"%d items were written in %d transactions, want an account and an entry for each of %d members",
				writes, c.transactions.Load(), found,
			)
		}
		c.reads.Store(0)
		c.writes.Store(0)
		if b.run(t); c.writes.Load() != 0 || c.reads.Load() > 3*stored.Shards {
			t.Errorf("a second run read %d items and wrote %d", c.reads.Load(), c.writes.Load())
		}
	}
	if size(0, 0, 1) == 1 && took[1] > took[0]*12/10 {
		t.Errorf("the run took %s, and %s with ten times as many members", took[0], took[1])
	}
}

// TestKilledRunHasSameResult checks that a run in which all members are due can be killed at any point, and has the
// same result after it is resumed.
func TestKilledRunHasSameResult(t *testing.T) {
	members := size(1_000, 10_000, 1_000_000)
	whole, _ := crowd(t, members, members)
	began := time.Now()
	whole.run(t)
	t.Logf("%d members in one go: %s", members, time.Since(began))
	killed, c := crowd(t, members, members)
	killed.sent = nil
	killed.dispatch(t, killed.now)
	rng := rand.New(rand.NewPCG(1, seedtest.Of(t)))
	bodies := killed.sent
	for kills := 0; kills < 20; kills++ {
		ctx, kill := context.WithCancel(t.Context())
		var left atomic.Int64
		left.Store(rng.Int64N(int64(members) / 12))
		killed.before = func(string) {
			if left.Add(-1) < 0 {
				kill() // interrupts the current work, and prevents the worker from sending
			}
		}
		killed.deliver(t, ctx, bodies[rng.IntN(len(bodies))])
		kill()
	}
	killed.before = nil
	for _, body := range bodies { // the queue redelivers the messages, because they were not confirmed
		if failed := killed.deliver(t, t.Context(), body); len(failed) > 0 {
			t.Fatalf("%s failed", body)
		}
	}
	for len(killed.sent) > len(bodies) {
		more := killed.sent[len(bodies):]
		killed.sent = killed.sent[:len(bodies):len(bodies)]
		for _, body := range more {
			killed.deliver(t, t.Context(), body)
		}
	}
	t.Logf("killed 20 times: %d transactions", c.transactions.Load())
	if n := killed.due(t); n != 0 {
		t.Errorf("%d members are still due", n)
	}
	for range 1_000 {
		m := memberID(rng.IntN(members))
		if a, b := whole.account(t, m), killed.account(t, m); string(a.Doc) != string(b.Doc) || a.Index != b.Index ||
			a.Version != b.Version {
			t.Fatalf("%s after one run: %s\nafter killed runs: %s", m, a.Doc, b.Doc)
		}
	}
}

// TestConcurrentAndFrozenWorkersWriteOnce checks that nothing is written twice if a message is redelivered while
// its first worker is still running, and if frozen workers continue after all others have finished.
func TestConcurrentAndFrozenWorkersWriteOnce(t *testing.T) {
	b, c := crowd(t, 300, 300)
	b.dispatch(t, b.now)
	bodies := b.sent
	var frozen atomic.Int64
	thaw, asleep := make(chan struct{}), make(chan struct{})
	b.before = func(string) {
		if n := frozen.Add(1); n <= concurrency {
			if n == concurrency {
				close(asleep)
			}
			<-thaw
		}
	}
	done := make(chan []string)
	go func() { done <- b.deliver(t, t.Context(), bodies...) }()
	<-asleep // all goroutines of the first worker are waiting, each with one member
	for range 2 {
		if failed := b.deliver(t, t.Context(), bodies...); len(failed) > 0 {
			t.Errorf("%v failed", failed)
		}
	}
	if n := b.due(t); n != 0 {
		t.Errorf("%d members are due while the first worker is frozen", n)
	}
	b.now = b.now.AddDate(0, 0, 1) // the worker continues a day later
	close(thaw)
	if failed := <-done; len(failed) > 0 {
		t.Errorf("%v failed after it continued", failed)
	}
	for i := range 300 {
		if it := b.account(t, memberID(i)); it.Version != 2 && i > 1 {
			t.Errorf("member %d was written %d times", i, it.Version-1)
		}
	}
	if n := c.transactions.Load(); n > 300+concurrency {
		t.Errorf("%d transactions for 300 members", n)
	}
}

// TestMemberListedTooEarlyIsMovedOnce checks that a member who is no longer due after a publication is evaluated
// once.
func TestMemberListedTooEarlyIsMovedOnce(t *testing.T) {
	b, c := crowd(t, 100, 100)
	now := b.now
	for i := range 100 { // as if they had been due a week earlier
		it := b.account(t, memberID(i))
		it.Index.SK = strings.Replace(it.Index.SK, it.Index.SK[:len("2026-12-15")], "2026-12-08", 1)
		if err := c.Table.Transact(t.Context(), table.Put(it)); err != nil {
			t.Fatal(err)
		}
	}
	b.now = noon.AddDate(0, 0, 8)
	c.writes.Store(0)
	b.run(t)
	if n := c.writes.Load(); n != 100 {
		t.Errorf("%d items were written", n)
	}
	if n := b.due(t); n != 0 {
		t.Errorf("%d are still listed", n)
	}
	b.now = now
	if n := b.due(t); n != 99 { // one is due a year later
		t.Errorf("%d are due in the end", n)
	}
}

// TestCostOfSettlingMember measures that a member costs one read, and no write if nothing changes. A member with
// changes costs 7 write units: 2 for the account and 2 for the entry, as in every transaction, 1 for the entry in
// the statement's index, and 2 for moving the account in the due index; 6 in total if it leaves that index.
func TestCostOfSettlingMember(t *testing.T) {
	const members = 10 * stored.Shards
	b, _ := crowd(t, members, members)
	meter := &tabletest.Meter{Table: b.Table}
	b.Ledger.Table = meter
	costs := func(at time.Time) tabletest.Units {
		t.Helper()
		b.now = at
		meter.Take()
		n := 0
		for shard := range stored.Shards {
			for d, err := range b.DueQueue.From(t.Context(), "bluebird", shard, "", b.now) {
				if err != nil {
					t.Fatal(err)
				}
				if _, err := b.DueQueue.Advance(t.Context(), b.program, d); err != nil {
					t.Fatal(err)
				}
				n++
			}
		}
		units := meter.Take().Units
		if t.Logf("at %s %d members: %+v", at.Format(time.DateOnly), n, units); n == 0 {
			return units
		}
		return tabletest.Units{Read: units.Read / float64(n), Write: units.Write / float64(n)}
	}
	var used []cost.Usage
	for _, c := range []struct {
		id string
		at time.Time
	}{{"activation", noon.AddDate(0, 0, 15)}, {"expiry", noon.AddDate(2, 1, 0)}} {
		u := costs(c.at)
		read := math.Ceil(u.Read*10) / 10 // includes a share of the index pages
		used = append(used, cost.Usage{ID: c.id, Read: read, Write: math.Ceil(u.Write)})
		if u := costs(c.at); u.Write != 0 {
			t.Errorf("a second run costs %+v", u)
		}
	}
	costtest.Compare(t, used)
	if p := Assumed(); p.ReadUnits != used[0].Read || p.WriteUnits != used[0].Write {
		t.Errorf("the plan assumes %g and %g units, and a member costs %+v", p.ReadUnits, p.WriteUnits, used[0])
	}
	for i := range 3 {
		meter.Take()
		if _, err := b.Ledger.Advance(t.Context(), b.program, memberID(i)); err != nil {
			t.Fatal(err)
		}
		if u := meter.Take().Units; u != (tabletest.Units{Read: 1}) {
			t.Errorf("a member for whom nothing changes costs %+v", u)
		}
	}
	if _, err := b.Ledger.Advance(t.Context(), b.program, "mem_nobody"); err == nil ||
		errors.Is(err, ledger.ErrTryAgain) {
		t.Error(err)
	}
}

// BenchmarkReassess measures members per second: of a run in which points of each member become active, and of the run
// after the publication of other tiers, which checks members for whom nothing changes.
func BenchmarkReassess(b *testing.B) {
	members := size(2_000, 20_000, 1_000_000)
	measure := func(b *testing.B, run func(x *bench)) {
		for b.Loop() {
			b.StopTimer()
			x, _ := crowd(b, members, members)
			x.Ledger.Table = x.Table // without the checks of policies
			b.StartTimer()
			began := time.Now()
			run(x)
			b.ReportMetric(float64(members)/time.Since(began).Seconds(), "members/s")
		}
	}
	b.Run("activate", func(b *testing.B) { measure(b, func(x *bench) { x.run(b) }) })
	b.Run("unchanged", func(b *testing.B) {
		measure(b, func(x *bench) {
			x.now = noon.AddDate(0, 0, 1) // before points become active
			for shard := range stored.Shards {
				m := shardTask{Program: "bluebird", Shard: shard, Due: x.now, All: true}
				body, err := json.Marshal(m)
				if err != nil {
					b.Fatal(err)
				}
				if failed := x.deliver(b, b.Context(), string(body)); len(failed) > 0 {
					b.Fatalf("shard %d failed", shard)
				}
			}
		})
	})
}
