package loyalty

import (
	"slices"
	"time"
)

// ClawbackPolicy says how far a clawback reaches if an order's points are no longer available.
type ClawbackPolicy int

const (
	ClawbackDebt          ClawbackPolicy = iota // takes from other lots, then creates debt, which new active points pay
	ClawbackWithinBalance                       // takes from other lots, but creates no debt
	ClawbackPendingOnly                         // takes only what is still pending of the same order
	ClawbackUnlimited                           // as ClawbackDebt, but not bounded by the maximum debt
)

// Reasons why points are not taken back, as arguments of IsKept.
const (
	keptExpired = "expired"
	keptPending = "pending"
	keptWithin  = "within"
	keptDebt    = "debt"
)

// clawBack takes back n points of a grant. It takes pending points first, then points in the grant's lot, then points
// from other lots, earliest expiry first, then points that were converted to other wallets, and books the rest as debt.
// The program's ClawbackPolicy limits how far it goes. Points that expired are not taken a second time: what expired in
// the grant's lot is written off, unless another clawback has written it off. Points that were spent are owed, even
// after the day on which they would have expired. The grant stores what was taken from where.
func (d *decision) clawBack(e Entry, n Points, g *Grant) Entry {
	rest, cause := n, e.Cause.of(*g)
	left := d.leftBy(e)
	for _, x := range left.Pending {
		if x.Cause == cause {
			part := min(rest, x.Points)
			e.Postings = append(e.Postings, Posting{
				Wallet: x.Wallet, Bucket: BucketPending, Lot: x.Expires, ActiveAt: x.ActiveAt, GiveUp: x.GiveUp,
				Cause: cause, Points: -part,
			})
			rest -= part
		}
	}
	reach, most := d.p.takeBack(g.Wallet)
	if d.p.lapsed(d.where(*g), d.now) {
		e, rest = d.writeOffExpired(e, left.In(g.Wallet), rest, g)
	}
	if reach == ClawbackPendingOnly {
		e, rest = writeOff(e, rest, g, keptPending)
	}
	e, rest = d.takeFromLots(e, left.In(g.Wallet).Lots, rest, g)
	e, rest = d.takeFromConversions(e, rest, g)
	if reach == ClawbackWithinBalance {
		e, rest = writeOff(e, rest, g, keptWithin)
	}
	if most > 0 && reach == ClawbackDebt {
		if room := max(0, most-left.In(g.Wallet).Debt); rest > room {
			e, _ = writeOff(e, rest-room, g, keptDebt)
			rest = room
		}
	}
	if rest > 0 {
		if d.p.lapsed(d.where(*g), d.now) {
			e.Reasons = append(e.Reasons, reasonIn(g.Wallet, "clawback", 0, IsOwed, points(rest)))
		}
		e.Postings = append(e.Postings, Posting{Wallet: g.Wallet, Bucket: BucketDebt, Points: -rest})
		g.Owed += rest
	}
	return e
}

// leftBy returns the account as the entry leaves it so far. The entry may have moved pending points into a lot, or
// taken from lots for another grant.
func (d *decision) leftBy(e Entry) Account {
	acc := d.Account
	for _, p := range e.Postings {
		acc.apply(e, p)
	}
	for _, u := range e.Reversals {
		acc.Conversions = reverseConversion(acc.Conversions, u)
	}
	for _, w := range e.WriteOffs {
		purse := acc.purse(w.Wallet)
		purse.ExpiredLots = addLapsed(purse.ExpiredLots, Lot{w.Lot, -w.Points})
	}
	return acc
}

