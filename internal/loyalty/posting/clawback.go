package posting

import (
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// Reasons why points are not taken back, as arguments of IsRetained.
const (
	retainedExpired = "expired"
	retainedPending = "pending"
	retainedWithin  = "within"
	retainedDebt    = "debt"
)

// ClawBack takes back n points of a grant. It takes pending points first, then points in the grant's lot, then points
// from other lots, earliest expiry first, then points that were converted to other wallets, and books the rest as debt.
// The program's ClawbackPolicy limits how far it goes. Points that expired are not taken a second time: points that
// expired in the grant's lot are written off, unless another clawback has written them off. Points that were spent are
// owed, even after the day on which they would have expired. The grant stores from where the points were taken.
func ClawBack(d *Decision, e loyalty.Entry, n loyalty.Points, g *loyalty.Grant) loyalty.Entry {
	rest, cause := n, CauseOfGrant(e.Cause, *g)
	left := leftBy(d, e)
	for _, x := range left.Pending {
		if x.Cause == cause {
			part := min(rest, x.Points)
			e.Postings = append(e.Postings, loyalty.Posting{
				Wallet: x.Wallet, Bucket: loyalty.BucketPending, Lot: x.Expires, ActiveAt: x.ActiveAt, GiveUp: x.GiveUp,
				Cause: cause, Points: -part,
			})
			rest -= part
		}
	}
	reach, most := takeBack(&d.P.Corrections, d.P.Wallets, g.Wallet)
	if IsExpired(d.P.Zone, d.Where(*g), d.Now) {
		e, rest = writeOffExpired(d, e, left.In(g.Wallet), rest, g)
	}
	if reach == loyalty.ClawbackPendingOnly {
		e, rest = writeOff(e, rest, g, retainedPending)
	}
	e, rest = takeFromLots(d, e, left.In(g.Wallet).Lots, rest, g)
	e, rest = takeFromConversions(d, e, rest, g)
	if reach == loyalty.ClawbackWithinBalance {
		e, rest = writeOff(e, rest, g, retainedWithin)
	}
	if most > 0 && reach == loyalty.ClawbackDebt {
		beyond := max(0, rest-max(0, most-left.In(g.Wallet).Debt))
		e, _ = writeOff(e, beyond, g, retainedDebt)
		rest -= beyond
	}
	if rest > 0 {
		if IsExpired(d.P.Zone, d.Where(*g), d.Now) {
			e.Reasons = append(
				e.Reasons, loyalty.ReasonIn(g.Wallet, "clawback", 0, loyalty.IsOwed, loyalty.FormatPoints(rest)),
			)
		}
		e.Postings = append(e.Postings, loyalty.Posting{Wallet: g.Wallet, Bucket: loyalty.BucketDebt, Points: -rest})
		g.Owed += rest
	}
	return e
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

// takeFromLots takes points from the grant's lot first and then from the other lots. It returns the number of points
// that remain to be taken.
func takeFromLots(
	d *Decision, e loyalty.Entry, lots []loyalty.Lot, rest loyalty.Points, g *loyalty.Grant,
) (loyalty.Entry, loyalty.Points) {
	mine := d.Where(*g)
	for _, own := range []bool{true, false} {
		for _, l := range lots {
			part := min(rest, l.Points)
			if part <= 0 || (l.Expires == mine) != own {
				continue
			}
			e.Postings = append(
				e.Postings,
				loyalty.Posting{Wallet: g.Wallet, Bucket: loyalty.BucketActive, Lot: l.Expires, Points: -part},
			)
			if rest -= part; own {
				e.Postings = from(e.Postings, len(e.Postings)-1, g.Expires)
			}
			if !own {
				g.Taken = AddLot(g.Taken, loyalty.Lot{Expires: l.Expires, Points: part})
			}
		}
	}
	return e, rest
}

// writeOffExpired writes off points that expired in the grant's lot. It returns the number of points that remain to be
// taken.
func writeOffExpired(
	d *Decision, e loyalty.Entry, purse loyalty.Purse, rest loyalty.Points, g *loyalty.Grant,
) (loyalty.Entry, loyalty.Points) {
	lot := d.Where(*g)
	if expiredIn(purse, lot) == 0 && lot.Slides() {
		lot = expiredSince(purse, g.Expires)
	}
	part := min(rest, expiredIn(purse, lot))
	if part == 0 {
		return e, rest
	}
	e, _ = writeOff(e, part, g, retainedExpired)
	g.Expired += part
	e.WriteOffs = append(e.WriteOffs, loyalty.WriteOff{Wallet: g.Wallet, Lot: lot, Points: part})
	return e, rest - part
}

// writeOff records that the remaining points are not taken back, with the reason. It returns the entry and 0, the
// number of points that remain to be taken.
func writeOff(e loyalty.Entry, rest loyalty.Points, g *loyalty.Grant, why string) (loyalty.Entry, loyalty.Points) {
	if rest > 0 {
		args := []string{why}
		if why == retainedExpired {
			args = append(args, g.Expires.String())
		}
		e.Reasons = append(e.Reasons, loyalty.ReasonIn(g.Wallet, "clawback", rest, loyalty.IsRetained, args...))
		g.ExpiredOn += rest
	}
	return e, 0
}

// WithIssued adds postings to the program's bucket of issued points, so that the entry's postings sum to zero in each
// wallet.
func WithIssued(e loyalty.Entry) loyalty.Entry {
	if len(e.Postings) == 0 {
		e.Postings = nil
		return e
	}
	var sums []loyalty.Posting
	for _, p := range e.Postings {
		at := slices.IndexFunc(sums, func(s loyalty.Posting) bool { return s.Wallet == p.Wallet })
		if at < 0 {
			at = len(sums)
			sums = append(sums, loyalty.Posting{Wallet: p.Wallet, Bucket: loyalty.BucketIssued})
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

// GiveBack credits n points to a grant that became worth more. If a clawback took points from elsewhere than the
// grant's lot, GiveBack first returns them to where they came from, so that a failed refund has no effect. It credits
// the rest to the grant's lot.
func GiveBack(d *Decision, e loyalty.Entry, n loyalty.Points, g *loyalty.Grant, giveUp time.Time) loyalty.Entry {
	if never := min(n, g.ExpiredOn); never > 0 {
		e.Reasons = append(e.Reasons, loyalty.ReasonIn(g.Wallet, "clawback", -never, loyalty.WasRetained))
		g.ExpiredOn -= never
		n -= never
		if again := g.Expired - min(g.Expired, g.ExpiredOn); again > 0 {
			g.Expired -= again
			e.WriteOffs = append(e.WriteOffs, loyalty.WriteOff{Wallet: g.Wallet, Lot: d.Where(*g), Points: -again})
		}
	}
	if owed := min(n, g.Owed); owed > 0 && len(g.Converted)+len(g.Taken) > 0 { // or other points could pay this debt
		e.Postings = d.Credit(e.Postings, CauseOfGrant(e.Cause, *g), owed, *g, giveUp)
		g.Owed -= owed
		n -= owed
	}
	e, n = convertAgain(d, e, n, g)
	for _, l := range slices.Backward(g.Taken) {
		part := min(n, l.Points)
		e.Postings = d.Activate(e.Postings, g.Wallet, part, l.Expires, d.Now)
		g.Taken = AddLot(g.Taken, loyalty.Lot{Expires: l.Expires, Points: -part})
		n -= part
	}
	g.Owed -= min(n, g.Owed)
	if n > 0 {
		e.Postings = d.Credit(e.Postings, CauseOfGrant(e.Cause, *g), n, *g, giveUp)
	}
	return e
}
