package calendar

import "time"

// FormatInstant formats an instant for error messages.
func FormatInstant(at time.Time) string { return at.UTC().Format("2 January 2006 15:04 MST") }

// A Span is the interval from From, inclusive, to Until, exclusive. A zero instant means no limit on that side.
type Span struct{ From, Until time.Time }

// Has reports whether an instant is in the span.
func (s Span) Has(at time.Time) bool {
	return !at.Before(s.From) && (s.Until.IsZero() || at.Before(s.Until))
}

// Later returns the later of two instants.
func Later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Earlier returns the earlier of two instants.
func Earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// Soonest returns the earliest of the instants that are not zero, or zero if all are.
func Soonest(all ...time.Time) (first time.Time) {
	for _, t := range all {
		if first.IsZero() || !t.IsZero() && t.Before(first) {
			first = t
		}
	}
	return first
}
