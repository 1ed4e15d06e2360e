package pebbletable

import (
	"errors"
	"syscall"
)

// isFull reports whether an error means that the disk is full, or that the process has used up its quota.
func isFull(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// isFull reports whether the table failed because the disk was full.
func (t *Table) isFull() bool {
	err := t.failure.Load()
	return err != nil && isFull(*err)
}

// startReopening starts a goroutine that opens the table again, unless one is running.
func (t *Table) startReopening() {
	if !t.reopening.CompareAndSwap(false, true) {
		return
	}
	go func() {
		defer t.reopening.Store(false)
		t.reopen()
	}()
}

// reopen opens the table again after the disk was full. It waits for running calls, which end soon because their writes
// fail. If the disk is still full, opening either fails, so that a later call starts it again, or waits in Pebble.
func (t *Table) reopen() {
	t.inUse.Lock()
	defer t.inUse.Unlock()
	if t.closed.Load() {
		return
	}
	t.abandon()
	switch err := t.openDB(); {
	case err == nil:
		t.failure.Store(nil)
	case isFull(err):
		t.db = nil
	default:
		t.db = nil
		t.failure.Store(&err)
	}
}

// abandon closes the failed database or, if Pebble may hold its locks, leaves it behind.
func (t *Table) abandon() {
	if t.db == nil {
		return
	}
	if t.stuck.Load() {
		t.fence.cut()
		_ = t.home.lock.Close() // only returns the database's share of the lock
		t.stuck.Store(false)
	} else {
		_ = t.db.Close() // the failure is known
	}
	t.db = nil
}
