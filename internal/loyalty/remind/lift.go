package remind

import (
	"math"
)

// A Lift compares members who got messages with the holdout, who got none. It is the difference, in percentage points,
// between the shares of members who acted. Low and High are its 95% confidence interval.
type Lift struct{ Points, Low, High float64 }

// LiftOf returns the difference between two shares. The first is the share of the sent messages after which the member
// acted (acted of sent). The second is the same share of the messages that the holdout withheld (heldActed of held). It
// returns false if one of the groups is empty, because then the shares cannot be compared. The interval is Newcombe's
// hybrid score interval (R. G. Newcombe, "Interval estimation for the difference between independent proportions",
// Statistics in Medicine 17 (1998), method 10), which is valid for small groups too.
//
// LiftOf counts messages, and messages to the same member are not independent. The interval is therefore too narrow if
// few members receive many messages. Caps, limits and ignored messages reduce the messages of the holdout in the same
// way as those of other members (Reminded.HoldOut), so that a reminder without an effect has equal shares.
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

// wilson returns the proportion k/n and the bounds of its 95% Wilson score interval.
func wilson(k, n int64) (p, low, high float64) {
	const z = 1.959963984540054
	x, m := float64(k), float64(n)
	p = x / m
	centre := (x + z*z/2) / (m + z*z)
	half := z / (m + z*z) * math.Sqrt(x*(m-x)/m+z*z/4)
	return p, centre - half, centre + half
}

// round2 converts a share to percentage points with two decimals.
func round2(share float64) float64 { return math.Round(share*10_000) / 100 }
