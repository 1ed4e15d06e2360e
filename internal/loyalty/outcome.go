package loyalty

import (
	"cmp"
	"slices"
	"time"
)

// An Outcome is what a decision makes of an account, with the entries that say why, in order. Whoever stores
// it seals the entries (hashes, actor) and replays them onto the account that it read.
type Outcome struct {
	Account Account
	Entries []Entry
	Spends  []Spend // what it takes of budgets, and gives back
	Needs   Needs   // what the decision still waits for; see Redecide

	resumed *resumption // orders that wait to be decided again, for the next entry to record

	rising *rising // the milestones and levels that are decided once all orders are
}

// decision builds an Outcome: entries are posted one by one, each onto the account that the one before left.
type decision struct {
	p        *Program
	now      time.Time // the instant that is decided about
	present  time.Time // the present, where now is an earlier instant that is reported late; zero: now
	recorded time.Time // when that is
	traits   *Traits   // to be told with the next award
	graced   []Date    // to be told with the next entry
	whole    *decision // of which this is what a ladder sees; nil: it is the whole
	later    LaterOrders
	holding  bool   // more orders are to be decided before settleOrders
	trial    *trial // nothing is posted, and only levels are decided; nil: it is no trial
	Outcome
}

func (p *Program) decide(acc Account, now time.Time) *decision {
	return &decision{p: p, now: now, recorded: now, Outcome: Outcome{Account: acc}}
}

// post completes the entry (its place, points, balance), applies it, and keeps it.
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
		return refuse(AmountOutOfRange, "", "The balance would grow beyond what an account can hold.")
	}
	if n := len(after.Pending); n > MaxPending && n > len(d.Account.Pending) {
		return refuse(ValidationFailed, "", "The member has 2000 orders and events with pending points already.")
	}
	d.Account = after
	d.Entries = append(d.Entries, e)
	return nil
}

// credit is the postings that give n points of a grant: pending until it becomes active, or as long as nobody knows
// when; after that they pay debt first, and what remains joins its lot, or has expired if the lot has.
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

// activate is the postings that make n points of a wallet spendable, behind those of the same entry: they pay what
// debt is left there, and what remains joins its lot.
func (d *decision) activate(out []Posting, wallet string, n Points, expires Date, at time.Time) []Posting {
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
	return d.settle(out, wallet, n, expires, at)
}

// arrive is activate for points of several lots that arrive in one entry: those that expire first pay the debt, foremost
// those of a lot that has expired. Where points of a later lot have paid before, the two change places.
func (d *decision) arrive(out []Posting, wallet string, n Points, expires Date, at time.Time) []Posting {
	lot := d.lot(expires)
	for i := range out {
		p := out[i]
		later := p.Bucket == BucketDebt && p.Wallet == wallet && p.Points > 0 && p.Lot.Compare(lot) > 0
		part := min(n, p.Points)
		if !later || part == 0 {
			continue
		}
		out[i].Points -= part
		out = append(out, Posting{Wallet: wallet, Bucket: BucketDebt, Lot: lot, Points: part})
		out = d.settle(out, wallet, part, p.Lot, at)
		n -= part
	}
	out = slices.DeleteFunc(out, func(p Posting) bool { return p.Bucket == BucketDebt && p.Points == 0 })
	return d.activate(out, wallet, n, expires, at)
}

// settle puts n points into their lot, or among the expired if the lot has expired at that instant.
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

// take is the postings that take up to n active points of a wallet, the earliest to expire first, and how many they
// take.
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

// mirror is what was taken from active lots, put into another bucket lot by lot.
func mirror(taken []Posting, into Bucket) []Posting {
	out := slices.Clone(taken)
	for _, p := range taken {
		out = append(out, Posting{Wallet: p.Wallet, Bucket: into, Lot: p.Lot, Points: -p.Points})
	}
	return out
}

// lot is the lot in which points are now that were to expire on a day: activity may have moved it on.
func (d *decision) lot(expires Date) Date {
	if !expires.Slides() {
		return expires
	}
	if expires = max(expires, d.Account.Slides); expires == forever {
		return 0
	}
	return expires
}

// where is the lot in which the points of a grant are now: activity may have moved it on, or somebody by hand.
func (d *decision) where(g Grant) Date {
	if g.Wallet != "" {
		return g.Expires // lots of other wallets do not move
	}
	lot, times := d.lot(g.Expires), 0
	for _, m := range d.Account.Moves {
		other := m.Times > 0 && m.Times != times+1 // it moved points of this lot that were put off more or less often
		if !lot.Slides() && !g.ActiveAt.After(m.At) && m.First <= lot && lot <= m.Last && !other {
			lot, times = m.To, m.Times
		}
	}
	return lot
}

func (p *Program) lapsed(d Date, at time.Time) bool { return d != 0 && !at.Before(d.End(p.Zone)) }
