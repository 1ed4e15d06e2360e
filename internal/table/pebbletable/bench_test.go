package pebbletable

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// BenchmarkTransact measures the writes of one earn on disk: an update of an account of about 1 KB and a new entry
// of about 800 bytes. A writer that conflicts retries at once with the item in the conflict. In "own", each writer
// has its own accounts; in "hot", all writers share one. The second disk is slowed down to one millisecond per sync
// of the log, as on a common disk.
func BenchmarkTransact(b *testing.B) {
	slow := onLogSync(vfs.Default, func() error { time.Sleep(time.Millisecond); return nil })
	for disk, fs := range map[string]vfs.FS{"as-it-is": vfs.Default, "1ms": slow} {
		for _, keys := range []string{"own", "hot"} {
			for _, writers := range []int{1, 8, 32, 128} {
				b.Run(fmt.Sprintf("disk=%s/%s/writers=%d", disk, keys, writers), func(b *testing.B) {
					tab, err := open(b.TempDir(), fs)
					if err != nil {
						b.Fatal(err)
					}
					defer tab.Close()
					earn(b, tab, writers, keys == "hot")
				})
			}
		}
	}
}

// earn makes the writers run b.N transactions in total.
func earn(b *testing.B, tab table.Table, writers int, hot bool) {
	var left, conflicts atomic.Int64
	left.Store(int64(b.N))
	var all sync.WaitGroup
	b.ResetTimer()
	for w := range writers {
		all.Go(func() {
			accounts := make([]table.Item, 100)
			for i := range accounts {
				accounts[i] = benchAccount(w, i)
				if hot {
					accounts[i] = benchAccount(0, 0)
				}
			}
			for n := left.Add(-1); n >= 0; n = left.Add(-1) {
				at := &accounts[n%100]
				if hot {
					at = &accounts[0]
				}
				for !earnOnce(b, tab, at, n, &conflicts) {
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tx/s")
	b.ReportMetric(float64(conflicts.Load())/float64(b.N), "conflicts/tx")
}

// earnOnce tries once, and stores in at the item from which the next attempt starts.
func earnOnce(b *testing.B, tab table.Table, at *table.Item, n int64, conflicts *atomic.Int64) bool {
	entry := table.Item{
		Key:   table.Key{PK: fmt.Sprintf("P#p#O#%d", n), SK: "000001"},
		Index: table.Key{PK: at.Key.PK, SK: fmt.Sprintf("%012d", n)},
		Doc:   entryDoc,
	}
	err := tab.Transact(b.Context(), table.Put(*at), table.Put(entry))
	var conflict *table.ConflictError
	if errors.As(err, &conflict) {
		conflicts.Add(1)
		*at = conflict.Current
		at.Doc = accountDoc
		return false
	}
	if err != nil {
		b.Error(err)
	}
	at.Version++
	return true
}

func benchAccount(w, i int) table.Item {
	return table.Item{
		Key:   table.Key{PK: fmt.Sprintf("P#p#M#%d-%d", w, i), SK: "ACCOUNT"},
		Index: table.Key{PK: "P#p#DUE#reassess#1", SK: fmt.Sprintf("2027-03-31#%d-%d", w, i)},
		Doc:   accountDoc,
	}
}

// The documents have about as many fields and numbers as real ones.
var (
	accountDoc = benchDoc(12)
	entryDoc   = benchDoc(10)
)

func benchDoc(lots int) []byte {
	lot := `{"wallet":"points","expires":"2027-03-31","points":123456,"cause":"order/1042"}`
	return []byte(`{"sequence":123456,"lots":[` + lot + strings.Repeat(","+lot, lots-1) + `]}`)
}

// BenchmarkAbsent measures the reads with which each new order begins, in a table on disk with a million items: whether
// the partition of the order is empty, and the order itself.
func BenchmarkAbsent(b *testing.B) {
	tab, err := Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer tab.Close()
	fill(b, tab, 1_000_000)
	if err := tab.db.Compact(b.Context(), []byte{0}, []byte{0xff}, true); err != nil {
		b.Fatal(err)
	}
	ctx := b.Context()
	b.Run("query", func(b *testing.B) {
		defer reportCPU(b)()
		for i := 0; b.Loop(); i++ {
			for it, err := range tab.Query(
				ctx, table.Query{PK: fmt.Sprintf("P#p#O#%d+", i*7919%1_000_000), Reverse: true, Limit: 1},
			) {
				b.Fatal(it, err)
			}
		}
	})
	b.Run("fresh", func(b *testing.B) {
		defer reportCPU(b)()
		for i := 0; b.Loop(); i++ {
			key := table.Key{PK: fmt.Sprintf("P#p#O#%d+", i*7919%1_000_000), SK: "000001"}
			if it, _, err := tab.read(key, true); err != nil || it.Version > 0 {
				b.Fatal(it, err)
			}
		}
	})
	b.Run("present", func(b *testing.B) {
		defer reportCPU(b)()
		for i := 0; b.Loop(); i++ {
			key := table.Key{PK: fmt.Sprintf("P#p#O#%d", i*7919%1_000_000), SK: "000001"}
			if it, err := tab.Get(ctx, key); err != nil || it.Version == 0 {
				b.Fatal(it, err)
			}
		}
	})
}

// reportCPU reports the CPU time of the process between the call and the call of the returned function.
func reportCPU(b *testing.B) func() {
	b.ReportAllocs()
	used := func() (total int64) {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return u.Utime.Nano() + u.Stime.Nano()
	}
	start := used()
	return func() { b.ReportMetric(float64(used()-start)/float64(b.N), "cpu-ns/op") }
}

// fill stores n items of about 500 bytes in partitions of their own, in random order, and flushes them to disk.
func fill(b *testing.B, tab *Table, n int) {
	doc := benchDoc(5)
	for i := 0; i < n; i += maxOps {
		var ops []table.Op
		for j := i; j < i+maxOps; j++ {
			ops = append(
				ops,
				table.Put(table.Item{Key: table.Key{PK: fmt.Sprintf("P#p#O#%d", j*7919%n), SK: "000001"}, Doc: doc}),
			)
		}
		ready, err := prepare(ops)
		if err != nil {
			b.Fatal(err)
		}
		s, err := tab.stage(ready)
		if err != nil {
			b.Fatal(err)
		}
		if err := tab.db.Apply(s.batch, pebble.NoSync); err != nil {
			b.Fatal(err)
		}
	}
	if err := tab.db.Flush(); err != nil {
		b.Fatal(err)
	}
}
