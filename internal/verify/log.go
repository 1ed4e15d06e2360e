package verify

import (
	"context"
	"errors"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/translog"
)

// checkLog checks the log of a program. The anchor is a checkpoint from outside the table, or zero.
func (r *Report) checkLog(
	ctx context.Context, t table.Table, program string, c *contents, anchor translog.Checkpoint,
) error {
	log, err := translog.Log{Table: t}.Read(ctx, program)
	if err != nil {
		return err
	}
	r.checkCheckpoints(program, log, anchor)
	logged, err := r.checkLeaves(program, log, c)
	if logged != nil {
		r.checkEntries(program, log, c, logged)
	}
	return err
}

// checkCheckpoints compares a log with the checkpoint in it and with one from outside the table.
func (r *Report) checkCheckpoints(program string, log *translog.Reader, anchor translog.Checkpoint) {
	if text := log.Checkpoint(); text != "" {
		c, err := translog.ParseCheckpoint(text)
		if err != nil || c.Program != program {
			r.find(program, "log", "the checkpoint in the table is invalid")
		} else {
			r.checkRoot(program, log, c, "the checkpoint in the table")
		}
	}
	switch {
	case anchor.Program == "":
	case anchor.Epoch == log.Epoch():
		r.checkRoot(program, log, anchor, "the given checkpoint")
	case anchor.Epoch < log.Epoch():
		if before, err := translog.ParseCheckpoint(log.Previous()); err != nil || before != anchor {
			r.find(program, "log", "epoch %d does not begin with the given checkpoint of epoch %d",
				log.Epoch(), anchor.Epoch)
		}
	default:
		r.find(program, "log", "the given checkpoint is of epoch %d, but the log is of epoch %d",
			anchor.Epoch, log.Epoch())
	}
}

// checkRoot checks that the log is the one that a checkpoint states, or an extension of it.
func (r *Report) checkRoot(program string, log *translog.Reader, c translog.Checkpoint, name string) {
	if log.Size() < c.Size {
		r.find(program, "log", "it was truncated: it has %d leaves, but %s states %d", log.Size(), name, c.Size)
		return
	}
	root, err := log.Root(c.Size)
	if err != nil {
		r.find(program, "log", "the root at size %d cannot be computed: %v", c.Size, err)
		return
	}
	if root != c.Root {
		r.find(program, "log", "it was forked: its root at size %d is %s, but %s states %s", c.Size, root, name, c.Root)
	}
}

// checkLeaves checks that the table has an entry for each leaf. It returns the leaves, or nil if the log is damaged.
func (r *Report) checkLeaves(program string, log *translog.Reader, c *contents) (map[tlog.Hash]bool, error) {
	known := map[tlog.Hash]bool{}
	for hash := range c.logged {
		known[tlog.RecordHash(hash[:])] = true
	}
	if previous := log.Previous(); previous != "" {
		known[tlog.RecordHash([]byte(previous))] = true
	}
	logged := map[tlog.Hash]bool{}
	n, missing := 0, 0
	for leaf, err := range log.Leaves() {
		var damaged *translog.TileError
		if errors.As(err, &damaged) {
			r.find(program, "log", "%v", err)
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if !known[leaf] {
			if missing++; missing == 1 {
				r.lost(program, "leaf %d has no entry in the table: the entry was changed or removed", n)
			}
		}
		logged[leaf] = true
		n++
	}
	if missing > 1 {
		r.lost(program, "%d leaves in all have no entry in the table", missing)
	}
	return logged, nil
}

// lost adds a finding about leaves whose records the table lacks.
func (r *Report) lost(program, format string, args ...any) {
	r.find(program, "log", format, args...)
	r.Findings[len(r.Findings)-1].Lost = true
}

// checkEntries checks that the log contains all entries, except those that were written last.
func (r *Report) checkEntries(program string, log *translog.Reader, c *contents, logged map[tlog.Hash]bool) {
	var first *entry
	for hash, e := range c.logged {
		if logged[tlog.RecordHash(hash[:])] {
			continue
		}
		if log.Size() == 0 || e.recorded.After(log.Latest().Add(-unloggedPeriod)) {
			r.Unlogged++
			continue
		}
		if first == nil || e.recorded.Before(first.recorded) {
			first = &e
		}
	}
	if first != nil {
		r.find(program, "entry "+first.key.String(), "it was recorded at %s, but the log does not contain it",
			first.recorded.Format(time.RFC3339))
	}
}
