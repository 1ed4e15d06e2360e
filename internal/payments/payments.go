// Package payments receives reports of payments, refunds and disputes from payment providers. It verifies and reads
// webhooks and converts them to facts about the payment of an order. The ledger decides how many points the order
// earns.
//
// The package guarantees that
//
//   - no event affects data before its signature is verified;
//   - no event is acknowledged before it is stored;
//   - no event counts twice, because an event, its outcome, its facts and the resulting points are stored in one
//     transaction.
//
// The response to a verified event has the status 200, even if the event is irrelevant or cannot be used. Otherwise, a
// provider would send it again for days and then disable the address. An event that is verified but unusable is
// quarantined. An operator inspects and replays it with the commands perennial webhooks list --quarantined, show and
// replay. The command perennial webhooks backfill requests the events that were missed since an instant. An invalid
// signature gets a response with the status 401, and a webhook for an unconfigured connection 503. Other 5xx responses
// mean that this service or the provider's API failed, so that the provider sends the event again.
//
// Signatures cover only part of an event. Shopify signs neither the topic nor the time, Adyen signs eight fields of
// each item, and PayPal signs a CRC of the body. Therefore the package determines the type of a body from the webhook
// address, and unsigned data never affects money.
//
// # Connections
//
// The stack's secret WebhooksSecret contains the connections, by program and provider:
//
//	{"bluebird": {"stripe": {"secrets": ["whsec_…"]}}}
//
// To rotate a secret, store the document with the new one. The new secret is accepted within six minutes, and the
// previous one for another 24 hours. To accept both for longer, list both. If the previous secret has leaked, store the
// document a second time. The previous secret is then no longer accepted. A function does not start with a secret that
// is short, a placeholder or used twice.
//
// PayPal also needs webhook_id, client_id and api_secret, because the contents of its webhooks are read from its API
// before they count. For perennial dev, package local emulates PayPal with a certificate that only perennial dev
// trusts: perennial trigger paypal PAYMENT.CAPTURE.COMPLETED.
//
// Adyen captures automatically unless an account is configured otherwise. Its AUTHORISATION event therefore confirms a
// payment. An account that captures manually is configured with "capture": "manual" in the connection, or with
// "accounts": {"<merchant account>": {"capture": "manual"}}. For such an account, each CAPTURE event confirms its
// amount.
//
// # Which payments earn
//
// By default, orders that the shop reports earn points, and payments only take points back. With payments: { award:
// orders_when_paid } in the program file, an order earns only after a provider has reported its payment. With award:
// payments, an order that only a provider reports earns too. The points go to the member in the metadata field
// loyalty_member of the payment.
//
// Where prices include tax, set earn.purchase.amounts: tax_included, so that orders from the API and from webhooks earn
// the same points. With tax_excluded, an order that is known only from its payments earns without the tax that the
// provider states. If the provider states no tax, the whole amount earns, except the tip.
//
// Money from gift cards and store credit never earns. A Shopify order lists its means of payment without amounts. If
// gift cards paid a part of it, the order earns nothing until order_transactions/create reports the amounts, and its
// response states that reason.
//
// # Providers
//
// Each provider is a package below this one that implements webhook.Provider: Verify checks the signature of a request,
// and Read converts an event to facts. The file providers.go lists the providers. The Receiver connects them with the
// ledger: receive.go processes events, backfill.go requests missed events, and readback.go reads an object from the
// provider's API if two events about it contradict each other.
//
// # Limits
//
// The package contains no rules about points and stores no data itself. It does not verify signatures with the
// providers' own libraries, because the available ones accept empty secrets and signatures with a future time (tests of
// packages standard and stripe compare them).
package payments

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/service"
	"github.com/perennial-loyalty/perennial/internal/switches"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// Webhooks serves POST /v1/webhooks/{program}/{provider} and, for Shopify, POST
// /v1/webhooks/{program}/shopify/{resource}/{action}. A connection with invalid settings is logged and treated as if it
// did not exist. App.Wire returns an error for such a connection, so that the function does not start.
func Webhooks(a *app.App) lambda.Handler { return app.Function(webhooks{New(a)}.Invoke) }

