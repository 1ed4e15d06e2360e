package loyalty

import "slices"

// TakeBack is how far a clawback reaches when an order's own points are not there any more.
type TakeBack int

const (
	TakeBackDebt          TakeBack = iota // other lots, and then debt, which the next active points pay
	TakeBackWithinBalance                 // other lots, and no further
	TakeBackPendingOnly                   // only what is still pending of the order itself
	TakeBackUnlimited                     // as debt, and without a bound
)

// clawBack takes n points of an order back: those that are pending, then those in its lot, then from other lots,
// the earliest to lapse first, and the rest as debt; how far is the program's choice. Points that lapsed are not
// taken a second time: once the order's lot has lapsed, nobody can tell its points from those that lapsed, and
// what it no longer holds is written off. The state remembers what was taken from where.
func (d *decision) clawBack(e Entry, n Points, s *OrderState) Entry {
	rest := n
	for _, x := range d.Account.Pending {
		if x.Cause == (Cause{Kind: CauseOrder, ID: s.Order.ID}) {
			part := min(rest, x.Points)
			e.Postings = append(e.Postings, Posting{Bucket: BucketPending, Lot: x.Expires, ActiveAt: x.ActiveAt, Points: -part})
			rest -= part
		}
	}
	reach := d.p.TakeBack
	switch {
	case d.p.lapsed(s.Expires, d.now):
		e, rest = writeOff(e, rest, s, "its lot has lapsed on "+s.Expires.String())
	case reach == TakeBackPendingOnly:
		e, rest = writeOff(e, rest, s, "the program takes pending points only")
	}
	e, rest = d.takeFromLots(e, rest, s)
	if reach == TakeBackWithinBalance {
		e, rest = writeOff(e, rest, s, "the program takes no more than there is")
	}
	if rest > 0 {
		e.Postings = append(e.Postings, Posting{Bucket: BucketDebt, Points: -rest})
		s.Owed += rest
	}
	return issued(e)
}

// takeFromLots takes from the order's own lot first and then from the others.
func (d *decision) takeFromLots(e Entry, rest Points, s *OrderState) (Entry, Points) {
	for _, own := range []bool{true, false} {
		for _, l := range d.Account.Lots {
			part := min(rest, l.Points)
			if part == 0 || (l.Expires == s.Expires) != own {
				continue
			}
			e.Postings = append(e.Postings, Posting{Bucket: BucketActive, Lot: l.Expires, Points: -part})
			rest -= part
			if !own {
				s.Taken = addLot(s.Taken, Lot{l.Expires, part})
			}
		}
	}
	return e, rest
}

// writeOff gives up on taking the rest.
func writeOff(e Entry, rest Points, s *OrderState, why string) (Entry, Points) {
	if rest > 0 {
		e.Because = append(e.Because, Reason("clawback", points(rest), IsKept, why))
		s.Lapsed += rest
	}
	return e, 0
}

// issued balances the entry against the program's bucket of issued points.
func issued(e Entry) Entry {
	sum := Points(0)
	for _, p := range e.Postings {
		sum += p.Points
	}
	if sum != 0 {
		e.Postings = append(e.Postings, Posting{Bucket: BucketIssued, Points: -sum})
	}
	return e
}

// giveBack credits n points to an order that became worth more: first whatever was taken of it beyond its own
// points, to where it was taken from, so that a refund that failed leaves no trace, then to its own lot.
func (d *decision) giveBack(e Entry, n Points, s *OrderState) Entry {
	if never := min(n, s.Lapsed); never > 0 {
		e.Because = append(e.Because, Reason("clawback", points(-never), WasKept))
		s.Lapsed -= never
		n -= never
	}
	for _, l := range slices.Backward(s.Taken) {
		if part := min(n-min(n, s.Owed), l.Points); part > 0 {
			e.Postings = d.activate(e.Postings, part, l.Expires, d.now)
			s.Taken = addLot(s.Taken, Lot{l.Expires, -part})
			n -= part
		}
	}
	s.Owed -= min(n, s.Owed)
	if n > 0 {
		e.Postings = d.credit(e.Postings, n, s.ActiveAt, s.Expires)
	}
	return lostToExpiry(issued(e))
}
