package drill

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/audit"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/random"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/translog"
	"github.com/perennial-loyalty/perennial/internal/translog/source"
)

// A Cut describes the differences between a torn copy and its original.
type Cut struct {
	Records  int // the ledger entries and audit records that the copy lacks
	Accounts int // the accounts that are older than in the original
	Leaves   int // the leaves that the logs lack

	entries map[memberKey]int // the number of missing entries of each member
	audited map[string]int    // the number of missing audit records of each program
}

type memberKey struct {
	program string
	member  loyalty.MemberID
}

// A recent record is one of the latest entries or audit records of the original.
type recent struct {
	program string
	translog.Record
	item    table.Item
	entry   loyalty.Entry // zero for an audit record
	audited audit.Record
	missing bool // the copy lacks it
}

// tear copies the original into the target, with items from different instants. A point-in-time restore is
// similar: each item is from an instant in the last seconds.
func (d *Drill) tear(ctx context.Context) (Cut, error) {
	c := Cut{entries: map[memberKey]int{}, audited: map[string]int{}}
	window, err := d.latest(ctx)
	if err != nil {
		return c, err
	}
	window = window[d.below(len(window)+1):] // the items are from instants within this window
	missing := map[table.Key]bool{}
	for i, r := range window {
		// A record is missing if it is later than the instant of its item.
		if d.below(len(window)+1) > i {
			continue
		}
		window[i].missing, missing[r.item.Key] = true, true
		c.Records++
		if r.entry.Member != "" {
			c.entries[memberKey{r.program, r.entry.Member}]++
		} else {
			c.audited[r.program]++
		}
	}
	if err := d.Target.Load(ctx, without(d.Source.Items(ctx), missing)); err != nil {
		return c, err
	}
	for _, part := range []func(context.Context, []recent, *Cut) error{d.tearAccounts, d.tearAudit, d.tearLogs} {
		if err := part(ctx, window, &c); err != nil {
			return c, fmt.Errorf("drill: tear the copy: %w", err)
		}
	}
	return c, nil
}

// below returns a random number from 0 to n-1.
func (d *Drill) below(n int) int { return int(random.Below(d.Random, uint64(n))) }

// latest returns the latest records of the original in the order of their time.
func (d *Drill) latest(ctx context.Context) (window []recent, err error) {
	for it, err := range d.Source.Items(ctx) {
		if err != nil {
			return nil, err
		}
		program, rec, ok, err := source.Record(it)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		window = append(window, recent{program: program, Record: rec, item: it})
		if len(window) >= 2*d.Window {
			window = d.newest(window)
		}
	}
	window = d.newest(window)
	for i, r := range window {
		var isAudit bool
		if _, window[i].audited, isAudit, err = audit.Read(r.item); !isAudit {
			window[i].entry, err = ledger.ReadAny(r.program, r.item)
		}
		if err != nil {
			return nil, err
		}
	}
	return window, nil
}

// newest sorts records by their time and removes all except the newest ones.
func (d *Drill) newest(window []recent) []recent {
	slices.SortFunc(window, func(a, b recent) int {
		return cmp.Or(a.Recorded.Compare(b.Recorded), cmp.Compare(a.item.Key.String(), b.item.Key.String()))
	})
	return slices.Delete(window, 0, max(0, len(window)-d.Window))
}

func without(items iter.Seq2[table.Item, error], missing map[table.Key]bool) iter.Seq2[table.Item, error] {
	return func(yield func(table.Item, error) bool) {
		for it, err := range items {
			if !missing[it.Key] && !yield(it, err) {
				return
			}
		}
	}
}

// tearAccounts replaces the accounts of members with recent entries by their state before or between these entries.
func (d *Drill) tearAccounts(ctx context.Context, window []recent, c *Cut) error {
	changed := map[memberKey]int{}
	for _, r := range window {
		if r.entry.Member != "" {
			changed[memberKey{r.program, r.entry.Member}]++
		}
	}
	for _, m := range slices.SortedFunc(maps.Keys(changed), func(a, b memberKey) int {
		return cmp.Or(cmp.Compare(a.program, b.program), cmp.Compare(a.member, b.member))
	}) {
		later := d.below(changed[m] + 1)
		if later == 0 {
			continue
		}
		c.Accounts++
		if err := d.tearAccount(ctx, m, later); err != nil {
			return err
		}
	}
	return nil
}

// tearAccount replaces an account by its state before its last entries.
func (d *Drill) tearAccount(ctx context.Context, m memberKey, later int) error {
	from := ledger.Statements{Ledger: &ledger.Ledger{Table: d.Source, Now: d.Now}}
	to := ledger.Statements{Ledger: &ledger.Ledger{Table: d.Target, Now: d.Now}}
	var entries []loyalty.Entry
	for e, err := range from.List(ctx, m.program, m.member, 0, 0) {
		if err != nil {
			return err
		}
		entries = append(entries, e)
	}
	if later >= len(entries) { // the account did not exist
		it, err := d.Target.Get(ctx, stored.AccountKey(m.program, m.member))
		if err != nil || it.Version == 0 {
			return err
		}
		return d.Target.Transact(ctx, table.Delete(it))
	}
	acc, err := from.Replay(ctx, m.program, loyalty.Account{}, entries[later:])
	if err != nil {
		return err
	}
	p, err := d.Program(ctx, m.program)
	if err != nil {
		return err
	}
	return to.Rebuild(ctx, p, acc)
}

// tearAudit makes an audit record before or among the recent ones the last one of each audit list.
func (d *Drill) tearAudit(ctx context.Context, window []recent, _ *Cut) error {
	lists := map[string][]audit.Record{}
	for _, r := range window {
		if r.entry.Member == "" {
			lists[r.program] = append(lists[r.program], r.audited)
		}
	}
	for _, program := range slices.Sorted(maps.Keys(lists)) {
		list := lists[program]
		slices.SortFunc(list, func(a, b audit.Record) int { return cmp.Compare(a.Sequence, b.Sequence) })
		last := list[d.below(len(list))]
		if _, err := (audit.List{Table: d.Target}).SetLast(ctx, program, last); err != nil {
			return err
		}
	}
	return nil
}

// tearLogs replaces the heads of the logs by earlier ones.
func (d *Drill) tearLogs(ctx context.Context, window []recent, c *Cut) error {
	changed := map[string]int{}
	for _, r := range window {
		changed[r.program]++
	}
	for _, program := range slices.Sorted(maps.Keys(changed)) {
		log, err := d.Log.Read(ctx, program)
		if err != nil {
			return err
		}
		later := min(d.below(changed[program]+1), int(log.Size()))
		if later == 0 {
			continue
		}
		c.Leaves += later
		it, err := log.HeadAt(log.Size() - int64(later))
		if err != nil {
			return err
		}
		if err := d.Target.Transact(ctx, table.Put(it)); err != nil {
			return err
		}
	}
	return nil
}
