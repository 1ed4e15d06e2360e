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

// onLogSync calls sync whenever the log of a table in fs is about to be made durable.
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

// What anybody was told must be there after the machine loses its power: by a write that returned, by a read,
// by a list, or by a conflict over something that should have been absent.
func TestNothingThatWasToldIsLostWithThePower(t *testing.T) {
	disk := vfs.NewCrashableMem()
	slow := onLogSync(disk, func() error {
		for range 200 {
			runtime.Gosched() // leaves readers the time to see what is not on disk yet
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
		told := k.after(t, 200)
		wantTold(t, disk.CrashClone(vfs.CrashCloneCfg{}), told)
	}
	cancel()
	all.Wait()
	if err := tab.Close(); err != nil {
		t.Error(err)
	}
}

// knowledge is the latest version of each item that somebody was told. Items are never deleted.
type knowledge struct {
	mu      sync.Mutex
	version map[table.Key]int64
	told    atomic.Int64
}

func (k *knowledge) learn(items ...table.Item) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, it := range items {
		k.version[it.Key] = max(k.version[it.Key], it.Version)
		k.told.Add(1)
	}
}

// after waits until n more things were told and returns what is known then.
func (k *knowledge) after(t *testing.T, n int64) map[table.Key]int64 {
	for until := k.told.Load() + n; k.told.Load() < until && !t.Failed(); {
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

func wantTold(t *testing.T, disk vfs.FS, told map[table.Key]int64) {
	t.Helper()
	tab, err := open("table", disk)
	if err != nil {
		t.Fatal(err)
	}
	for key, version := range told {
		it, err := tab.Get(t.Context(), key)
		if err != nil || it.Version < version {
			t.Errorf("%s is at version %d (%v), but %d was told", key, it.Version, err, version)
		}
	}
	wantIndexOfItems(t, tab)
	if err := tab.Close(); err != nil {
		t.Error(err)
	}
}

// held is a table whose log cannot reach the disk until release is called, and a write of item that waits for it.
func held(t *testing.T) (tab *Table, old, item table.Item, release func()) {
	var closed atomic.Bool
	gate := make(chan struct{})
	tab, err := open("table", onLogSync(vfs.NewMem(), func() error {
		if closed.Load() {
			<-gate
		}
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	old = table.Item{Key: table.Key{PK: "p", SK: "written"}, Index: table.Key{PK: "i", SK: "i"}, Doc: []byte(`{"n":1}`)}
	beside := table.Item{Key: table.Key{PK: "q", SK: "at rest"}, Doc: []byte(`{}`)}
	if err := tab.Transact(t.Context(), table.Put(old), table.Put(beside)); err != nil {
		t.Fatal(err)
	}
	old.Version = 1
	closed.Store(true)
	var writer sync.WaitGroup
	writer.Go(func() {
		if err := tab.Transact(t.Context(), table.Put(old)); err != nil {
			t.Error(err)
		}
	})
	for onDisk := true; onDisk && !t.Failed(); runtime.Gosched() {
		tab.unsynced.mu.Lock()
		onDisk = tab.unsynced.last[old.Key] == nil
		tab.unsynced.mu.Unlock()
	}
	item = old
	item.Version = 2
	release = sync.OnceFunc(func() { close(gate) })
	lest := time.AfterFunc(10*time.Second, release) // who waits in vain is to fail, not to hang
	t.Cleanup(func() {
		lest.Stop()
		writer.Wait()
		if err := tab.Close(); err != nil {
			t.Error(err)
		}
	})
	return tab, old, item, release
}

func TestWhoReadsWhatIsNotOnDiskWaitsForIt(t *testing.T) {
	type call func(ctx context.Context, tab *Table, old, item table.Item) error
	list := func(ctx context.Context, tab *Table, q table.Query) error {
		for _, err := range tab.Query(ctx, q) {
			return err
		}
		return nil
	}
	for name, read := range map[string]call{
		"get": func(ctx context.Context, tab *Table, _, item table.Item) error {
			_, err := tab.Get(ctx, item.Key)
			return err
		},
		"a list of its partition": func(ctx context.Context, tab *Table, _, item table.Item) error {
			return list(ctx, tab, table.Query{PK: item.Key.PK})
		},
		"a list of the index": func(ctx context.Context, tab *Table, _, item table.Item) error {
			return list(ctx, tab, table.Query{PK: item.Index.PK, Index: true})
		},
		"a check that holds": func(ctx context.Context, tab *Table, _, item table.Item) error {
			return tab.Transact(ctx, table.Check(item))
		},
		"a check that does not": func(ctx context.Context, tab *Table, old, _ table.Item) error {
			return tab.Transact(ctx, table.Check(old))
		},
		"a delete of what was there before": func(ctx context.Context, tab *Table, old, _ table.Item) error {
			return tab.Transact(ctx, table.Delete(old))
		},
		"a put of what should be absent": func(ctx context.Context, tab *Table, old, _ table.Item) error {
			old.Version = 0
			return tab.Transact(ctx, table.Put(old))
		},
		"an add below its floor": func(ctx context.Context, tab *Table, _, item table.Item) error {
			return tab.Transact(ctx, table.Add(item.Key, "n", -2, 0))
		},
	} {
		t.Run(name, func(t *testing.T) {
			tab, old, item, release := held(t)
			defer release()
			ctx, cancel := context.WithCancel(t.Context())
			answer := make(chan error)
			go func() { answer <- read(ctx, tab, old, item) }()
			for range 1000 {
				runtime.Gosched()
			}
			cancel()
			if err := <-answer; !errors.Is(err, context.Canceled) {
				t.Errorf("answered %v before the write was on disk", err)
			}
		})
	}
}

func TestWhoReadsAnythingElseDoesNotWait(t *testing.T) {
	tab, old, item, release := held(t)
	defer release()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := tab.Get(ctx, table.Key{PK: "p", SK: "another"}); err != nil {
		t.Errorf("get of an item beside: %v", err)
	}
	for _, err := range tab.Query(ctx, table.Query{PK: "q"}) {
		if err != nil {
			t.Errorf("query of another partition: %v", err)
		}
	}
	err := tab.Transact(ctx, table.Put(old))
	var conflict *table.ConflictError
	if !errors.As(err, &conflict) || conflict.Current.Version != item.Version {
		t.Errorf("a put over what was read before: %v, want a conflict at once", err)
	}
}

func TestAfterAFailedWriteTheTableStopsAndALaterOneGoesOn(t *testing.T) {
	disk := vfs.NewMem()
	var broken atomic.Bool
	tab, err := open("table", onLogSync(disk, func() error {
		if broken.Load() {
			return errors.New("the disk is gone")
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
			t.Errorf("got %v, want a refusal", err)
		}
	}
	if got, err := tab.Get(t.Context(), it.Key); err == nil {
		t.Errorf("read %v, which the disk may not hold", got)
	}
	if err := tab.Close(); err == nil {
		t.Error("closed as if nothing had happened")
	}
	again, err := open("table", disk)
	if err != nil {
		t.Fatal(err)
	}
	checked(t, again)
	if got, err := again.Get(t.Context(), it.Key); err != nil || got.Version < 1 {
		t.Errorf("got version %d, %v, want what was acknowledged", got.Version, err)
	}
}
