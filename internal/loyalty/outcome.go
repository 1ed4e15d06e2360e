package loyalty

import (
	"cmp"
	"slices"
	"time"
)

// An Outcome is the result of a decision about an account: the new account, and the entries that explain it, in order.
// The caller that stores it seals the entries (hashes, actor) and applies them to the account that it read.
type Outcome struct {
	Account Account
	Entries []Entry
	Spends  []Spend // what it takes from and returns to budgets
	Needs   Needs   // data that the decision still requires; see Redecide

	resumed *resumption // orders that wait to be decided again; the next entry records them

	rising *rising // the milestones and levels to decide after all orders are decided
}

// decision builds an Outcome. Entries are posted one by one, each to the account that results from the previous one.
type decision struct {
	p        *Program
	now      time.Time // the instant of the decision
	present  time.Time // the present, if now is an earlier instant that is reported late; zero if now is the present
	recorded time.Time // the instant at which the entries are recorded
	traits   *Traits   // recorded with the next award
	graced   []Date    // recorded with the next entry
	whole    *decision // the whole decision, if this is its view for a tier group; otherwise nil
	later    LaterOrders
	holding  bool   // more orders will be decided before settleOrders
	trial    *trial // if not nil, only levels are decided and nothing is posted
	Outcome
}

func (p *Program) decide(acc Account, now time.Time) *decision {
	return &decision{p: p, now: now, recorded: now, Outcome: Outcome{Account: acc}}
}

// post completes the entry (its sequence, points and balance), applies it to the account and appends it to the outcome.
func (d *decision) post(e Entry) error {
	if d.whole != nil {
		e.TierGroup = d.p.compiled.ladder
		err := d.whole.post(e)
		d.Account = d.p.view(d.whole.Account)
		return err
	}
	e.Sequence = d.Account.Sequence + 1
	if e.Member == "" {
		e.Member = d.Account.Member
	}
	e.Program, e.Recorded = cmp.Or(e.Program, d.p.Version), d.recorded
	e.Graced, d.graced = append(e.Graced, d.graced...), nil
	for _, p := range e.Postings {
		if p.Wallet == "" && p.Bucket.counts() {
			e.Points += p.Points
		}
	}
	after, err := d.Account.Apply(e)
	if err != nil {
		return err
	}
	e.Balance, e.Wallets = after.Balance(), after.walletChanges(e.Postings)
	fits := e.Balance.fits()
	for _, w := range e.Wallets {
		fits = fits && w.Balance.fits()
	}
	if !fits {
		return refuse(AmountOutOfRange, "", "The balance would exceed the maximum of an account.")
	}
	if n := len(after.Pending); n > MaxPending && n > len(d.Account.Pending) {
		return refuse(ValidationFailed, "", "The member already has 2000 orders and events with pending points, which is the limit.")
	}
	d.Account = after
	d.Entries = append(d.Entries, e)
	return nil
}

// credit returns out with the postings that award n points of a grant. The points are pending until they become active,
// or as long as that instant is unknown. Points that are active pay debt first. The rest joins its lot, or expires if
// the lot has expired.
func (d *decision) credit(out []Posting, cause Cause, n Points, g Grant, giveUp time.Time) []Posting {
	if g.ActiveAt.IsZero() || g.ActiveAt.After(d.now) {
		p := Posting{Wallet: g.Wallet, Bucket: BucketPending, Lot: g.Expires, ActiveAt: g.ActiveAt, Points: n}
		if g.Rule != "" {
			p.Cause = cause
		}
		if g.ActiveAt.IsZero() {
			p.GiveUp = giveUp
		}
		return append(out, p)
	}
	return from(d.activate(out, g.Wallet, n, d.where(g), d.now), len(out), g.Expires)
}

// activate returns out with the postings that make n points of a wallet spendable. out are earlier postings of the same
// entry. The points pay the remaining debt of the wallet first, and the rest joins its lot.
func (d *decision) activate(out []Posting, wallet string, n Points, expires Date, at time.Time) []Posting {
	out, n = d.payDebt(out, wallet, n, expires)
	return d.settle(out, wallet, n, expires, at)
}

