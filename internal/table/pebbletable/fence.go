package pebbletable

import (
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A fence is the file system that one open database uses. After cut returns, this database changes no file any more:
// calls that would change a file block forever. The directory can then be opened again, although the first database
// cannot be closed because Pebble panicked while it held its locks. The calls block instead of returning an error,
// because Pebble's background work would repeat them in a loop.
//
// A fence also protects Pebble from a full disk while it replaces its log. Pebble would panic in a way that ends the
// process. See whileCommitting.
type fence struct {
	vfs.FS
	mu    sync.RWMutex // held for reading during each change
	isCut bool

	full       func(error)  // is called when the disk is full
	committing *atomic.Bool // whether a transaction is being appended to the log
}

// retried makes a change of a log. If the disk is full, it first stops the table, so that no later transaction begins.
// While a transaction is being committed, it then tries again until there is space, because Pebble may be replacing the
// log. Otherwise it returns the error.
func (f *fence) retried(change func() error) error {
	for {
		err := change()
		if err == nil || !isFull(err) {
			return err
		}
		f.full(err)
		if !f.committing.Load() {
			return err
		}
		time.Sleep(backoff)
	}
}

// afterSync returns the error of syncing a log. It handles a full disk as retried does, but never tries again: a second
// sync could succeed although the data of the first were lost.
func (f *fence) afterSync(err error) error {
	if err == nil || !isFull(err) {
		return err
	}
	f.full(err)
	for f.committing.Load() {
		time.Sleep(backoff)
	}
	return err
}

func isLog(name string) bool { return strings.HasSuffix(name, ".log") }

// cut waits for running changes and prevents later ones.
func (f *fence) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.isCut = true
}

func (f *fence) wasCut() bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.isCut
}

// enter begins a change. The caller must call f.mu.RUnlock after the change.
func (f *fence) enter() {
	f.mu.RLock()
	if f.isCut {
		f.mu.RUnlock()
		select {}
	}
}

// Unwrap implements vfs.FS.
func (f *fence) Unwrap() vfs.FS { return f.FS }

// Create implements vfs.FS.
func (f *fence) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f.enter()
	defer f.mu.RUnlock()
	return f.opened(name, func() (vfs.File, error) { return f.FS.Create(name, category) })
}

// OpenReadWrite implements vfs.FS.
func (f *fence) OpenReadWrite(
	name string, category vfs.DiskWriteCategory, opts ...vfs.OpenOption,
) (vfs.File, error) {
	f.enter()
	defer f.mu.RUnlock()
	return f.opened(name, func() (vfs.File, error) { return f.FS.OpenReadWrite(name, category, opts...) })
}

// ReuseForWrite implements vfs.FS.
func (f *fence) ReuseForWrite(before, after string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f.enter()
	defer f.mu.RUnlock()
	return f.opened(after, func() (vfs.File, error) { return f.FS.ReuseForWrite(before, after, category) })
}

// OpenDir implements vfs.FS.
func (f *fence) OpenDir(name string) (vfs.File, error) {
	return f.opened(name, func() (vfs.File, error) { return f.FS.OpenDir(name) })
}

// Link implements vfs.FS.
func (f *fence) Link(before, after string) error {
	f.enter()
	defer f.mu.RUnlock()
	return f.FS.Link(before, after)
}

// Remove implements vfs.FS.
func (f *fence) Remove(name string) error {
	f.enter()
	defer f.mu.RUnlock()
	return f.FS.Remove(name)
}

// RemoveAll implements vfs.FS.
func (f *fence) RemoveAll(name string) error {
	f.enter()
	defer f.mu.RUnlock()
	return f.FS.RemoveAll(name)
}

// Rename implements vfs.FS.
func (f *fence) Rename(before, after string) error {
	f.enter()
	defer f.mu.RUnlock()
	return f.FS.Rename(before, after)
}

// MkdirAll implements vfs.FS.
func (f *fence) MkdirAll(dir string, perm os.FileMode) error {
	f.enter()
	defer f.mu.RUnlock()
	return f.FS.MkdirAll(dir, perm)
}

func (f *fence) opened(name string, open func() (vfs.File, error)) (vfs.File, error) {
	var file vfs.File
	create := func() (err error) { file, err = open(); return err }
	var err error
	if isLog(name) {
		err = f.retried(create)
	} else {
		err = create()
	}
	if err != nil {
		return nil, err
	}
	return &fencedFile{file, f, isLog(name)}, nil
}

// A fencedFile is a file that can be changed until its fence is cut.
type fencedFile struct {
	vfs.File
	fence *fence
	isLog bool
}

// Write implements vfs.File.
func (f *fencedFile) Write(p []byte) (n int, err error) {
	f.fence.enter()
	defer f.fence.mu.RUnlock()
	if !f.isLog {
		return f.File.Write(p)
	}
	err = f.fence.retried(func() error {
		written, err := f.File.Write(p[n:])
		n += written
		return err
	})
	return n, err
}

// WriteAt implements vfs.File.
func (f *fencedFile) WriteAt(p []byte, offset int64) (int, error) {
	f.fence.enter()
	defer f.fence.mu.RUnlock()
	return f.File.WriteAt(p, offset)
}

// Preallocate implements vfs.File.
func (f *fencedFile) Preallocate(offset, length int64) error {
	f.fence.enter()
	defer f.fence.mu.RUnlock()
	return f.File.Preallocate(offset, length)
}

// Sync implements vfs.File.
func (f *fencedFile) Sync() error {
	f.fence.enter()
	defer f.fence.mu.RUnlock()
	return f.synced(f.File.Sync())
}

// SyncData implements vfs.File.
func (f *fencedFile) SyncData() error {
	f.fence.enter()
	defer f.fence.mu.RUnlock()
	return f.synced(f.File.SyncData())
}

// SyncTo implements vfs.File.
func (f *fencedFile) SyncTo(length int64) (fullSync bool, err error) {
	f.fence.enter()
	defer f.fence.mu.RUnlock()
	fullSync, err = f.File.SyncTo(length)
	return fullSync, f.synced(err)
}

func (f *fencedFile) synced(err error) error {
	if f.isLog {
		return f.fence.afterSync(err)
	}
	return err
}