type webhooks struct{ *Receiver }

// A call contains the fields of an API Gateway event (payload format 2.0) that webhooks need.
type call struct {
	Route string `json:"routeKey"`
	Path  struct {
		Program  string `json:"program"`
		Provider string `json:"provider"`
		Resource string `json:"resource"`
		Action   string `json:"action"`
	} `json:"pathParameters"`
	Headers webhook.Header `json:"headers"`
	Body    string         `json:"body"`
	Base64  bool           `json:"isBase64Encoded"`
	Context struct {
		RequestID string `json:"requestId"`
	} `json:"requestContext"`
}

// maxBody is the maximum size of a webhook. Lambda accepts 6 MB, and API Gateway may encode the body as base64.
const maxBody = 4 << 20

// retryAfter is the number of seconds after which a provider may send the event again. All providers do so for days,
// with increasing delays.
const retryAfter = "3600"

// A Received is the outcome of one event, as the response states it.
type Received struct {
	Event   string          `json:"event"`
	Outcome service.Outcome `json:"outcome"`
	Code    loyalty.Code    `json:"code,omitzero"`
}

// Invoke handles one API Gateway event.
func (w webhooks) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	start := time.Now() // used only to measure the duration
	ctx, counters, end := app.Begin(ctx)
	defer end()
	var c call
	received, err := w.serve(ctx, payload, &c)
	line := telemetry.Request{
		Origin:  telemetry.Origin{RequestID: c.Context.RequestID, Function: "webhooks", Version: w.app.Version},
		Program: c.Path.Program, Route: c.Route, Status: http.StatusOK, Counters: counters, At: w.app.Now(),
	}
	var answer events.APIGatewayV2HTTPResponse
	if err == nil {
		answer, err = accepted(received)
	}
	if err != nil {
		p := problemOf(err)
		if ctx.Err() != nil && p.Status >= http.StatusInternalServerError {
			p = unavailable()
			counters.Add(telemetry.Timeouts, 1)
		}
		if p.Status == http.StatusUnauthorized {
			counters.Add(telemetry.SignatureFailures, 1)
		}
		if p.Status == http.StatusInternalServerError {
			app.CountViolation(ctx, err)
			w.app.Log.ErrorContext(ctx, "request failed",
				"request_id", line.RequestID, "function", "webhooks", "provider", c.Path.Provider, "error", err.Error())
		}
		if p.Code == temporarilyUnavailable {
			w.app.Log.WarnContext(ctx, "webhook was not processed; the processor resends it",
				"request_id", line.RequestID, "provider", c.Path.Provider, "err", err)
		}
		line.Status, line.Code = p.Status, p.Code
		if answer, err = c.refused(p); err != nil {
			return nil, err
		}
	}
	line.Took = time.Since(start)
	telemetry.Answered(ctx, w.app.Log, line)
	return json.Marshal(answer)
}

// A refusal is an error with its own HTTP status. It is neither a rejected signature nor an internal failure.
type refusal struct {
	status        int
	code          loyalty.Code
	title, detail string
}

func (r *refusal) Error() string { return string(r.code) + ": " + r.detail }

var (
	errUnknown = &refusal{
		http.StatusNotFound, loyalty.NotFound, "Not found", "Unknown payment processor.",
	}
	errTooLarge = &refusal{
		http.StatusRequestEntityTooLarge, "payload_too_large", "The body is too large",
		"A webhook must have at most 4 MiB.",
	}
	errEncoding = &refusal{
		http.StatusBadRequest, "invalid_encoding", "The body has another encoding",
		"The body is declared as base64 but cannot be decoded.",
	}
)

