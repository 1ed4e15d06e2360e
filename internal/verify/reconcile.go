package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/audit"
	"github.com/perennial-loyalty/perennial/internal/listing"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/translog"
	"github.com/perennial-loyalty/perennial/internal/translog/source"
)

// A Reconciler repairs a table after a restore, which may return items from different instants.
type Reconciler struct {
	Source Source
	Log    translog.Log // signs the new checkpoints
	Lists  listing.List // the lists of members
	// Program returns the live version of a program.
	Program func(ctx context.Context, id string) (*loyalty.Program, error)
	// Shard is the name under which records are appended to the logs. It must be different in each run.
	Shard string
}

// A Repair is a change that Reconcile made.
type Repair struct {
	Program string
	Subject string // the member, the log, the audit list or the lists of members
	Detail  string
}

func (r Repair) String() string { return r.Program + ": " + r.Subject + ": " + r.Detail }

// Reconcile repairs derived state only: stored accounts that are not the result of their entries, records that the
// audit lists and the logs do not contain, the ends of audit lists, logs that a restore shortened, and lists of
// members. It never changes an entry. A log that is shorter than its checkpoint, or lacks tiles, is replaced by a new
// epoch that begins with the checkpoint. Reconcile returns its repairs, and the report of a check of the repaired
// table. An operator must examine the findings of the report.
func (r Reconciler) Reconcile(
	ctx context.Context, checkpoints []SignedCheckpoint,
) (repairs []Repair, report Report, err error) {
	programs, err := read(ctx, r.Source)
	if err != nil {
		return nil, report, err
	}
	signed, anchors := map[string]SignedCheckpoint{}, []translog.Checkpoint{}
	for _, c := range checkpoints {
		signed[c.Program], anchors = c, append(anchors, c.Checkpoint)
		if programs[c.Program] == nil {
			programs[c.Program] = newContents()
		}
	}
	for _, program := range slices.Sorted(maps.Keys(programs)) {
		log, err := r.extendLog(ctx, program, signed[program])
		if err != nil {
			return repairs, report, err
		}
		audited, err := r.repairAudit(ctx, program, programs[program].audited)
		if err != nil {
			return repairs, report, err
		}
		accounts, err := r.rebuildAccounts(ctx, program, programs[program])
		repairs = append(append(append(repairs, log...), audited...), accounts...)
		if err != nil {
			return repairs, report, err
		}
	}
	err = source.AppendMissing(ctx, r.Log, r.Source.Items(ctx), r.Shard, func(program string, n int, _ string) {
		repairs = append(repairs, Repair{program, "log", fmt.Sprintf("%d records appended", n)})
	})
	if err != nil {
		return repairs, report, err
	}
	refreshed, err := r.Lists.RefreshAll(ctx, r.Source.Items(ctx))
	for _, program := range slices.Sorted(maps.Keys(refreshed)) {
		detail := fmt.Sprintf("the items of %d members were written", refreshed[program])
		repairs = append(repairs, Repair{program, "lists of members", detail})
	}
	if err != nil {
		return repairs, report, err
	}
	report, err = Table(ctx, r.Source, anchors)
	return repairs, report, err
}

// A SignedCheckpoint is a checkpoint with its text, which becomes the first leaf of a new epoch.
type SignedCheckpoint struct {
	translog.Checkpoint
	Text string
}

// extendLog starts a new epoch if the log of a program is shorter than a checkpoint, or lacks tiles. A log that was
// forked remains as it is, because a restore does not fork a log.
func (r Reconciler) extendLog(ctx context.Context, program string, c SignedCheckpoint) ([]Repair, error) {
	log, err := r.Log.Read(ctx, program)
	if err != nil {
		return nil, err
	}
	reason := ""
	var damaged *translog.TileError
	for _, err := range log.Leaves() {
		if err != nil && !errors.As(err, &damaged) {
			return nil, err
		}
	}
	switch {
	case c.Program != "" && (log.Epoch() < c.Epoch || log.Epoch() == c.Epoch && log.Size() < c.Size):
		reason = fmt.Sprintf("the log had %d leaves", log.Size())
	case damaged != nil:
		reason = damaged.Error()
	default:
		return nil, nil
	}
	text := cmp.Or(c.Text, log.Checkpoint())
	if err := r.Log.NewEpoch(ctx, program, text); err != nil {
		return nil, err
	}
	return []Repair{{program, "log", "a new epoch begins with the checkpoint: " + reason}}, nil
}

// repairAudit makes the record with the highest sequence number the last one of an audit list. The next record then
// follows it, and no two records have the same sequence number.
func (r Reconciler) repairAudit(ctx context.Context, program string, records []audit.Record) ([]Repair, error) {
	var last audit.Record
	for _, a := range records {
		if a.Sequence > last.Sequence {
			last = a
		}
	}
	changed, err := audit.List{Table: r.Source}.SetLast(ctx, program, last)
	if err != nil || !changed {
		return nil, err
	}
	return []Repair{{program, AuditList, fmt.Sprintf("it ends with record %d again", last.Sequence)}}, nil
}

// rebuildAccounts rebuilds the accounts of members whose entries have no violation but do not result in the account.
func (r Reconciler) rebuildAccounts(ctx context.Context, program string, c *contents) (repairs []Repair, err error) {
	for _, m := range slices.Sorted(maps.Keys(c.members)) {
		rebuilt, err := r.rebuildAccount(ctx, program, m, c)
		if err != nil {
			return repairs, err
		}
		if rebuilt {
			detail := "the account was rebuilt from its entries"
			repairs = append(repairs, Repair{program, "member " + string(m), detail})
		}
	}
	return repairs, nil
}

func (r Reconciler) rebuildAccount(
	ctx context.Context, program string, m loyalty.MemberID, c *contents,
) (rebuilt bool, err error) {
	entries, err := memberEntries(ctx, r.Source, program, c.members[m])
	if err != nil || len(entries) == 0 {
		return false, err
	}
	statements := statementsOf(r.Source)
	if _, wrong := statements.AuditFrom(ctx, program, loyalty.Account{}, m, entries); wrong == nil {
		return false, nil
	}
	acc, wrong := statements.Replay(ctx, program, loyalty.Account{}, entries)
	if wrong != nil {
		return false, nil // the report has a finding
	}
	p, err := r.Program(ctx, program)
	if err != nil {
		return false, fmt.Errorf("verify: load the program %s: %w", program, err)
	}
	return true, statements.Rebuild(ctx, p, acc)
}
