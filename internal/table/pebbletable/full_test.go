package pebbletable

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// A fullDisk is a disk in memory that is full from the n-th change of a file on, until space is freed.
type fullDisk struct {
	vfs.FS
	left atomic.Int64 // the changes until the disk is full
	hits atomic.Int64 // the changes that failed
}

const plenty = 1 << 40

func newFullDisk() *fullDisk {
	d := &fullDisk{}
	d.left.Store(plenty)
	d.FS = errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		switch op.Kind {
		case errorfs.OpCreate, errorfs.OpFileWrite, errorfs.OpFileWriteAt, errorfs.OpFilePreallocate,
			errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo, errorfs.OpRename, errorfs.OpLink:
			if d.left.Add(-1) < 0 {
				d.hits.Add(1)
				return &fs.PathError{Op: "write", Path: op.Path, Err: syscall.ENOSPC}
			}
		}
		return nil
	}))
	return d
}

// writeItem writes an item of up to 4 KB, and reports whether the write was acknowledged. Another error than ErrBusy
// and ErrUnknown fails the test.
func writeItem(t *testing.T, tab *Table, i int) bool {
	t.Helper()
	doc := fmt.Appendf(nil, `{"n":%d,"fill":"%s"}`, i, strings.Repeat("x", i%4000))
	err := tab.Transact(t.Context(), table.Put(table.Item{
		Key: table.Key{PK: "p", SK: fmt.Sprintf("%06d", i)}, Doc: doc,
	}))
	if busy := errors.Is(err, table.ErrBusy); err != nil && busy == errors.Is(err, table.ErrUnknown) {
		t.Errorf("write %d: %v", i, err)
	}
	return err == nil
}

func wantItems(t *testing.T, tab *Table, acknowledged []int) {
	t.Helper()
	for _, i := range acknowledged {
		it, err := tab.Get(t.Context(), table.Key{PK: "p", SK: fmt.Sprintf("%06d", i)})
		if err != nil || it.Version != 1 {
			t.Fatalf("item %d was acknowledged, but has version %d, %v", i, it.Version, err)
		}
	}
}

// TestFullDiskIsSurvived fills the disk at each of the first changes of its files, also while the table opens itself
// again. No acknowledged write is lost, other calls return ErrBusy, and the table works again without being closed.
func TestFullDiskIsSurvived(t *testing.T) {
	for n := range 40 {
		disk := newFullDisk()
		tab, err := open("table", disk)
		if err != nil {
			t.Fatal(err)
		}
		var acknowledged []int
		next := 0
		write := func() bool {
			next++
			if writeItem(t, tab, next) {
				acknowledged = append(acknowledged, next)
				return true
			}
			return false
		}
		for range 3 {
			write()
		}
		disk.left.Store(int64(n))
		for disk.hits.Load() == 0 {
			write()
		}
		for i := range 20 {
			write()
			if i == 10 {
				disk.left.Store(int64(n)) // a little space is freed, but not enough or just enough
			}
		}
		if _, err := tab.Get(t.Context(), table.Key{PK: "p", SK: "x"}); err != nil && !errors.Is(err, table.ErrBusy) {
			t.Errorf("%d: a read: %v", n, err)
		}
		disk.left.Store(plenty)
		for !write() {
			runtime.Gosched() // the table opens itself again
		}
		wantItems(t, tab, acknowledged)
		wantIndexOfItems(t, tab)
		if err := tab.Close(); err != nil {
			t.Errorf("%d: close: %v", n, err)
		}
		again, err := open("table", disk)
		if err != nil {
			t.Fatal(err)
		}
		wantItems(t, again, acknowledged)
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestConcurrentWritersSurviveFullDisk fills the disk while many goroutines write, so that Pebble also panics.
func TestConcurrentWritersSurviveFullDisk(t *testing.T) {
	for n := range 10 {
		disk := newFullDisk()
		tab, err := open("table", disk)
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var acknowledged []int
		run := func(from int) {
			var all sync.WaitGroup
			for w := range 16 {
				all.Go(func() {
					for i := range 20 {
						if id := from + w*100 + i; writeItem(t, tab, id) {
							mu.Lock()
							acknowledged = append(acknowledged, id)
							mu.Unlock()
						}
					}
				})
			}
			all.Wait()
		}
		disk.left.Store(int64(20 + 7*n))
		run(10_000)
		if disk.hits.Load() == 0 {
			t.Fatal("the disk was never full")
		}
		before := len(acknowledged)
		disk.left.Store(plenty)
		for i := 0; len(acknowledged) == before; i++ {
			run(20_000 + 10_000*i)
		}
		wantItems(t, tab, acknowledged)
		if err := tab.Close(); err != nil {
			t.Error(err)
		}
	}
}

// failing returns a disk on which no file with the suffix can be created while full is set.
func failing(suffix string, full *atomic.Bool) vfs.FS {
	return errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		creates := op.Kind == errorfs.OpCreate || op.Kind == errorfs.OpReuseForWrite
		if full.Load() && creates && strings.HasSuffix(op.Path, suffix) {
			return &fs.PathError{Op: "create", Path: op.Path, Err: syscall.ENOSPC}
		}
		return nil
	}))
}

