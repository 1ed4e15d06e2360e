package posting

import (
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
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

// RemainingIn returns the lot of the target wallet that contains the points of a conversion, and how many of them can
// still be taken back. The account may include changes that are not posted yet.
func RemainingIn(d *Decision, acc loyalty.Account, x loyalty.Converted) (calendar.Date, loyalty.Points) {
	lot := d.Where(loyalty.Grant{Wallet: x.To, ActiveAt: x.At, Expires: x.Lot})
	for _, l := range acc.In(x.To).Lots {
		if l.Expires == lot {
			return lot, min(l.Points, x.Received-x.Reversed)
		}
	}
	return lot, 0
}

// takeFromConversions takes back points that were converted from a grant's points. Conversions that took points from
// the grant's lot come first, then the others, each group with the latest first. Fractions count in the member's favor.
func takeFromConversions(
	d *Decision, e loyalty.Entry, rest loyalty.Points, g *loyalty.Grant,
) (loyalty.Entry, loyalty.Points) {
	mine := d.Where(*g)
	for _, own := range []bool{true, false} {
		for i, before := range slices.Backward(d.Account.Conversions) {
			took := slices.ContainsFunc(before.Taken, func(l loyalty.Lot) bool { return l.Expires == mine })
			if before.From != g.Wallet || took != own {
				continue
			}
			left := leftBy(d, e)
			x := left.Conversions[i]
			lot, most := RemainingIn(d, left, x)
			n := min(most, covering(&x, rest))
			if n <= 0 {
				continue
			}
			u := loyalty.Unconverted{ID: x.ID, Points: n, Worth: min(rest, worthUp(&x, n))}
			e.Postings = append(
				e.Postings,
				loyalty.Posting{Wallet: x.To, Bucket: loyalty.BucketActive, Lot: lot, Points: -n},
				loyalty.Posting{Wallet: x.To, Bucket: loyalty.BucketConverted, Points: n},
				loyalty.Posting{Wallet: x.From, Bucket: loyalty.BucketConverted, Points: -u.Worth},
			)
			e.Reasons = append(e.Reasons, ConversionReasons(&x, u.Worth, n, loyalty.WasConvertedBack)...)
			e.Reversals = append(e.Reversals, u)
			g.Converted = append(slices.Clone(g.Converted), u)
			rest -= u.Worth
		}
	}
	return e, rest
}

// convertAgain restores up to n points to the conversions from which a clawback took them. It also returns how many of
// the n points are not restored.
func convertAgain(d *Decision, e loyalty.Entry, n loyalty.Points, g *loyalty.Grant) (loyalty.Entry, loyalty.Points) {
	g.Converted = slices.Clone(g.Converted)
	for i := len(g.Converted) - 1; i >= 0; i-- {
		u := &g.Converted[i]
		part := min(n, u.Worth)
		at := slices.IndexFunc(d.Account.Conversions, func(y loyalty.Converted) bool { return y.ID == u.ID })
		if part <= 0 || at < 0 {
			continue
		}
		x := d.Account.Conversions[at]
		there, _ := exact.Fraction(int64(part), int64(u.Worth)).Mul(exact.Whole(int64(u.Points))).Floor()
		back := loyalty.Unconverted{ID: u.ID, Points: -loyalty.Points(there), Worth: -part}
		e.Postings = append(
			e.Postings,
			loyalty.Posting{Wallet: x.From, Bucket: loyalty.BucketConverted, Points: part},
			loyalty.Posting{Wallet: x.To, Bucket: loyalty.BucketConverted, Points: back.Points},
		)
		e.Postings = d.Activate(
			e.Postings, x.To, loyalty.Points(there),
			d.Where(loyalty.Grant{Wallet: x.To, ActiveAt: x.At, Expires: x.Lot}), d.Now,
		)
		e.Reasons = append(e.Reasons, ConversionReasons(&x, part, loyalty.Points(there), loyalty.WasConverted)...)
		e.Reversals = append(e.Reversals, back)
		u.Points, u.Worth = u.Points+back.Points, u.Worth-part
		n -= part
	}
	g.Converted = slices.DeleteFunc(
		g.Converted, func(u loyalty.Unconverted) bool { return u.Worth == 0 && u.Points == 0 },
	)
	return e, n
}
