// Package verify checks a whole table offline: the accounts and hash chains of all members, and the audit lists and
// transparency logs of all programs.
//
// It recomputes every account from the member's entries (ledger.Statements.AuditFrom), compares every leaf of a log
// with the entries in the table, and compares each log with checkpoints from outside the table. Without such a
// checkpoint, someone who can write the whole table could have replaced both the entries and the log; the report then
// states that the program is not anchored.
//
// Reconcile also repairs what can be derived from entries. The other functions read only. The package does not detect
// an entry that was removed before it was logged, which the feed of one machine and the relay do within seconds. The
// table must not change during the check.
package verify

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/audit"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/translog"
	"github.com/perennial-loyalty/perennial/internal/translog/source"
)

// A Source is a table whose items can be listed.
type Source interface {
	table.Table
	// Items yields all items of the table, in any order.
	Items(ctx context.Context) iter.Seq2[table.Item, error]
}

// A Report is the result of a check.
type Report struct {
	Programs int
	Members  int
	Entries  int
	// Unlogged is the number of entries that the logs do not contain yet, because they were written last.
	Unlogged    int
	NotAnchored []string // the programs without a checkpoint from outside the table
	Findings    []Finding
}

// A Finding describes a violation. Findings of a program's log are in the order of the log, before those of members.
type Finding struct {
	Program string
	Subject string // the log, the audit list, the entry or the member
	Detail  string

	Member loyalty.MemberID // the member whose entries or account violate a rule, if any
	Lost   bool             // the table lacks a record that the log contains
}

func (f Finding) String() string { return f.Program + ": " + f.Subject + ": " + f.Detail }

// AuditList is the subject of findings and repairs of an audit list.
const AuditList = "audit list"

// unloggedPeriod is the time for which an entry may be in the table without being in the log.
const unloggedPeriod = time.Minute

// A contents lists the entries of a program.
type contents struct {
	members map[loyalty.MemberID][]table.Key // the keys of the member's entries
	logged  map[[32]byte]entry               // what the log must contain: entries and audit records
	entries int
	audited []audit.Record
}

type entry struct {
	key      table.Key
	recorded time.Time
}

// Table checks all programs in a table. The checkpoints come from outside the table, at most one for each program.
func Table(ctx context.Context, s Source, checkpoints []translog.Checkpoint) (Report, error) {
	var r Report
	programs, err := read(ctx, s)
	if err != nil {
		return r, err
	}
	anchors := map[string]translog.Checkpoint{}
	for _, c := range checkpoints {
		anchors[c.Program] = c
		if programs[c.Program] == nil {
			programs[c.Program] = newContents()
		}
	}
	for _, program := range slices.Sorted(maps.Keys(programs)) {
		c := programs[program]
		r.Programs, r.Members, r.Entries = r.Programs+1, r.Members+len(c.members), r.Entries+c.entries
		anchor, anchored := anchors[program]
		if !anchored {
			r.NotAnchored = append(r.NotAnchored, program)
		}
		if err := r.checkLog(ctx, s, program, c, anchor); err != nil {
			return r, err
		}
		if err := r.checkAudit(ctx, s, program, c.audited); err != nil {
			return r, err
		}
		for _, m := range slices.Sorted(maps.Keys(c.members)) {
			if err := r.checkMember(ctx, s, program, m, c.members[m]); err != nil {
				return r, err
			}
		}
	}
	return r, nil
}

func newContents() *contents {
	return &contents{members: map[loyalty.MemberID][]table.Key{}, logged: map[[32]byte]entry{}}
}

// read lists the entries and accounts of all programs.
func read(ctx context.Context, s Source) (map[string]*contents, error) {
	programs := map[string]*contents{}
	of := func(program string) *contents {
		if programs[program] == nil {
			programs[program] = newContents()
		}
		return programs[program]
	}
	for it, err := range s.Items(ctx) {
		if err != nil {
			return nil, err
		}
		if program, m, ok := member(it.Key); ok {
			c := of(program)
			c.members[m] = slices.Clip(c.members[m]) // the member may have no entries
			continue
		}
		program, rec, ok, err := source.Record(it)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if _, r, isAudit, _ := audit.Read(it); isAudit {
			c := of(program)
			c.logged[rec.Hash], c.audited = entry{it.Key, rec.Recorded}, append(c.audited, r)
			continue
		}
		e, err := ledger.ReadAny(program, it)
		if err != nil {
			return nil, err
		}
		c := of(program)
		c.logged[rec.Hash], c.entries = entry{it.Key, rec.Recorded}, c.entries+1
		c.members[e.Member] = append(c.members[e.Member], it.Key)
	}
	return programs, nil
}

// member returns the program and the member of the key of an account.
func member(key table.Key) (program string, m loyalty.MemberID, ok bool) {
	parts := strings.Split(key.PK, "#")
	if len(parts) != 4 || parts[0] != "P" || parts[2] != "M" || key.SK != stored.AccountItem {
		return "", "", false
	}
	return parts[1], loyalty.MemberID(parts[3]), true
}

func (r *Report) find(program, subject, format string, args ...any) {
	r.Findings = append(r.Findings, Finding{
		Program: program, Subject: subject, Detail: fmt.Sprintf(format, args...),
	})
}

// checkAudit checks the hash chain of an audit list, and that the list ends with its last record.
func (r *Report) checkAudit(ctx context.Context, t table.Table, program string, records []audit.Record) error {
	slices.SortFunc(records, func(a, b audit.Record) int { return cmp.Compare(a.Sequence, b.Sequence) })
	var before audit.Record
	for _, a := range records {
		if err := a.Check(program, before); err != nil {
			r.find(program, AuditList, "%v", err)
			return nil
		}
		before = a
	}
	last, err := audit.List{Table: t}.Last(ctx, program)
	switch {
	case err != nil:
		return err
	case last > before.Sequence:
		r.find(program, AuditList, "audit: record %d is missing", before.Sequence+1)
	case last < before.Sequence:
		r.find(program, AuditList, "audit: the list ends with record %d, but record %d exists", last, last+1)
	}
	return nil
}

// checkMember recomputes the account of a member.
func (r *Report) checkMember(
	ctx context.Context, t table.Table, program string, m loyalty.MemberID, keys []table.Key,
) error {
	entries, err := memberEntries(ctx, t, program, keys)
	if err != nil {
		return err
	}
	if _, err := statementsOf(t).AuditFrom(ctx, program, loyalty.Account{}, m, entries); err != nil {
		r.Findings = append(r.Findings, Finding{
			Program: program, Subject: "member " + string(m), Detail: err.Error(), Member: m,
		})
	}
	return nil
}

func statementsOf(t table.Table) ledger.Statements {
	return ledger.Statements{Ledger: &ledger.Ledger{Table: t, Now: time.Now}}
}

// memberEntries reads the entries of a member, newest first.
func memberEntries(ctx context.Context, t table.Table, program string, keys []table.Key) ([]loyalty.Entry, error) {
	entries := make([]loyalty.Entry, 0, len(keys))
	for _, key := range keys {
		it, err := t.Get(ctx, key)
		if err != nil {
			return nil, err
		}
		e, err := ledger.ReadAny(program, it)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b loyalty.Entry) int { return cmp.Compare(b.Sequence, a.Sequence) })
	return entries, nil
}
