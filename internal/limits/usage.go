package limits

import "time"

// exact is the maximum of limits whose units have their own instants. Units of higher limits share the slots into which
// their window is divided. A Usage therefore has at most exact+1 uses, and fits into one write unit of the table.
const exact = 40

// A Use is a number of units that were counted until an instant.
type Use struct {
	At    time.Time
	Units int64
}

// A Usage contains the latest uses of one limit, oldest first.
type Usage []Use

// Wait returns how long n more units are rejected from now on, or 0 if they are allowed. If n is above the maximum, it
// returns the whole window.
func (u Usage) Wait(l Limit, n int64, now time.Time) time.Duration {
	if l.Max <= 0 {
		return 0
	}
	if n > l.Max {
		return l.Window
	}
	var used int64
	for i := len(u) - 1; i >= 0; i-- {
		end := u[i].At.Add(l.Window)
		if !end.After(now) {
			return 0
		}
		if used += u[i].Units; used+n > l.Max {
			return end.Sub(now)
		}
	}
	return 0
}

// And returns the usage with n more units. It omits uses that no longer count. Units that share a slot count until a
// window after the latest of them. The limit is therefore never exceeded, but some units may count longer, by a
// fortieth of the window at most.
func (u Usage) And(l Limit, n int64, now time.Time) Usage {
	var out Usage
	for _, use := range u {
		if use.At.Add(l.Window).After(now) {
			out = append(out, use)
		}
	}
	if last := len(out) - 1; last >= 0 {
		now = later(now, out[last].At) // clocks of processes differ
		if l.Max > exact && slot(out[last].At, l) == slot(now, l) {
			out[last] = Use{now, out[last].Units + n}
			return out
		}
	}
	return append(out, Use{now, n})
}

// slot returns the number of the slot that contains an instant.
func slot(at time.Time, l Limit) int64 { return at.UnixNano() / int64(l.Window/exact) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
