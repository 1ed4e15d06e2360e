package payments

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/service"
)

// handlePrivacy processes a privacy request, and logs it without personal data. An erasure begins with the same
// cooling-off period as one that the API requests, but orders that wait for the customer to enroll are deleted at once.
// The merchant answers an export request with the API's export of the logged member. A request about a whole shop
// changes nothing, because the program may also serve other shops and the merchant decides when it ends.
func (r *Receiver) handlePrivacy(
	ctx context.Context, p *loyalty.Program, d service.Delivery, request webhook.PrivacyRequest,
) (service.StoredDelivery, error) {
	d.Body = nil // it contains an email address, and erasures do not reach it
	who := service.Person{Customer: request.Customer, Payments: request.Payments}
	who.Forget = request.Kind == webhook.ErasureRequest
	if request.Address != "" {
		who.Email = r.email(p.ID, request.Address).Value
	}
	k, err := r.app.Payments.ReceiveRequest(ctx, p, d, who, func(m loyalty.MemberID) (service.Outcome, error) {
		if request.Kind != webhook.ErasureRequest {
			return service.DataRequested, nil
		}
		_, err := r.app.Erasures().Request(ctx, p, m, ledger.By{Actor: d.Provider + ":" + d.Event})
		return service.ErasureRequested, err
	})
	if err == nil && k.Outcome != service.Duplicate {
		r.app.Log.WarnContext(ctx, "a shop forwarded a privacy request", "program", p.ID, "provider", d.Provider,
			"event", d.Event, "kind", request.Kind, "outcome", k.Outcome, "member", k.Member)
	}
	return k, err
}
