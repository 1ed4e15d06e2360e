package posting

import (
	"cmp"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// An Outcome is the result of a decision about an account: the new account, and the entries that explain it, in order.
// The caller that stores it seals the entries (hashes, actor) and applies them to the account that it read.
type Outcome struct {
	Account loyalty.Account
	Entries []loyalty.Entry
	Spends  []Spend // the points that the decision takes from and returns to budgets
	Needs   Needs   // the data that the decision still requires; see award.Redecide

	Resumed *Resumption // orders that wait to be decided again; the next entry records them

	Rising *Rising // the input for deciding milestones and levels after all orders
}

// A Decision builds an Outcome. Entries are posted one by one, each to the account that results from the previous one.
type Decision struct {
	P        *loyalty.Program
	Now      time.Time       // the instant of the decision
	Present  time.Time       // the actual time if Now is earlier because of a late report; otherwise zero
	Recorded time.Time       // the instant at which the entries are recorded
	Traits   *loyalty.Traits // the member's new traits, which the next award records
	Graced   []calendar.Date // expiry days set by a grace period in this decision; the next entry records them
	Whole    *Decision       // the decision about the whole account if this one is about a tier group; otherwise nil
	Later    loyalty.LaterOrders
	Holding  bool   // milestones and levels must wait, because more orders will be decided
	Trial    *Trial // if not nil, only levels are decided and nothing is posted
	Outcome
}

// Decide starts a decision about an account, without entries.
func Decide(p *loyalty.Program, acc loyalty.Account, now time.Time) *Decision {
	return &Decision{P: p, Now: now, Recorded: now, Outcome: Outcome{Account: acc}}
}

// With starts another decision under the same rules and at the same instant, about the given account.
func (d *Decision) With(acc loyalty.Account) *Decision { return Decide(d.P, acc, d.Now) }

// Post completes the entry (its sequence, points and balance), applies it to the account and appends it to the outcome.
func (d *Decision) Post(e loyalty.Entry) error {
	if d.Whole != nil {
		e.TierGroup = d.P.Tiers.Group
		err := d.Whole.Post(e)
		d.Account = GroupView(&d.P.Tiers, d.Whole.Account)
		return err
	}
	e.Sequence = d.Account.Sequence + 1
	if e.Member == "" {
		e.Member = d.Account.Member
	}
	e.Program, e.Recorded = cmp.Or(e.Program, d.P.Version), d.Recorded
	e.Graced, d.Graced = append(e.Graced, d.Graced...), nil
	for _, p := range e.Postings {
		if p.Wallet == "" && p.Bucket.Counts() {
			e.Points += p.Points
		}
	}
	after, err := Apply(d.Account, e)
	if err != nil {
		return err
	}
	e.Balance, e.Wallets = after.Balance(), walletChanges(after, e.Postings)
	fits := e.Balance.Fits()
	for _, w := range e.Wallets {
		fits = fits && w.Balance.Fits()
	}
	if !fits {
		return loyalty.Refuse(loyalty.AmountOutOfRange, "", "The balance would exceed the maximum of an account.")
	}
	if n := len(after.Pending); n > MaxPending && n > len(d.Account.Pending) {
		return loyalty.Refuse(
			loyalty.ValidationFailed, "",
			"The member already has 2000 orders and events with pending points, which is the limit.",
		)
	}
	d.Account = after
	d.Entries = append(d.Entries, e)
	return nil
}

// Credit appends the postings that award n points of a grant to the other postings of the entry. The points are pending
// until they become active. Points that are active immediately pay debt first. The rest joins its lot, or expires if
// the lot has expired.
func (d *Decision) Credit(
	out []loyalty.Posting, cause loyalty.Cause, n loyalty.Points, g loyalty.Grant, giveUp time.Time,
) []loyalty.Posting {
	if g.ActiveAt.IsZero() || g.ActiveAt.After(d.Now) {
		p := loyalty.Posting{
			Wallet: g.Wallet, Bucket: loyalty.BucketPending, Lot: g.Expires, ActiveAt: g.ActiveAt, Points: n,
		}
		if g.Rule != "" {
			p.Cause = cause
		}
		if g.ActiveAt.IsZero() {
			p.GiveUp = giveUp
		}
		return append(out, p)
	}
	return from(d.Activate(out, g.Wallet, n, d.Where(g), d.Now), len(out), g.Expires)
}

// Activate appends the postings that make n points of a wallet spendable to the other postings of the entry. The points
// pay the remaining debt of the wallet first, and the rest joins its lot.
func (d *Decision) Activate(
	out []loyalty.Posting, wallet string, n loyalty.Points, expires calendar.Date, at time.Time,
) []loyalty.Posting {
	out, n = d.payDebt(out, wallet, n, expires)
	return d.settle(out, wallet, n, expires, at)
}

// payDebt uses up to n points to pay the debt of a wallet that remains after the earlier postings of the entry. It
// returns how many of the points remain.
func (d *Decision) payDebt(
	out []loyalty.Posting, wallet string, n loyalty.Points, expires calendar.Date,
) ([]loyalty.Posting, loyalty.Points) {
	debt := d.Account.In(wallet).Debt
	for _, p := range out {
		if p.Bucket == loyalty.BucketDebt && p.Wallet == wallet {
			debt -= p.Points
		}
	}
	if pay := min(n, debt); pay > 0 {
		out = append(out, loyalty.Posting{Wallet: wallet, Bucket: loyalty.BucketDebt, Lot: d.Lot(expires), Points: pay})
		n -= pay
	}
	return out, n
}

// Arrive appends postings that make points spendable, like Activate, for points of several lots in one entry. The
// points that expire first pay the debt, including those of a lot that has expired. If points of a later lot have
// already paid debt in this entry, Arrive replaces them, and they join their lot.
func (d *Decision) Arrive(
	out []loyalty.Posting, wallet string, n loyalty.Points, expires calendar.Date, at time.Time,
) []loyalty.Posting {
	lot := d.Lot(expires)
	out, n = d.payDebt(out, wallet, n, expires)
	for n > 0 {
		i := lastPayer(out, wallet)
		if i < 0 || out[i].Lot.Compare(lot) <= 0 {
			break
		}
		part := min(n, out[i].Points)
		out[i].Points -= part
		out = append(out, loyalty.Posting{Wallet: wallet, Bucket: loyalty.BucketDebt, Lot: lot, Points: part})
		out = d.settle(out, wallet, part, out[i].Lot, at)
		n -= part
	}
	out = slices.DeleteFunc(
		out, func(p loyalty.Posting) bool { return p.Bucket == loyalty.BucketDebt && p.Points == 0 },
	)
	return d.settle(out, wallet, n, expires, at)
}

// lastPayer returns the index of the posting that paid a wallet's debt with points of the latest lot, or -1.
func lastPayer(out []loyalty.Posting, wallet string) int {
	last := -1
	for i, p := range out {
		paid := p.Bucket == loyalty.BucketDebt && p.Wallet == wallet && p.Points > 0
		if paid && (last < 0 || p.Lot.Compare(out[last].Lot) > 0) {
			last = i
		}
	}
	return last
}

// settle adds n points to their lot, or to the expired points if the lot has expired at that instant.
func (d *Decision) settle(
	out []loyalty.Posting, wallet string, n loyalty.Points, expires calendar.Date, at time.Time,
) []loyalty.Posting {
	own := expires
	expires = d.Lot(expires)
	switch {
	case n == 0:
		return out
	case IsExpired(d.P.Zone, expires, at):
		return append(out, loyalty.Posting{Wallet: wallet, Bucket: loyalty.BucketExpired, Lot: expires, Points: n})
	}
	return from(
		append(out, loyalty.Posting{Wallet: wallet, Bucket: loyalty.BucketActive, Lot: expires, Points: n}), len(out),
		own,
	)
}

// Take appends the postings that take up to n active points of a wallet, earliest expiry first, to the other postings
// of the entry. It also returns the number of points that they take.
func (d *Decision) Take(out []loyalty.Posting, wallet string, n loyalty.Points) ([]loyalty.Posting, loyalty.Points) {
	taken := loyalty.Points(0)
	for _, l := range d.Account.In(wallet).Lots {
		part := min(l.Points, n-taken)
		if part == 0 {
			break
		}
		out = append(out, loyalty.Posting{Wallet: wallet, Bucket: loyalty.BucketActive, Lot: l.Expires, Points: -part})
		taken += part
	}
	return out, taken
}

// MirrorPostings returns the postings that move the points that were taken from active lots into another bucket, one
// posting for each lot.
func MirrorPostings(taken []loyalty.Posting, into loyalty.Bucket) []loyalty.Posting {
	out := slices.Clone(taken)
	for _, p := range taken {
		out = append(out, loyalty.Posting{Wallet: p.Wallet, Bucket: into, Lot: p.Lot, Points: -p.Points})
	}
	return out
}

// Lot returns the lot that now contains the points that were to expire on the given day. An activity may have moved
// them.
func (d *Decision) Lot(expires calendar.Date) calendar.Date {
	if !expires.Slides() {
		return expires
	}
	if expires = max(expires, d.Account.Slides); expires == Forever {
		return 0
	}
	return expires
}

// Where returns the lot that now contains the points of a grant. An activity or a manual extension may have moved them.
func (d *Decision) Where(g loyalty.Grant) calendar.Date {
	if g.Wallet != "" {
		return g.Expires // lots of other wallets do not move
	}
	lot, times := d.Lot(g.Expires), 0
	for _, m := range d.Account.Moves {
		// The move is about other points of this lot, which were postponed a different number of times.
		other := m.Times > 0 && m.Times != times+1
		if !g.ActiveAt.After(m.At) && m.First <= lot && lot <= m.Last && !other {
			lot, times = m.To, m.Times
		}
	}
	return lot
}

// IsExpired reports whether a lot with the expiry day d has expired at an instant.
func IsExpired(zone *time.Location, d calendar.Date, at time.Time) bool {
	return d != 0 && !at.Before(d.End(zone))
}

// A Trial is a decision that only determines levels. It posts nothing.
type Trial struct {
	Whole   *Decision // the decision about the whole account, whose level determines when points expire
	Bonuses []Bonus   // the bonuses of the levels that were reached, in order
}

// OwnCause returns the cause of a change that becomes due in this member's account as time passes. Causes of the same
// kind differ in the text what.
func (d *Decision) OwnCause(kind, what string) loyalty.Cause {
	return loyalty.Cause{Kind: kind, ID: string(d.Account.Member) + ":" + what, Revision: 1}
}

// leftBy returns the account with the changes that the entry contains so far. The entry may already contain changes for
// another grant, such as points taken from lots.
func leftBy(d *Decision, e loyalty.Entry) loyalty.Account {
	acc := d.Account
	for _, p := range e.Postings {
		applyPosting(&acc, e, p)
	}
	for _, u := range e.Reversals {
		acc.Conversions = reverseConversion(acc.Conversions, u)
	}
	for _, w := range e.WriteOffs {
		purse := purseOf(&acc, w.Wallet)
		purse.ExpiredLots = addExpiredLot(purse.ExpiredLots, loyalty.Lot{Expires: w.Lot, Points: -w.Points})
	}
	return acc
}
