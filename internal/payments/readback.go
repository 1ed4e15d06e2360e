package payments

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
)

// readBack reads objects from a provider's API if two events about an object contradict each other and neither is
// newer. For example, Stripe's times have a resolution of one second, and a refund can be created and fail within one
// second. If the API cannot be used, the events are ordered by the states that they report. No event is lost, and the
// result does not depend on the order in which events arrive.
func (r *Receiver) readBack(ctx context.Context, con *connection, unclear []loyalty.Fact) {
	retriever, ok := con.Provider.(webhook.Retriever)
	if !ok || con.settings.APISecret == "" {
		return
	}
	for _, f := range unclear {
		m, ok, err := retriever.Retrieve(ctx, f)
		if err == nil && ok {
			_, err = r.process(ctx, con, arrival{Message: m, at: r.app.Now(), clock: f.Clock + 1})
		}
		if err != nil {
			r.app.Log.WarnContext(ctx, "an object could not be read back", "program", con.program, "provider",
				con.provider,
				"object", f.ID, "err", err)
		}
	}
}
