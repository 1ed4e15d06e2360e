package loyalty

import "math"

// A Lift is by how much the share of those who acted is above that of those who were left alone, in percentage points,
// with the interval in which it lies at 95%.
type Lift struct{ Points, Low, High float64 }

// LiftOf compares two shares: acted of sent, and heldActed of held. False where one of the groups is empty: then nothing
// can be said. The interval is Newcombe's hybrid score interval (R. G. Newcombe, "Interval estimation for the difference
// between independent proportions", Statistics in Medicine 17 (1998), method 10), which holds for small groups too.
//
// Messages are counted, and those to one member are not independent: the interval is too narrow where many go to few.
// Whoever is held out is thinned out by caps, limits and what is ignored as everybody is (Reminded.HoldOut), so that both
// shares are the same of a reminder that changes nothing.
func LiftOf(acted, sent, heldActed, held int64) (Lift, bool) {
	if sent <= 0 || held <= 0 {
		return Lift{}, false
	}
	p1, l1, u1 := wilson(acted, sent)
	p2, l2, u2 := wilson(heldActed, held)
	d := p1 - p2
	return Lift{
		Points: round2(d), Low: round2(d - math.Hypot(p1-l1, u2-p2)), High: round2(d + math.Hypot(u1-p1, p2-l2)),
	}, true
}

// wilson is a share with its score interval at 95%.
func wilson(k, n int64) (p, low, high float64) {
	const z = 1.959963984540054
	x, m := float64(k), float64(n)
	p = x / m
	centre := (x + z*z/2) / (m + z*z)
	half := z / (m + z*z) * math.Sqrt(x*(m-x)/m+z*z/4)
	return p, centre - half, centre + half
}

// round2 writes a share as percentage points with two decimals.
func round2(share float64) float64 { return math.Round(share*10_000) / 100 }
