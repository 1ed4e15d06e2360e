package payments

import (
	"context"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// readBack reads objects from a processor's API if two events contradict each other and neither is newer. Stripe's
// clock has a resolution of one second, and a refund can be created and fail within one second. Without API access,
// or if the API does not answer, the order of the facts' states decides. No event is lost, and every order of arrival
// has the same result.
func (r *Receiver) readBack(ctx context.Context, con *connection, unclear []loyalty.Fact) {
	for _, f := range unclear {
		path, kind := con.object(f)
		if path == "" || con.agreed.APISecret == "" {
			continue
		}
		raw, err := fetch(ctx, r.app.HTTP, con.base(r.app.Stage)+path, con.bearer)
		var body []byte
		if err == nil {
			body, err = con.asEvent(kind, f, raw)
		}
		if err == nil {
			_, err = r.take(ctx, con, arrival{body: body, at: r.app.Now(), clock: f.Clock + 1})
		}
		if err != nil {
			r.app.Log.WarnContext(ctx, "an object could not be read back", "program", con.program, "provider", con.provider,
				"object", f.ID, "err", err)
		}
	}
}

// object returns the API path of a fact's object and the type of the event that reports it. Both are empty if the
// object cannot be read.
func (con *connection) object(f loyalty.Fact) (path, kind string) {
	switch con.provider {
	case app.Stripe:
		switch f.Kind {
		case loyalty.FactCapture:
			return "/v1/payment_intents/" + f.ID, "payment_intent.succeeded"
		case loyalty.FactRefunded:
			return "/v1/charges/" + f.ID, "charge.updated"
		case loyalty.FactRefund:
			return "/v1/refunds/" + f.ID, "refund.updated"
		case loyalty.FactDispute:
			return "/v1/disputes/" + f.ID, "charge.dispute.updated"
		}
	case app.Square:
		switch f.Kind {
		case loyalty.FactCapture, loyalty.FactRefunded:
			return "/v2/payments/" + f.ID, "payment.updated"
		case loyalty.FactRefund:
			return "/v2/refunds/" + f.ID, "refund.updated"
		case loyalty.FactDispute:
			return "/v2/disputes/" + f.ID, "dispute.state.updated"
		}
	}
	return "", ""
}

// asEvent returns an object as the body of an event, so that it is read, stored and replayed like a webhook.
func (con *connection) asEvent(kind string, f loyalty.Fact, object jsontext.Value) ([]byte, error) {
	id := fmt.Sprintf("readback:%s:%s", f.ID, digest(object))
	event := map[string]any{"data": map[string]any{"object": object}, "type": kind}
	switch at := time.UnixMilli(f.Clock &^ overCharge).UTC(); con.provider {
	case app.Stripe:
		event["id"], event["object"], event["created"], event["api_version"] = id, "event", at.Unix(), stripeVersion
	case app.Square:
		event["event_id"], event["created_at"] = id, at.Format(time.RFC3339)
	}
	return json.Marshal(event, json.Deterministic(true))
}
