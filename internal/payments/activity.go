package payments

import (
	"context"
	"sync"
	"time"

	"github.com/perennial-loyalty/perennial/internal/payments/activity"
)

// recordEvery is the minimum time between two records of a provider's activity by one process. A process therefore
// writes at most one record in ten minutes for each provider, regardless of the number of webhooks.
const recordEvery = 10 * time.Minute

// A recorder contains the last time at which this process recorded the activity of each connection.
type recorder struct {
	mu   sync.Mutex
	last map[string]time.Time // times by program and provider
}

// due reports whether an event that arrives now must be recorded as activity.
func (a *recorder) due(name string, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.Sub(a.last[name]) < recordEvery {
		return false
	}
	if a.last == nil {
		a.last = map[string]time.Time{}
	}
	a.last[name] = now
	return true
}

// recordActivity records that a verified event arrived. Alerts about silent providers use this record. The event itself
// is already stored. Therefore a failure of recordActivity is only logged, and the request still succeeds.
func (r *Receiver) recordActivity(ctx context.Context, con *connection) {
	if !r.activity.due(con.program+"/"+con.provider, r.app.Now()) {
		return
	}
	if err := (activity.Providers{Ledger: r.app.Ledger}).Record(ctx, con.program, con.provider); err != nil {
		r.app.Log.WarnContext(ctx, "the activity of a payment processor was not recorded",
			"program", con.program, "provider", con.provider, "err", err)
	}
}