func (w webhooks) serve(ctx context.Context, payload []byte, c *call) (received []Received, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("payments: panic: %v\n%s", v, debug.Stack())
		}
	}()
	if err := json.Unmarshal(payload, c, jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, fmt.Errorf("payments: read the event: %w", err)
	}
	topic := ""
	if c.Path.Resource != "" {
		c.Path.Provider, topic = app.Shopify, c.Path.Resource+"/"+c.Path.Action
	}
	if providers[c.Path.Provider] == nil {
		return nil, errUnknown
	}
	con := w.connection(ctx, c.Path.Program, c.Path.Provider)
	if con == nil {
		return nil, webhook.ErrConfig
	}
	body := []byte(c.Body)
	if c.Base64 {
		if body, err = base64.StdEncoding.DecodeString(c.Body); err != nil {
			return nil, errEncoding
		}
	}
	if len(body) > maxBody {
		return nil, errTooLarge
	}
	return w.receive(ctx, con, webhook.Request{Header: c.Headers, Topic: topic, Body: body, At: w.app.Now()})
}

func accepted(received []Received) (events.APIGatewayV2HTTPResponse, error) {
	return written(http.StatusOK, "application/json", struct {
		Received []Received `json:"received"`
	}{received})
}

func written(status int, contentType string, document any) (events.APIGatewayV2HTTPResponse, error) {
	body, err := json.Marshal(document)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, fmt.Errorf("payments: write the response: %w", err)
	}
	return events.APIGatewayV2HTTPResponse{
		StatusCode: status,
		Headers:    map[string]string{"content-type": contentType, "cache-control": "no-store"},
		Body:       string(body),
	}, nil
}

// problemOf converts an error to a problem document. The document does not state why a signature is invalid.
func problemOf(err error) wire.Problem {
	p := wire.Problem{
		Status: http.StatusInternalServerError, Code: "internal_error", Title: "Internal error",
		Detail: "An internal error occurred. It was logged with the request ID.",
	}
	var rejection *webhook.Rejection
	var own *refusal
	switch {
	case errors.As(err, &rejection):
		p.Status, p.Title = http.StatusUnauthorized, "The event is not verified"
		if rejection.Code == webhook.NotConfigured {
			p.Status, p.Title = http.StatusServiceUnavailable, "The webhook is not configured"
		}
		p.Code, p.Detail = string(rejection.Code), rejectionDetail[rejection.Code]
	case errors.As(err, &own):
		p.Status, p.Code, p.Title, p.Detail = own.status, string(own.code), own.title, own.detail
	case errors.As(err, new(*switches.StoppedError)):
		p = unavailable()
		p.Detail = "The operator of the program has stopped earning. Nothing was recorded. Send the event again."
		return p
	case busy(err):
		return unavailable()
	}
	p.Type = wire.ProblemType + p.Code
	return p
}

const temporarilyUnavailable = "temporarily_unavailable"

// unavailable returns the problem document for an event that could not be stored in time.
func unavailable() wire.Problem {
	return wire.Problem{
		Type: wire.ProblemType + temporarilyUnavailable, Status: http.StatusServiceUnavailable,
		Code:  temporarilyUnavailable,
		Title: "Temporarily unavailable", Detail: "The event could not be processed now. You can safely send it again.",
	}
}

var rejectionDetail = map[loyalty.Code]string{
	webhook.SignatureMissing:    "The signature is missing. Nothing was recorded.",
	webhook.SignatureInvalid:    "The signature is invalid for this address. Nothing was recorded.",
	webhook.TimestampOutOfRange: "The time of the signature is too old or in the future. Nothing was recorded.",
	webhook.NotConfigured:       "No payment processor is connected to this address. Nothing was recorded.",
}

// busy reports whether an error is temporary, so that the same event may succeed soon. If the provider's API is
// unavailable, the error counts as temporary.
func busy(err error) bool {
	var api *webhook.AnswerError
	return ledger.Busy(err) || errors.Is(err, app.ErrNotPublished) || errors.As(err, &api) ||
		errors.Is(err, webhook.ErrUnreachable)
}

func (c *call) refused(p wire.Problem) (events.APIGatewayV2HTTPResponse, error) {
	p.RequestID = c.Context.RequestID
	p.Instance = "urn:perennial:request:" + p.RequestID
	answer, err := written(p.Status, "application/problem+json", p)
	switch {
	case err != nil:
	case p.Code == string(webhook.NotConfigured):
		answer.Headers["retry-after"] = retryAfter
	case p.Status == http.StatusServiceUnavailable:
		answer.Headers["retry-after"] = "1"
	}
	return answer, err
}
