package payments

import (
	"context"
	"fmt"
	"time"

	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// Backfill reads the events since an instant from a provider's API, and processes them like webhooks. Events that were
// already processed are detected as duplicates. Backfill returns the number of events for each outcome, even if it also
// returns an error. After an error, it can be repeated. Stripe and PayPal store events for 30 days. For Shopify,
// Backfill reads orders instead of events.
func (r *Receiver) Backfill(
	ctx context.Context, program, provider string, since time.Time,
) (map[service.Outcome]int, error) {
	counts := map[service.Outcome]int{}
	con := r.connection(ctx, program, provider)
	if con == nil {
		return counts, errNotConnected(program, provider)
	}
	lister, ok := con.Provider.(webhook.Lister)
	if !ok {
		return counts, fmt.Errorf("payments: %s has no API to list events; it resends them automatically", provider)
	}
	if con.settings.APISecret == "" {
		return counts, fmt.Errorf("payments: the connection of %s to %s has no api_secret", program, provider)
	}
	for cursor := ""; ; {
		page, err := lister.List(ctx, since.UTC(), cursor)
		if err != nil {
			return counts, err
		}
		for _, m := range page.Messages {
			one, err := r.process(ctx, con, arrival{Message: m, at: r.app.Now()})
			if err != nil {
				return counts, err
			}
			counts[one.Outcome]++
		}
		if page.Next == "" || page.Next == cursor {
			return counts, nil
		}
		cursor = page.Next
	}
}
