package posting

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// Needs states which of the member's entries a decision still needs. The zero Needs means that none are needed.
//
// Levels are decided in the order in which orders, events and other facts happened. A late report, or an order or event
// that no longer counts, can change earlier decisions: whether a level was reached, when it starts and ends, and
// whether reviews extended it. In that case a command leaves all levels unchanged and reports the instant from which
// they depend on the change. The caller then loads the entries and calls award.Redecide. Most commands affect no
// earlier decision, and need no entries.
type Needs struct {
	// Since is the instant from which the levels are decided again.
	Since time.Time
	// Recorded bounds the needed entries: they were recorded at or after this instant. It is before Since if a window
	// starts earlier.
	Recorded time.Time
	// If All is set, every entry of the member is needed, because the account does not store the decisions before
	// Since.
	All bool

	// Orders are the orders that must be decided again, in this sequence and before the levels, because their worth
	// depends on an order that changed. The caller loads their latest entries.
	Orders []loyalty.PlacedOrder
	// Later is an order that is not decided yet, because the decision needs the usage of caps and limits by later
	// orders (award.WithLaterOrders, or tier.History.Later). The entries since that order was placed contain this
	// usage.
	Later loyalty.PlacedOrder
	// Numbers is set if the decision needs the member's first orders (see award.WithFirstOrders). Nothing is decided
	// until the caller provides them.
	Numbers bool
}

// CountedAt returns the instant of the order or event that the entry counts towards levels. It returns false if the
// entry counts nothing.
func CountedAt(e *loyalty.Entry) (time.Time, bool) {
	switch {
	case e.Metric == nil && len(e.Brands) == 0 && len(e.Counts) == 0:
	case e.Order != nil:
		return e.Order.Order.PlacedAt, true
	case e.Event != nil:
		return e.Event.Event.At, true
	}
	return time.Time{}, false
}
