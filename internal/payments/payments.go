// Package payments is where payment processors report what was paid, refunded and disputed.
//
// In this release no processor can be configured, so it refuses every call: with webhook_not_configured for the
// five that are known, whose retries then wait for the release that can take them, and with not_found for any
// other. It promises never to acknowledge what it did not do. It deliberately reads neither bodies nor
// signatures yet: what cannot be verified must not be looked at.
package payments

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/app"
)

// Providers are the payment processors that the API has a path for.
func Providers() []string { return []string{"adyen", "paypal", "shopify", "square", "stripe"} }

// Webhooks serves POST /v1/webhooks/{program}/{provider}.
func Webhooks(a *app.App) lambda.Handler { return webhooks{a} }

type webhooks struct{ *app.App }

// An event is what is looked at of API Gateway's, payload format 2.0.
type event struct {
	Path struct {
		Provider string `json:"provider"`
	} `json:"pathParameters"`
	Context struct {
		RequestID string `json:"requestId"`
	} `json:"requestContext"`
}

// retryAfter is when a processor may try again, in seconds. All five keep trying for days, less and less often.
const retryAfter = "3600"

func (w webhooks) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var e event
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, fmt.Errorf("payments: read the event: %w", err)
	}
	known := slices.Contains(Providers(), e.Path.Provider)
	p := wire.Problem{
		Status: http.StatusNotFound, Code: "not_found", Title: "Not found",
		Detail: "There is no such payment processor.",
	}
	if known {
		p = wire.Problem{
			Status: http.StatusServiceUnavailable, Code: "webhook_not_configured", Title: "The webhook is not configured",
			Detail: "Nothing was read or recorded. This release cannot be connected to a payment processor.",
		}
		w.Log.WarnContext(ctx, "a webhook was refused", "provider", e.Path.Provider, "request_id", e.Context.RequestID)
	}
	p.Type = wire.ProblemType + p.Code
	p.RequestID = e.Context.RequestID
	p.Instance = "urn:perennial:request:" + p.RequestID
	return encode(p, known)
}

func encode(p wire.Problem, retry bool) ([]byte, error) {
	body, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("payments: write the answer: %w", err)
	}
	answer := events.APIGatewayV2HTTPResponse{
		StatusCode: p.Status,
		Headers:    map[string]string{"content-type": "application/problem+json", "cache-control": "no-store"},
		Body:       string(body),
	}
	if retry {
		answer.Headers["retry-after"] = retryAfter
	}
	return json.Marshal(answer)
}
