// Package payments is where payment processors report what was paid, refunded and disputed: webhooks that are
// verified, read, and made facts about the payment of an order. What the order is worth then is the ledger's affair.
//
// It promises to look at nothing before it is known to be genuine, to acknowledge nothing before it is durable, and
// to count nothing twice: an event is kept with its outcome in one step with what it says and the points that follow.
// What is genuine is always answered with 200, also what we do not want or cannot use, because a processor would send
// it again for days and then give up on the address; what is odd goes to quarantine, where somebody looks at it and
// drives it again. A bad signature is answered with 401, a connection that is not set up with 503, and 5xx otherwise
// only where we failed or the processor's own API did, so that the event comes again.
//
// Signatures cover less than one thinks. Shopify signs neither topic nor time, Adyen eight fields of each item, PayPal
// a CRC of the body. So what a body is about is said by the address that it came to, nothing that is not signed
// decides anything about money, and what PayPal's webhooks say is read back from its API first, but for a reversal, of
// which the API knows no more than the payment that it is taken from: it takes back no more than that came to.
//
// It deliberately decides nothing about points, keeps nothing itself, and trusts no library of a processor: those that
// can be had accept empty secrets and signatures from the future (a test compares).
package payments

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// Webhooks serves POST /v1/webhooks/{program}/{provider}, and for Shopify POST
// /v1/webhooks/{program}/shopify/{resource}/{action}. Connections that will not do are named in the log and answered
// as if they were not there; Wire refuses to start with one.
func Webhooks(a *app.App) lambda.Handler { return webhooks{New(a)} }

type webhooks struct{ *Receiver }

// A call is what is looked at of API Gateway's event, payload format 2.0.
type call struct {
	Route string `json:"routeKey"`
	Path  struct {
		Program  string `json:"program"`
		Provider string `json:"provider"`
		Resource string `json:"resource"`
		Action   string `json:"action"`
	} `json:"pathParameters"`
	Headers headers `json:"headers"`
	Body    string  `json:"body"`
	Base64  bool    `json:"isBase64Encoded"`
	Context struct {
		RequestID string `json:"requestId"`
	} `json:"requestContext"`
}

// retryAfter is when a processor may try again, in seconds. All of them keep trying for days, less and less often.
const retryAfter = "3600"

// Received is what became of one event, as the answer says it.
type Received struct {
	Event   string         `json:"event"`
	Outcome ledger.Outcome `json:"outcome"`
	Code    loyalty.Code   `json:"code,omitzero"`
}

// Invoke answers one event of API Gateway.
func (w webhooks) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	start := time.Now() // a stop-watch, not a clock
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
			w.app.Log.ErrorContext(ctx, "request failed", "request_id", line.RequestID, "function", "webhooks", "provider", c.Path.Provider, "error", err.Error())
		}
		if p.Code == temporarilyUnavailable {
			w.app.Log.WarnContext(ctx, "a webhook was not taken, and comes again", "request_id", line.RequestID, "provider", c.Path.Provider, "err", err)
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

// A refusal is an answer that is neither a rejection nor our own failure.
type refusal struct {
	status        int
	code          loyalty.Code
	title, detail string
}

func (r *refusal) Error() string { return string(r.code) + ": " + r.detail }

var (
	errUnknown  = &refusal{http.StatusNotFound, loyalty.NotFound, "Not found", "There is no such payment processor."}
	errTooLarge = &refusal{http.StatusRequestEntityTooLarge, "payload_too_large", "The body is too large", "A webhook has 4 MiB at most."}
	errEncoding = &refusal{http.StatusBadRequest, "invalid_encoding", "The body is not encoded as it says", "The body is not base64, though it was sent as such."}
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
	if !slices.Contains(app.Providers(), c.Path.Provider) {
		return nil, errUnknown
	}
	con := w.connection(ctx, c.Path.Program, c.Path.Provider)
	if con == nil || c.Path.Provider == app.Shopify && topic == "" {
		return nil, errConfig
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
	return w.receive(ctx, con, topic, c.Headers, body)
}

func accepted(received []Received) (events.APIGatewayV2HTTPResponse, error) {
	return written(http.StatusOK, "application/json", struct {
		Received []Received `json:"received"`
	}{received})
}

func written(status int, contentType string, document any) (events.APIGatewayV2HTTPResponse, error) {
	body, err := json.Marshal(document)
	if err != nil {
		return events.APIGatewayV2HTTPResponse{}, fmt.Errorf("payments: write the answer: %w", err)
	}
	return events.APIGatewayV2HTTPResponse{
		StatusCode: status,
		Headers:    map[string]string{"content-type": contentType, "cache-control": "no-store"},
		Body:       string(body),
	}, nil
}

// problemOf is the problem document of an error. It says nothing of why a signature was not good.
func problemOf(err error) wire.Problem {
	p := wire.Problem{Status: http.StatusInternalServerError, Code: "internal_error", Title: "Internal error", Detail: "Something went wrong on our side. It was logged under the request id."}
	var own *refusal
	if r, ok := rejected(err); ok {
		p.Status, p.Code, p.Title, p.Detail = r.status(), string(r.code), "The event is not known to be genuine", rejectionDetail[r.code]
		if r.code == notConfigured {
			p.Title = "The webhook is not configured"
		}
	} else if errors.As(err, &own) {
		p.Status, p.Code, p.Title, p.Detail = own.status, string(own.code), own.title, own.detail
	} else if busy(err) {
		return unavailable()
	}
	p.Type = wire.ProblemType + p.Code
	return p
}

const temporarilyUnavailable = "temporarily_unavailable"

// unavailable is the problem document of an event that could not be stored in time.
func unavailable() wire.Problem {
	return wire.Problem{
		Type: wire.ProblemType + temporarilyUnavailable, Status: http.StatusServiceUnavailable, Code: temporarilyUnavailable,
		Title: "Temporarily unavailable", Detail: "The event could not be processed now. Sending it again is safe.",
	}
}

var rejectionDetail = map[loyalty.Code]string{
	signatureMissing:    "The headers or fields that sign it are missing. Nothing was read or recorded.",
	signatureInvalid:    "The signature is not that of the processor for this address. Nothing was read or recorded.",
	timestampOutOfRange: "It was signed too long ago, or in the future. Nothing was read or recorded.",
	notConfigured:       "No payment processor is connected here. Nothing was read or recorded.",
}

// busy reports whether the same event may be taken in a moment; also where a processor's API did not answer.
func busy(err error) bool {
	var api *answerError
	return ledger.Busy(err) || errors.Is(err, app.ErrNotPublished) || errors.As(err, &api) || errors.Is(err, errUnreachable)
}

func (c *call) refused(p wire.Problem) (events.APIGatewayV2HTTPResponse, error) {
	p.RequestID = c.Context.RequestID
	p.Instance = "urn:perennial:request:" + p.RequestID
	answer, err := written(p.Status, "application/problem+json", p)
	switch {
	case err != nil:
	case p.Code == string(notConfigured):
		answer.Headers["retry-after"] = retryAfter
	case p.Status == http.StatusServiceUnavailable:
		answer.Headers["retry-after"] = "1"
	}
	return answer, err
}
