// Package drill practices a restore. It makes a torn copy of a table, whose items are from different instants as after
// a point-in-time restore. It then reconciles the copy and proves that every violation in the result is the consequence
// of a lost record.
//
// The copy lacks some of the latest entries and audit records, and has older accounts, older ends of audit lists and
// older heads of the logs. The drill does not tear other items, such as profiles and stock, from which no entry is
// derived. It never writes the original.
package drill

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/listing"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
	"github.com/perennial-loyalty/perennial/internal/translog"
	"github.com/perennial-loyalty/perennial/internal/translog/source"
	"github.com/perennial-loyalty/perennial/internal/verify"
)

// A Drill restores a torn copy of a table into another one.
type Drill struct {
	Source verify.Source      // the original
	Target *pebbletable.Table // the restored table; it must be empty
	Log    translog.Log       // of the target; signs the new checkpoints
	// Checkpoints are from outside the original. Without one for a program, the checkpoint in the original is used.
	Checkpoints []verify.SignedCheckpoint
	// Program returns the live version of a program.
	Program func(ctx context.Context, id string) (*loyalty.Program, error)
	Window  int // the maximum number of latest records of which some may be missing
	Random  io.Reader
	Now     func() time.Time
	Shard   string // as in verify.Reconciler
}

// A Result states what a drill found.
type Result struct {
	Cut     Cut
	Repairs []verify.Repair
	Report  verify.Report // of the reconciled copy
	// Unproven lists the findings that no missing record explains. If it is empty, the restored table is proven: every
	// finding of the report is the consequence of a record that the copy lacks.
	Unproven []string
}

// Run makes the torn copy, reconciles it, and proves the result. It returns an error if the original has findings.
func (d *Drill) Run(ctx context.Context) (r Result, err error) {
	anchors, err := d.anchors(ctx)
	if err != nil {
		return r, err
	}
	if r.Cut, err = d.tear(ctx); err != nil {
		return r, err
	}
	reconciler := verify.Reconciler{
		Source: d.Target, Log: d.Log, Lists: listing.List{Table: d.Target, Now: d.Now}, Program: d.Program,
		Shard: d.Shard,
	}
	if r.Repairs, r.Report, err = reconciler.Reconcile(ctx, anchors); err != nil {
		return r, err
	}
	r.Unproven = unexplained(r.Cut, r.Report)
	reconciler.Shard += "-again"
	again, second, err := reconciler.Reconcile(ctx, anchors)
	if err != nil {
		return r, err
	}
	if len(again) > 0 || !slices.Equal(second.Findings, r.Report.Findings) {
		text := fmt.Sprintf("a second run made the repairs %v and found %v", again, second.Findings)
		r.Unproven = append(r.Unproven, text)
	}
	changed, err := d.changedEntries(ctx)
	r.Unproven = append(r.Unproven, changed...)
	return r, err
}

// anchors checks the original, and returns a checkpoint for each program.
func (d *Drill) anchors(ctx context.Context) ([]verify.SignedCheckpoint, error) {
	given := map[string]bool{}
	var checkpoints []translog.Checkpoint
	for _, c := range d.Checkpoints {
		given[c.Program] = true
		checkpoints = append(checkpoints, c.Checkpoint)
	}
	report, err := verify.Table(ctx, d.Source, checkpoints)
	if err != nil {
		return nil, err
	}
	if len(report.Findings) > 0 {
		return nil, fmt.Errorf("drill: the original has %d violations; the first one is: %s",
			len(report.Findings), report.Findings[0])
	}
	all := slices.Clone(d.Checkpoints)
	for _, program := range report.NotAnchored {
		log, err := translog.Log{Table: d.Source}.Read(ctx, program)
		if err != nil {
			return nil, err
		}
		if log.Checkpoint() == "" {
			continue
		}
		c, err := translog.ParseCheckpoint(log.Checkpoint())
		if err != nil {
			return nil, err
		}
		all = append(all, verify.SignedCheckpoint{Checkpoint: c, Text: log.Checkpoint()})
	}
	return all, nil
}

// unexplained returns the findings that are not the consequence of a missing record.
func unexplained(c Cut, r verify.Report) (all []string) {
	for _, f := range r.Findings {
		switch {
		case f.Member != "" && c.entries[memberKey{f.Program, f.Member}] > 0:
		case f.Lost && c.Records > 0:
		case f.Subject == verify.AuditList && c.audited[f.Program] > 0:
		default:
			all = append(all, f.String())
		}
	}
	return all
}

// changedEntries returns the entries of the restored table that differ from those of the original.
func (d *Drill) changedEntries(ctx context.Context) (all []string, err error) {
	for it, err := range d.Target.Items(ctx) {
		if err != nil {
			return nil, err
		}
		if _, ok, err := source.Program(it.Key); err != nil || !ok {
			continue
		}
		original, err := d.Source.Get(ctx, it.Key)
		if err != nil {
			return nil, err
		}
		if original.Version != it.Version || !bytes.Equal(original.Doc, it.Doc) {
			all = append(all, fmt.Sprintf("the entry %s changed", it.Key))
		}
	}
	return all, nil
}

// Err returns an error unless the restored table is proven.
func (r Result) Err() error {
	if len(r.Unproven) == 0 {
		return nil
	}
	return errors.New("drill: the restored table is not proven; the first contradiction is listed first")
}