// TestFullDiskDuringFlush fills the disk for table files only: the log can still be written.
func TestFullDiskDuringFlush(t *testing.T) {
	var full atomic.Bool
	tab, err := open("table", failing(".sst", &full))
	if err != nil {
		t.Fatal(err)
	}
	writeItem(t, tab, 1)
	full.Store(true)
	if _, err := tab.db.AsyncFlush(); err != nil {
		t.Fatal(err)
	}
	for i := 2; writeItem(t, tab, i); i++ { // until the flush has failed
		if i > 1_000_000 {
			t.Fatal("the failed flush does not stop writes")
		}
	}
	full.Store(false)
	for !writeItem(t, tab, 2_000_000) {
		runtime.Gosched() // the table opens itself again
	}
	wantItems(t, tab, []int{1})
	if err := tab.Close(); err != nil {
		t.Error(err)
	}
}

// TestFullDiskWhileLogIsReplaced fills the disk when Pebble starts another log. The transaction that causes it waits,
// and others are refused.
func TestFullDiskWhileLogIsReplaced(t *testing.T) {
	var full atomic.Bool
	tab, err := open("table", failing(".log", &full))
	if err != nil {
		t.Fatal(err)
	}
	full.Store(true)
	large := []byte(`{"fill":"` + strings.Repeat("x", 300<<10) + `"}`)
	key := func(i int) table.Key { return table.Key{PK: "large", SK: fmt.Sprintf("%06d", i)} }
	const items = 200 // 60 MB, of which one log contains 32 MB
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := range items {
			for {
				err := tab.Transact(t.Context(), table.Put(table.Item{Key: key(i), Doc: large}))
				if err == nil || errors.As(err, new(*table.ConflictError)) {
					break // after a conflict, an earlier attempt was stored
				}
				if !errors.Is(err, table.ErrBusy) && !errors.Is(err, table.ErrUnknown) {
					t.Errorf("write %d: %v", i, err)
					return
				}
				runtime.Gosched()
			}
		}
	})
	for !tab.isFull() {
		runtime.Gosched()
	}
	other := table.Put(table.Item{Key: key(items), Doc: large})
	if err := tab.Transact(t.Context(), other); !errors.Is(err, table.ErrBusy) || errors.Is(err, table.ErrUnknown) {
		t.Errorf("another write: %v", err)
	}
	full.Store(false)
	writer.Wait()
	for i := range items {
		it, err := tab.Get(t.Context(), key(i))
		if err != nil || it.Version != 1 {
			t.Errorf("item %d: version %d, %v", i, it.Version, err)
		}
	}
	if err := tab.Close(); err != nil {
		t.Error(err)
	}
}
