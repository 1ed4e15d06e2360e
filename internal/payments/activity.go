package payments

import (
	"context"
	"sync"
	"time"
)

// recordEvery is the minimum time between two records of a provider's activity by one process. It bounds the writes
// to one in ten minutes for each provider and process, regardless of the number of webhooks.
const recordEvery = 10 * time.Minute

// An activity stores when this process last recorded the activity of each connection.
type activity struct {
	mu   sync.Mutex
	last map[string]time.Time // by program and provider
}

// due reports whether the activity must be recorded for an event that arrives now.
func (a *activity) due(name string, now time.Time) bool {
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

// recordActivity records that a verified event arrived. Alerts about silent providers use this record. The event
// itself is already stored, so a failure is only logged and does not fail the request.
func (r *Receiver) recordActivity(ctx context.Context, con *connection) {
	if !r.activity.due(con.program+"/"+con.provider, r.app.Now()) {
		return
	}
	if err := r.app.Payments.RecordActivity(ctx, con.program, con.provider); err != nil {
		r.app.Log.WarnContext(ctx, "the activity of a payment processor was not recorded",
			"program", con.program, "provider", con.provider, "err", err)
	}
}
