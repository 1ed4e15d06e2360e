package ledger

import (
	"context"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
	"github.com/perennial-loyalty/perennial/internal/parallel"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A Redecider decides orders again after a command that may change their points, such as the cancellation of an earlier
// order.
type Redecider struct{ *Ledger }

// The first constant is the number of a member's entries that are read first to decide levels again. The second is the
// maximum number for each later query. The few newest entries are usually enough.
const (
	fewEntries  = 8
	manyEntries = 100
)

// needed contains the inputs for completing an outcome. The field written is the number of stored entries of the
// account. The field passed contains the entries for changes over time that this attempt writes together with the
// outcome.
type needed struct {
	p       *loyalty.Program
	written int64
	passed  []loyalty.Entry
	left    earn.Budgets
	now     time.Time
}

// redecided completes an outcome that depends on earlier entries (award.Redecide).
func (r Redecider) redecided(ctx context.Context, n needed, out posting.Outcome) (posting.Outcome, error) {
	for !tier.NeedsNothing(out.Needs) {
		h, err := r.historyFor(ctx, n, out)
		if err != nil {
			return out, err
		}
		if out, err = engine.Redecide(n.p, out, h, n.now); err != nil {
			return out, err
		}
	}
	return out, nil
}

// historyFor reads the next entries that are needed to complete an outcome.
func (r Redecider) historyFor(ctx context.Context, n needed, out posting.Outcome) (h tier.History, err error) {
	if len(out.Needs.Orders) > 0 {
		h.Left = n.left
		if h.Orders, err = r.knownOrders(ctx, n, out.Account.Member, out.Needs.Orders); err != nil {
			return h, err
		}
		if than := out.Needs.Later; than != (loyalty.PlacedOrder{}) {
			var entries []loyalty.Entry
			entries, err = r.entriesSince(ctx, n.p.ID, out.Account.Member, n.written, than)
			h.Later = award.LaterThan(than, entries)
		}
		return h, err
	}
	if h, err = r.history(ctx, n.p.ID, out.Account.Member, n.written, out.Needs); err != nil {
		return h, err
	}
	h.Entries = append(h.Entries, n.passed...)
	h.Versions, err = r.versionsBefore(ctx, n.p, out.Needs, h)
	return h, err
}

// knownOrders reads the latest entries of a member's orders, with their rules, in parallel.
func (r Redecider) knownOrders(
	ctx context.Context, n needed, m loyalty.MemberID, orders []loyalty.PlacedOrder,
) ([]tier.KnownOrder, error) {
	known, reads := make([]tier.KnownOrder, len(orders)), make([]func() error, len(orders))
	for i, o := range orders {
		reads[i] = func() error {
			e, err := r.Latest(ctx, n.p.ID, loyalty.CauseOrder, o.ID)
			switch {
			case err != nil:
				return err
			case e.Member != m || e.Order == nil || e.Sequence > n.written:
				return ErrStaleRead
			}
			rules, err := r.Rules(ctx, n.p, e.Order.Program)
			if err == nil {
				known[i] = tier.KnownOrder{Entry: e, Rules: engine.EarnRules(rules)}
			}
			return err
		}
	}
	return known, parallel.Do(reads...)
}

// entriesSince reads the entries of a member that may concern orders placed after the given one.
func (r Redecider) entriesSince(
	ctx context.Context, program string, m loyalty.MemberID, written int64, than loyalty.PlacedOrder,
) ([]loyalty.Entry, error) {
	h, err := r.history(ctx, program, m, written, posting.Needs{Recorded: than.At})
	return h.Entries, err
}

// postponed is the decision of a command that only advances an account. It decides again the orders that an earlier
// command postponed.
type postponed struct {
	*Ledger
	p       *loyalty.Program
	written int64 // the number of stored entries of the account
	orders  []loyalty.PlacedOrder
	known   bool // whether the orders were read
}

func (d *postponed) decide(x Inputs) ([]posting.Outcome, error) {
	return []posting.Outcome{award.Resume(x.Accounts[0], d.orders)}, nil
}

func (d *postponed) Reset() { d.known = false }

// Load reads the orders that wait to be decided again if the account does not list them.
func (d *postponed) Load(ctx context.Context, x Inputs, _ []posting.Outcome, _ error) (bool, error) {
	acc := x.Accounts[0]
	if d.known || len(acc.Undecided) > 0 {
		return false, nil
	}
	from := acc.UndecidedFrom.Order
	entries, err := Redecider{d.Ledger}.entriesSince(ctx, d.p.ID, acc.Member, d.written, from)
	d.orders, d.known = award.PlacedFrom(from, entries), true
	return true, err
}

// WithOrders returns the account with the information about the member's orders that an undecided outcome needs.
func (r Redecider) WithOrders(
	ctx context.Context, p *loyalty.Program, acc loyalty.Account, written int64, needs posting.Needs,
) (loyalty.Account, error) {
	if needs.Numbers {
		h, err := r.history(ctx, p.ID, acc.Member, written, posting.Needs{All: true})
		if err != nil {
			return acc, err
		}
		acc = award.WithFirstOrders(acc, h.Entries)
	}
	if than := needs.Later; than != (loyalty.PlacedOrder{}) {
		entries, err := r.entriesSince(ctx, p.ID, acc.Member, written, than)
		if err != nil {
			return acc, err
		}
		acc = award.WithLaterOrders(acc, than, entries)
	}
	return acc, nil
}

// versionsBefore returns the versions that were in force before p and that the decision needs.
func (r Redecider) versionsBefore(
	ctx context.Context, p *loyalty.Program, needs posting.Needs, h tier.History,
) ([]tier.Live, error) {
	since := needs.Since
	if h.All && len(h.Entries) > 0 {
		since = h.Entries[0].Effective
	}
	s, _, err := r.versions(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	versions, _, err := r.between(ctx, p, s, since)
	return versions, err
}

// versions returns the schedule of a program's versions, from the cache if there is one, and the time at which it was
// read.
func (r Redecider) versions(ctx context.Context, program string) (Schedule, time.Time, error) {
	if r.Versions != nil {
		return r.Versions(ctx, program)
	}
	now := r.Time()
	_, s, err := ReadSchedule(ctx, r.Table, program, now)
	return s, now, err
}

// history reads the entries that a decision needs, backwards from the newest stored entry. Sequence numbers have no
// gaps. If an entry is missing from the index, history therefore detects it and reads the index again. history returns
// ErrTryAgain if the index remains behind.
func (r Redecider) history(
	ctx context.Context, program string, m loyalty.MemberID, written int64, needs posting.Needs,
) (h tier.History, err error) {
	size := int64(fewEntries)
	for last := written; last > 0; size = min(4*size, manyEntries) {
		first := max(1, last-size+1)
		entries, err := r.entriesBetween(ctx, program, m, first, last)
		if err != nil {
			return h, err
		}
		for i, e := range slices.Backward(entries) {
			if tier.Enough(needs, e) {
				h.Entries = append(slices.Clip(entries[i+1:]), h.Entries...)
				return h, nil
			}
		}
		h.Entries, last = append(slices.Clip(entries), h.Entries...), first-1
	}
	h.All = true
	return h, nil
}

// entriesBetween reads a member's entries with the sequence numbers from first to last, both included, in ascending
// order.
func (r Redecider) entriesBetween(
	ctx context.Context, program string, m loyalty.MemberID, first, last int64,
) ([]loyalty.Entry, error) {
	if last < first {
		return nil, nil
	}
	q := table.Query{
		PK: stored.MemberPartition(program, m), Index: true, From: stored.Padded(first, 10),
		To: stored.Padded(last, 10),
	}
	entries := make([]loyalty.Entry, last-first+1)
	missing := len(entries)
	for range Attempts {
		for it, err := range r.Table.Query(ctx, q) {
			if err != nil {
				return nil, Retryable(err)
			}
			e, err := ReadAny(program, it)
			if err != nil {
				return nil, err
			}
			if at := e.Sequence - first; entries[at].Sequence == 0 {
				entries[at] = e
				missing--
			}
		}
		if missing == 0 {
			return entries, nil
		}
	}
	return nil, ErrTryAgain
}
