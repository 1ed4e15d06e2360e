package posting

import (
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
)

// ConversionReasons returns one reason for each of the two wallets of a conversion. The two numbers of points are those
// of the source wallet and of the target wallet.
func ConversionReasons(x *loyalty.Converted, n, there loyalty.Points, what loyalty.ReasonKind) []loyalty.Reason {
	from, to := -n, there
	if what == loyalty.WasConvertedBack {
		from, to = n, -there
	}
	args := []string{loyalty.FormatPoints(n), x.From, loyalty.FormatPoints(there), x.To}
	return []loyalty.Reason{
		loyalty.ReasonIn(x.From, "conversions."+x.Rule, from, what, args...),
		loyalty.ReasonIn(x.To, "conversions."+x.Rule, to, what, args...),
	}
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

// maxConversions is how many conversions an account remembers, to limit its size. A clawback does not reach points that
// were converted by older conversions.
const maxConversions = 10

// setConversion returns the conversions with one conversion updated. A conversion that was reversed in full is removed.
func setConversion(all []loyalty.Converted, x loyalty.Converted) []loyalty.Converted {
	at := slices.IndexFunc(all, func(y loyalty.Converted) bool { return y.ID == x.ID })
	all = slices.Clone(all)
	switch done := x.Reversed == x.Received; {
	case at >= 0 && done:
		return slices.Delete(all, at, at+1)
	case at >= 0:
		all[at] = x
		return all
	case done:
		return all
	}
	return append(all[max(0, len(all)+1-maxConversions):], x)
}

// reverseConversion returns the conversions after a clawback reversed or restored a part of one. A conversion that is
// reversed completely stays in the list, because the refund may fail.
func reverseConversion(all []loyalty.Converted, u loyalty.Unconverted) []loyalty.Converted {
	at := slices.IndexFunc(all, func(y loyalty.Converted) bool { return y.ID == u.ID })
	if at < 0 {
		return all
	}
	all = slices.Clone(all)
	all[at].Reversed += u.Points
	all[at].Returned += u.Worth
	return all
}

// FindConversion returns the conversion with the reversed and returned points that the account records. Clawbacks may
// have taken back parts of it.
func FindConversion(a loyalty.Account, x loyalty.Converted) loyalty.Converted {
	for _, y := range a.Conversions {
		if y.ID == x.ID {
			x.Reversed, x.Returned = y.Reversed, y.Returned
		}
	}
	return x
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

// covering returns the smallest number of points of the target wallet that corresponds to at least n points of the
// source wallet.
func covering(x *loyalty.Converted, n loyalty.Points) loyalty.Points {
	all, _ := exact.Fraction(int64(x.Returned+n-1), int64(x.Points)).Mul(exact.Whole(int64(x.Received))).Floor()
	return loyalty.Points(all) + 1 - x.Reversed
}

// worthUp returns the number of points of the source wallet that correspond to n more points of the target wallet,
// rounded up.
func worthUp(x *loyalty.Converted, n loyalty.Points) loyalty.Points {
	all, _ := loyalty.RoundPoints(
		exact.Fraction(int64(x.Reversed+n), int64(x.Received)).Mul(exact.Whole(int64(x.Points))), loyalty.Up,
	)
	return all - x.Returned
}
