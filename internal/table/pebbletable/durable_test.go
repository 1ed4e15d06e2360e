package pebbletable

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// onLogSync calls sync before each sync of the log of a table in fs.
func onLogSync(fs vfs.FS, sync func() error) vfs.FS {
	return errorfs.Wrap(fs, errorfs.InjectorFunc(func(op errorfs.Op) error {
		switch op.Kind {
		case errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo:
			if strings.HasSuffix(op.Path, ".log") {
				return sync()
			}
		}
		return nil
	}))
}

// TestPowerLossKeepsEveryReportedItem checks that every item that a write, read, list or conflict over a new item
// has reported is still stored after a loss of power.
func TestPowerLossKeepsEveryReportedItem(t *testing.T) {
	disk := vfs.NewCrashableMem()
	slow := onLogSync(disk, func() error {
		for range 200 {
			runtime.Gosched() // gives readers time to read items that are not on disk yet
		}
		return nil
	})
	tab, err := open("table", slow)
	if err != nil {
		t.Fatal(err)
	}
	k := &knowledge{version: map[table.Key]int64{}}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for w := range 6 {
		all.Go(func() { k.work(ctx, t, tab, uint64(w)) })
	}
	for range 15 {
		reported := k.after(t, 200)
		wantReported(t, disk.CrashClone(vfs.CrashCloneCfg{}), reported)
	}
	cancel()
	all.Wait()
	if err := tab.Close(); err != nil {
		t.Error(err)
	}
}

// knowledge is the latest version of each item that a call reported. Items are never deleted.
type knowledge struct {
	mu       sync.Mutex
	version  map[table.Key]int64
	reported atomic.Int64
}

func (k *knowledge) learn(items ...table.Item) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, it := range items {
		k.version[it.Key] = max(k.version[it.Key], it.Version)
		k.reported.Add(1)
	}
}

