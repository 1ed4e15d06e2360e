package snapshot

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// These types store when points become active and when they expire. A day of the year is stored as a number of the form
// MMDD, such as 301 for 1 March.
type (
	periodDoc struct {
		Months  int `json:"months,omitzero"`
		Days    int `json:"days,omitzero"`
		Hours   int `json:"hours,omitzero"`
		Minutes int `json:"minutes,omitzero"`
	}

	waitDoc struct {
		// For is embedded, because the first release stored a wait as a plain period.
		For    periodDoc           `json:",embed"`
		Until  calendar.OrderEvent `json:"until,omitzero"`
		Within periodDoc           `json:"within,omitzero"`
		On     []calendar.Day      `json:"on,omitzero"`
		Manual bool                `json:"manual,omitzero"`
	}

	expiryDoc struct {
		After       periodDoc            `json:"after,omitzero"`
		RoundTo     roundTo              `json:"round_to,omitzero"`
		On          []calendar.Day       `json:"on,omitzero"`
		Anniversary calendar.Anniversary `json:"anniversary,omitzero"`
		Inactive    bool                 `json:"inactive,omitzero"`
		ResetBy     []string             `json:"reset_by,omitzero"`
	}

	lifeDoc struct {
		// Pending is nil if the rule has the same wait as the base rate. An empty document means no wait.
		Pending *waitDoc   `json:"pending,omitzero"`
		Expires *expiryDoc `json:"expires,omitzero"`
	}
)

func waitOf(w calendar.Wait) waitDoc {
	return waitDoc{periodDoc(w.For), w.Until, periodDoc(w.Within), w.On, w.Manual}
}

func (d waitDoc) wait() calendar.Wait {
	return calendar.Wait{
		For: calendar.Period(d.For), Until: d.Until, Within: calendar.Period(d.Within), On: d.On, Manual: d.Manual,
	}
}

func expiryOf(e calendar.Expiry) expiryDoc {
	return expiryDoc{periodDoc(e.After), roundTo(e.RoundTo), e.On, e.Anniversary, e.Inactive, e.ResetBy}
}

func (d expiryDoc) expiry() calendar.Expiry {
	return calendar.Expiry{
		After: calendar.Period(d.After), RoundTo: calendar.RoundTo(d.RoundTo), On: d.On, Anniversary: d.Anniversary,
		Inactive: d.Inactive, ResetBy: d.ResetBy,
	}
}

func lifeOf(l loyalty.Life) lifeDoc {
	return lifeDoc{maybe(l.Pending, waitOf), maybe(l.Expires, expiryOf)}
}

func (d lifeDoc) life() loyalty.Life {
	return loyalty.Life{Pending: maybe(d.Pending, waitDoc.wait), Expires: maybe(d.Expires, expiryDoc.expiry)}
}

// maybe applies f to the value of a pointer. It returns nil for a nil pointer.
func maybe[A, B any](in *A, f func(A) B) *B {
	if in == nil {
		return nil
	}
	out := f(*in)
	return &out
}