// payDebt pays what the earlier postings of the entry leave of a wallet's debt with up to n points. It returns the
// remaining points.
func (d *decision) payDebt(out []Posting, wallet string, n Points, expires Date) ([]Posting, Points) {
	debt := d.Account.In(wallet).Debt
	for _, p := range out {
		if p.Bucket == BucketDebt && p.Wallet == wallet {
			debt -= p.Points
		}
	}
	if pay := min(n, debt); pay > 0 {
		out = append(out, Posting{Wallet: wallet, Bucket: BucketDebt, Lot: d.lot(expires), Points: pay})
		n -= pay
	}
	return out, n
}

// arrive does the same as activate for points of several lots in one entry. Of all these points, those that expire
// first pay the debt, beginning with those of a lot that has expired. If points of a later lot have paid already, the
// two are exchanged.
func (d *decision) arrive(out []Posting, wallet string, n Points, expires Date, at time.Time) []Posting {
	lot := d.lot(expires)
	out, n = d.payDebt(out, wallet, n, expires)
	for n > 0 {
		i := lastPayer(out, wallet)
		if i < 0 || out[i].Lot.Compare(lot) <= 0 {
			break
		}
		part := min(n, out[i].Points)
		out[i].Points -= part
		out = append(out, Posting{Wallet: wallet, Bucket: BucketDebt, Lot: lot, Points: part})
		out = d.settle(out, wallet, part, out[i].Lot, at)
		n -= part
	}
	out = slices.DeleteFunc(out, func(p Posting) bool { return p.Bucket == BucketDebt && p.Points == 0 })
	return d.settle(out, wallet, n, expires, at)
}

// lastPayer returns the index of the posting that paid a wallet's debt with points of the latest lot, or -1.
func lastPayer(out []Posting, wallet string) int {
	last := -1
	for i, p := range out {
		paid := p.Bucket == BucketDebt && p.Wallet == wallet && p.Points > 0
		if paid && (last < 0 || p.Lot.Compare(out[last].Lot) > 0) {
			last = i
		}
	}
	return last
}

// settle adds n points to their lot, or to the expired points if the lot has expired at that instant.
func (d *decision) settle(out []Posting, wallet string, n Points, expires Date, at time.Time) []Posting {
	own := expires
	expires = d.lot(expires)
	switch {
	case n == 0:
		return out
	case d.p.lapsed(expires, at):
		return append(out, Posting{Wallet: wallet, Bucket: BucketExpired, Lot: expires, Points: n})
	}
	return from(append(out, Posting{Wallet: wallet, Bucket: BucketActive, Lot: expires, Points: n}), len(out), own)
}

// take returns out with the postings that take up to n active points of a wallet, earliest expiry first, and the number
// of points that they take.
func (d *decision) take(out []Posting, wallet string, n Points) ([]Posting, Points) {
	taken := Points(0)
	for _, l := range d.Account.In(wallet).Lots {
		part := min(l.Points, n-taken)
		if part == 0 {
			break
		}
		out = append(out, Posting{Wallet: wallet, Bucket: BucketActive, Lot: l.Expires, Points: -part})
		taken += part
	}
	return out, taken
}

// mirror returns the postings that move points taken from active lots to another bucket, lot by lot.
func mirror(taken []Posting, into Bucket) []Posting {
	out := slices.Clone(taken)
	for _, p := range taken {
		out = append(out, Posting{Wallet: p.Wallet, Bucket: into, Lot: p.Lot, Points: -p.Points})
	}
	return out
}

// lot returns the lot in which points are now that were to expire on a day: an activity may have extended it.
func (d *decision) lot(expires Date) Date {
	if !expires.Slides() {
		return expires
	}
	if expires = max(expires, d.Account.Slides); expires == forever {
		return 0
	}
	return expires
}

// where returns the lot in which the points of a grant are now. An activity or a manual extension may have moved them.
func (d *decision) where(g Grant) Date {
	if g.Wallet != "" {
		return g.Expires // lots of other wallets do not move
	}
	lot, times := d.lot(g.Expires), 0
	for _, m := range d.Account.Moves {
		// The move was of points of this lot that were postponed a different number of times.
		other := m.Times > 0 && m.Times != times+1
		if !lot.Slides() && !g.ActiveAt.After(m.At) && m.First <= lot && lot <= m.Last && !other {
			lot, times = m.To, m.Times
		}
	}
	return lot
}

func (p *Program) lapsed(d Date, at time.Time) bool { return d != 0 && !at.Before(d.End(p.Zone)) }