// after waits until n more reports were made and returns the reported versions.
func (k *knowledge) after(t *testing.T, n int64) map[table.Key]int64 {
	for until := k.reported.Load() + n; k.reported.Load() < until && !t.Failed(); {
		runtime.Gosched()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	known := make(map[table.Key]int64, len(k.version))
	for key, version := range k.version {
		known[key] = version
	}
	return known
}

func (k *knowledge) work(ctx context.Context, t *testing.T, tab *Table, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	for i := 0; ctx.Err() == nil; i++ {
		key := table.Key{PK: fmt.Sprint(rng.IntN(3)), SK: fmt.Sprint(rng.IntN(3))}
		it, err := tab.Get(ctx, key)
		switch draw := rng.IntN(6); {
		case err != nil:
		case draw < 3:
			k.learn(it)
			it.Doc = []byte(`{}`)
			if err = tab.Transact(ctx, table.Put(it)); err == nil {
				it.Version++
				k.learn(it)
			}
		case draw == 3:
			made := table.Item{Key: table.Key{PK: "made", SK: fmt.Sprintf("%06d", i)}, Doc: []byte(`{}`)}
			err = tab.Transact(ctx, table.Put(made), table.Add(table.Key{PK: "n", SK: "n"}, "n", 1, 0))
			made.Version = 1
			var conflict *table.ConflictError
			if errors.As(err, &conflict) {
				made = conflict.Current
			}
			if err == nil || conflict != nil {
				k.learn(made)
			}
		case draw == 4:
			if err = tab.Transact(ctx, table.Check(it)); err == nil {
				k.learn(it)
			}
		default:
			for it, listErr := range tab.Query(ctx, table.Query{PK: key.PK}) {
				if err = listErr; err == nil {
					k.learn(it)
				}
			}
		}
		var conflict *table.ConflictError
		if err != nil && ctx.Err() == nil && !errors.As(err, &conflict) {
			t.Error(err)
			return
		}
	}
}

func wantReported(t *testing.T, disk vfs.FS, reported map[table.Key]int64) {
	t.Helper()
	tab, err := open("table", disk)
	if err != nil {
		t.Fatal(err)
	}
	for key, version := range reported {
		it, err := tab.Get(t.Context(), key)
		if err != nil || it.Version < version {
			t.Errorf("%s is at version %d (%v), but %d was reported", key, it.Version, err, version)
		}
	}
	wantIndexOfItems(t, tab)
	if err := tab.Close(); err != nil {
		t.Error(err)
	}
}

// A held table has a log whose syncs wait for pass. A write of item over old is in progress and not yet durable.
type held struct {
	*Table
	old, item table.Item
	reached   chan struct{} // receives one value for each sync that began
	pass      chan struct{}
	release   func()          // allows all syncs
	onDisk    <-chan struct{} // closed when item is
	writers   sync.WaitGroup
}

func hold(t *testing.T) *held {
	t.Helper()
	h := &held{reached: make(chan struct{}, 1000), pass: make(chan struct{})}
	var holding atomic.Bool
	var err error
	h.Table, err = open("table", onLogSync(vfs.NewMem(), func() error {
		if holding.Load() {
			h.reached <- struct{}{}
			<-h.pass
		}
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	h.old = table.Item{
		Key: table.Key{PK: "p", SK: "written"}, Index: table.Key{PK: "i", SK: "i"}, Doc: []byte(`{"n":1}`),
	}
	other := table.Item{Key: table.Key{PK: "q", SK: "at rest"}, Doc: []byte(`{}`)}
	if err := h.Transact(t.Context(), table.Put(h.old), table.Put(other)); err != nil {
		t.Fatal(err)
	}
	h.old.Version = 1
	h.item = h.old
	h.item.Version = 2
	holding.Store(true)
	h.release = sync.OnceFunc(func() { close(h.pass) })
	lest := time.AfterFunc(10*time.Second, h.release) // a test that waits in vain fails instead of hanging
	t.Cleanup(func() {
		h.release()
		h.writers.Wait()
		lest.Stop()
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	h.onDisk = h.write(t, h.old)
	select {
	case <-h.reached:
	case <-h.onDisk:
		t.Fatal("the write did not wait for its sync")
	}
	return h
}

// write puts the item and returns when it is applied, with a channel that is closed when it is durable.
func (h *held) write(t *testing.T, it table.Item) (onDisk <-chan struct{}) {
	done := make(chan struct{})
	h.writers.Go(func() {
		defer close(done)
		if err := h.Transact(t.Context(), table.Put(it)); err != nil {
			t.Error(err)
		}
	})
	for applied := false; !applied && !t.Failed(); runtime.Gosched() {
		now, _, err := h.read(it.Key, false)
		applied = err == nil && now.Version > it.Version
	}
	return done
}

// wantWait requires that the call waits for the disk until its context ends.
func wantWait(t *testing.T, call func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	answer := make(chan error)
	go func() { answer <- call(ctx) }()
	for range 1000 {
		runtime.Gosched()
	}
	cancel()
	if err := <-answer; !errors.Is(err, context.Canceled) {
		t.Errorf("returned %v before the write was durable", err)
	}
}

func TestReadsOfUnsyncedItemsWait(t *testing.T) {
	list := func(ctx context.Context, h *held, q table.Query) error {
		for _, err := range h.Query(ctx, q) {
			return err
		}
		return nil
	}
	for name, call := range map[string]func(context.Context, *held) error{
		"get": func(ctx context.Context, h *held) error {
			_, err := h.Get(ctx, h.item.Key)
			return err
		},
		"a list of its partition": func(ctx context.Context, h *held) error {
			return list(ctx, h, table.Query{PK: h.item.Key.PK})
		},
		"a list of the index": func(ctx context.Context, h *held) error {
			return list(ctx, h, table.Query{PK: h.item.Index.PK, Index: true})
		},
		"a check that holds": func(ctx context.Context, h *held) error {
			return h.Transact(ctx, table.Check(h.item))
		},
		"a check that does not": func(ctx context.Context, h *held) error {
			return h.Transact(ctx, table.Check(h.old))
		},
		"a delete of the earlier version": func(ctx context.Context, h *held) error {
			return h.Transact(ctx, table.Delete(h.old))
		},
		"a put of a new item": func(ctx context.Context, h *held) error {
			return h.Transact(ctx, table.Put(table.Item{Key: h.item.Key, Doc: []byte(`{}`)}))
		},
		"an add below its floor": func(ctx context.Context, h *held) error {
			return h.Transact(ctx, table.Add(h.item.Key, "n", -2, 0))
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := hold(t)
			wantWait(t, func(ctx context.Context) error { return call(ctx, h) })
		})
	}
	t.Run("get, when only the first of two writes is durable", func(t *testing.T) {
		h := hold(t)
		h.write(t, h.item) // its sync begins when the first one ends
		h.pass <- struct{}{}
		<-h.onDisk
		wantWait(t, func(ctx context.Context) error {
			_, err := h.Get(ctx, h.item.Key)
			return err
		})
	})
}

// TestAppliedIsReportedBeforeTheSync requires that the function of table.OnApplied is called once for a transaction
// that is applied, and never for one that conflicts.
func TestAppliedIsReportedBeforeTheSync(t *testing.T) {
	h := hold(t)
	applied := make(chan struct{}, 2)
	ctx := table.OnApplied(t.Context(), func() { applied <- struct{}{} })
	h.writers.Go(func() {
		if err := h.Transact(ctx, table.Put(h.item)); err != nil {
			t.Error(err)
		}
	})
	<-applied // while the log is held
	if err := h.Transact(ctx, table.Put(h.item)); !errors.As(err, new(*table.ConflictError)) {
		t.Errorf("the second put returned %v", err)
	}
	h.release()
	h.writers.Wait()
	if len(applied) > 0 {
		t.Error("applied was reported again")
	}
}

func TestReadsOfOtherItemsDoNotWait(t *testing.T) {
	h := hold(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := h.Get(ctx, table.Key{PK: "p", SK: "another"}); err != nil {
		t.Errorf("get of another item: %v", err)
	}
	for _, err := range h.Query(ctx, table.Query{PK: "q"}) {
		if err != nil {
			t.Errorf("query of another partition: %v", err)
		}
	}
	err := h.Transact(ctx, table.Put(h.old))
	var conflict *table.ConflictError
	if !errors.As(err, &conflict) || conflict.Current.Version != h.item.Version {
		t.Errorf("a put over an earlier version: %v, want an immediate conflict", err)
	}
}

func TestFailedWriteStopsTableUntilReopened(t *testing.T) {
	disk := vfs.NewMem()
	var broken atomic.Bool
	tab, err := open("table", onLogSync(disk, func() error {
		if broken.Load() {
			return errors.New("the disk failed")
		}
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	it := table.Item{Key: table.Key{PK: "p", SK: "a"}, Doc: []byte(`{}`)}
	if err := tab.Transact(t.Context(), table.Put(it)); err != nil {
		t.Fatal(err)
	}
	broken.Store(true)
	it.Version = 1
	if err := tab.Transact(t.Context(), table.Put(it)); !errors.Is(err, table.ErrUnknown) {
		t.Errorf("got %v, want an unknown outcome", err)
	}
	broken.Store(false)
	for range 3 {
		err := tab.Transact(t.Context(), table.Put(table.Item{Key: table.Key{PK: "p", SK: "b"}, Doc: []byte(`{}`)}))
		if err == nil || errors.Is(err, table.ErrUnknown) || errors.Is(err, table.ErrBusy) {
			t.Errorf("got %v, want an error", err)
		}
	}
	if got, err := tab.Get(t.Context(), it.Key); err == nil {
		t.Errorf("read %v, which may not be durable", got)
	}
	if err := tab.Close(); err == nil {
		t.Error("Close returned no error after a failed write")
	}
	again, err := open("table", disk)
	if err != nil {
		t.Fatal(err)
	}
	checked(t, again)
	if got, err := again.Get(t.Context(), it.Key); err != nil || got.Version < 1 {
		t.Errorf("got version %d, %v, want the acknowledged version", got.Version, err)
	}
}