// takeFromLots takes points from the grant's lot first and then from the others.
func (d *decision) takeFromLots(e Entry, lots []Lot, rest Points, g *Grant) (Entry, Points) {
	mine := d.where(*g)
	for _, own := range []bool{true, false} {
		for _, l := range lots {
			part := min(rest, l.Points)
			if part <= 0 || (l.Expires == mine) != own {
				continue
			}
			e.Postings = append(
				e.Postings, Posting{Wallet: g.Wallet, Bucket: BucketActive, Lot: l.Expires, Points: -part},
			)
			if rest -= part; own {
				e.Postings = from(e.Postings, len(e.Postings)-1, g.Expires)
			}
			if !own {
				g.Taken = addLot(g.Taken, Lot{l.Expires, part})
			}
		}
	}
	return e, rest
}

// writeOffExpired writes off points that expired in the grant's lot and returns how many remain to be taken.
func (d *decision) writeOffExpired(e Entry, purse Purse, rest Points, g *Grant) (Entry, Points) {
	lot := d.where(*g)
	if purse.expiredIn(lot) == 0 && lot.Slides() {
		lot = purse.expiredSince(g.Expires)
	}
	part := min(rest, purse.expiredIn(lot))
	if part == 0 {
		return e, rest
	}
	e, _ = writeOff(e, part, g, keptExpired)
	g.Expired += part
	e.WriteOffs = append(e.WriteOffs, WriteOff{g.Wallet, lot, part})
	return e, rest - part
}

// writeOff writes off the rest of the points.
func writeOff(e Entry, rest Points, g *Grant, why string) (Entry, Points) {
	if rest > 0 {
		args := []string{why}
		if why == keptExpired {
			args = append(args, g.Expires.String())
		}
		e.Reasons = append(e.Reasons, reasonIn(g.Wallet, "clawback", rest, IsKept, args...))
		g.ExpiredOn += rest
	}
	return e, 0
}

// issued balances the entry against the program's bucket of issued points in each wallet.
func issued(e Entry) Entry {
	if len(e.Postings) == 0 {
		e.Postings = nil
		return e
	}
	var sums []Posting
	for _, p := range e.Postings {
		at := slices.IndexFunc(sums, func(s Posting) bool { return s.Wallet == p.Wallet })
		if at < 0 {
			at = len(sums)
			sums = append(sums, Posting{Wallet: p.Wallet, Bucket: BucketIssued})
		}
		sums[at].Points -= p.Points
	}
	for _, s := range sums {
		if s.Points != 0 {
			e.Postings = append(e.Postings, s)
		}
	}
	return e
}

// giveBack credits n points to a grant that became worth more. It first returns points that were taken beyond the
// grant's lot to where they were taken from, so that a failed refund has no effect. It credits the rest to the grant's
// lot.
func (d *decision) giveBack(e Entry, n Points, g *Grant, giveUp time.Time) Entry {
	if never := min(n, g.ExpiredOn); never > 0 {
		e.Reasons = append(e.Reasons, reasonIn(g.Wallet, "clawback", -never, WasKept))
		g.ExpiredOn -= never
		n -= never
		if again := g.Expired - min(g.Expired, g.ExpiredOn); again > 0 {
			g.Expired -= again
			e.WriteOffs = append(e.WriteOffs, WriteOff{g.Wallet, d.where(*g), -again})
		}
	}
	if owed := min(n, g.Owed); owed > 0 && len(g.Converted)+len(g.Taken) > 0 { // so that no other points pay this debt
		e.Postings = d.credit(e.Postings, e.Cause.of(*g), owed, *g, giveUp)
		g.Owed -= owed
		n -= owed
	}
	e, n = d.convertAgain(e, n, g)
	for _, l := range slices.Backward(g.Taken) {
		if part := min(n, l.Points); part > 0 {
			e.Postings = d.activate(e.Postings, g.Wallet, part, l.Expires, d.now)
			g.Taken = addLot(g.Taken, Lot{l.Expires, -part})
			n -= part
		}
	}
	g.Owed -= min(n, g.Owed)
	if n > 0 {
		e.Postings = d.credit(e.Postings, e.Cause.of(*g), n, *g, giveUp)
	}
	return e
}
