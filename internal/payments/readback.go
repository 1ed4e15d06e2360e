package payments

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
)

// readBack reads objects from a provider's API if two events contradict each other and neither is newer. Stripe's
// clock has a resolution of one second, and a refund can be created and fail within one second. Without API access,
// or if the API does not answer, the order of the facts' states decides. No event is lost, and every order of arrival
// has the same result.
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
