package payments

import (
	"context"
	"sync"
	"time"
)

// recordEvery is how often a process records at most that verified events of a processor arrive. It bounds the writes:
// one in ten minutes for each processor and warm function, however many webhooks there are.
const recordEvery = 10 * time.Minute

// An activity remembers when the activity of a connection was last recorded by this process.
type activity struct {
	mu   sync.Mutex
	last map[string]time.Time // by program and provider
}

// due reports whether an event that arrives now is to be recorded.
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

// recordActivity records that a verified event arrived, from which silence is detected. The event is stored by then, so
// that a failure is logged and does not fail the request.
func (r *Receiver) recordActivity(ctx context.Context, con *connection) {
	if !r.activity.due(con.program+"/"+con.provider, r.app.Now()) {
		return
	}
	if err := r.app.Ledger.RecordActivity(ctx, con.program, con.provider); err != nil {
		r.app.Log.WarnContext(ctx, "the activity of a payment processor was not recorded",
			"program", con.program, "provider", con.provider, "err", err)
	}
}
