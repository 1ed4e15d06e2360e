package loyalty

import "slices"

// An Unconverted is the part of a conversion that a clawback took back. Points is in points of the wallet that received
// the conversion. Worth is in points of the wallet from which they were converted. Both are negative if the part was
// returned because a refund failed.
type Unconverted struct {
	ID     string // the ID of the conversion
	Points Points
	Worth  Points
}

// maxConversions is how many conversions an account remembers, to limit its size. A clawback does not reach points that
// were converted by older conversions.
const maxConversions = 10

// setConversion returns the conversions with one conversion updated. A conversion that was reversed in full is removed.
func setConversion(all []Converted, x Converted) []Converted {
	at := slices.IndexFunc(all, func(y Converted) bool { return y.ID == x.ID })
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

// reverseConversion returns the conversions after a clawback took back or returned a part of one. The conversion stays
// even if nothing of it remains, because a refund may fail.
func reverseConversion(all []Converted, u Unconverted) []Converted {
	at := slices.IndexFunc(all, func(y Converted) bool { return y.ID == u.ID })
	if at < 0 {
		return all
	}
	all = slices.Clone(all)
	all[at].Reversed += u.Points
	all[at].Returned += u.Worth
	return all
}

// conversion returns a conversion in the state that the account records: clawbacks may have taken back parts of it.
func (a Account) conversion(x Converted) Converted {
	for _, y := range a.Conversions {
		if y.ID == x.ID {
			x.Reversed, x.Returned = y.Reversed, y.Returned
		}
	}
	return x
}

// takeFromConversions takes back points that were converted from a grant's points. Conversions that took points from
// the grant's lot come first, then the others, each group with the latest first. Fractions count in the member's favor.
func (d *decision) takeFromConversions(e Entry, rest Points, g *Grant) (Entry, Points) {
	mine := d.where(*g)
	for _, own := range []bool{true, false} {
		for _, x := range slices.Backward(d.Account.Conversions) {
			took := slices.ContainsFunc(x.Taken, func(l Lot) bool { return l.Expires == mine })
			if x.From != g.Wallet || took != own || rest == 0 {
				continue
			}
			left := d.leftBy(e)
			if at := slices.IndexFunc(left.Conversions, func(y Converted) bool { return y.ID == x.ID }); at >= 0 {
				x = left.Conversions[at]
			}
			lot, most := d.leftIn(left, x)
			n := min(most, x.covering(rest))
			if n <= 0 {
				continue
			}
			u := Unconverted{ID: x.ID, Points: n, Worth: min(rest, x.worthUp(n))}
			e.Postings = append(
				e.Postings,
				Posting{Wallet: x.To, Bucket: BucketActive, Lot: lot, Points: -n},
				Posting{Wallet: x.To, Bucket: BucketConverted, Points: n},
				Posting{Wallet: x.From, Bucket: BucketConverted, Points: -u.Worth},
			)
			e.Reasons = append(e.Reasons, x.reasons(u.Worth, n, WasConvertedBack)...)
			e.Reversals = append(e.Reversals, u)
			g.Converted = append(slices.Clone(g.Converted), u)
			rest -= u.Worth
		}
	}
	return e, rest
}

// convertAgain returns up to n points to the conversions from which a clawback took them.
func (d *decision) convertAgain(e Entry, n Points, g *Grant) (Entry, Points) {
	g.Converted = slices.Clone(g.Converted)
	for i := len(g.Converted) - 1; i >= 0; i-- {
		u := &g.Converted[i]
		part := min(n, u.Worth)
		at := slices.IndexFunc(d.Account.Conversions, func(y Converted) bool { return y.ID == u.ID })
		if part <= 0 || at < 0 {
			continue
		}
		x := d.Account.Conversions[at]
		there, _ := share(int64(part), int64(u.Worth)).mul(whole(int64(u.Points))).floor()
		back := Unconverted{ID: u.ID, Points: -Points(there), Worth: -part}
		e.Postings = append(
			e.Postings,
			Posting{Wallet: x.From, Bucket: BucketConverted, Points: part},
			Posting{Wallet: x.To, Bucket: BucketConverted, Points: back.Points},
		)
		e.Postings = d.activate(
			e.Postings, x.To, Points(there), d.where(Grant{Wallet: x.To, ActiveAt: x.At, Expires: x.Lot}), d.now,
		)
		e.Reasons = append(e.Reasons, x.reasons(part, Points(there), WasConverted)...)
		e.Reversals = append(e.Reversals, back)
		u.Points, u.Worth = u.Points+back.Points, u.Worth-part
		n -= part
	}
	g.Converted = slices.DeleteFunc(g.Converted, func(u Unconverted) bool { return u.Worth == 0 && u.Points == 0 })
	return e, n
}

// covering returns the fewest points of the receiving wallet that are worth at least n points of the wallet from which
// they were converted.
func (x *Converted) covering(n Points) Points {
	all, _ := share(int64(x.Returned+n-1), int64(x.Points)).mul(whole(int64(x.Received))).floor()
	return Points(all) + 1 - x.Reversed
}

// worthUp returns the worth of n more points of the receiving wallet, as worth does, but rounded up.
func (x *Converted) worthUp(n Points) Points {
	all, _ := share(int64(x.Reversed+n), int64(x.Received)).mul(whole(int64(x.Points))).round(Up)
	return all - x.Returned
}
