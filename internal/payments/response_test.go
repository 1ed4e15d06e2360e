package payments

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
)

// Each error has one response with a status, a code, a title and the time of a retry.
func TestResponsesToErrors(t *testing.T) {
	const genuine, unavailableDetail = "The event is not verified", "The event could not be processed now. You can " +
		"safely send it again."
	for _, c := range []struct {
		err         error
		status      int
		code, title string
		detail      string
		retry       string
	}{
		{webhook.ErrMissing, 401, "webhook_signature_missing", genuine, rejectionDetail[webhook.SignatureMissing], ""},
		{webhook.ErrHeader, 401, "webhook_signature_invalid", genuine, rejectionDetail[webhook.SignatureInvalid], ""},
		{
			webhook.ErrStale, 401, "webhook_timestamp_out_of_range", genuine,
			rejectionDetail[webhook.TimestampOutOfRange], "",
		},
		{webhook.ErrConfig, 503, "webhook_not_configured", "The webhook is not " +
			"configured", rejectionDetail[webhook.NotConfigured], "3600"},
		{errUnknown, 404, "not_found", errUnknown.title, errUnknown.detail, ""},
		{errTooLarge, 413, "payload_too_large", errTooLarge.title, errTooLarge.detail, ""},
		{errEncoding, 400, "invalid_encoding", errEncoding.title, errEncoding.detail, ""},
		{fmt.Errorf("wrapped: %w", app.ErrNotPublished), 503, temporarilyUnavailable, "Temporarily " +
			"unavailable", unavailableDetail, "1"},
		{fmt.Errorf("wrapped: %w", ledger.ErrTryAgain), 503, temporarilyUnavailable, "Temporarily " +
			"unavailable", unavailableDetail, "1"},
		{fmt.Errorf("wrapped: %w", webhook.ErrUnreachable), 503, temporarilyUnavailable, "Temporarily " +
			"unavailable", unavailableDetail, "1"},
		{
			&webhook.AnswerError{Status: 404}, 503, temporarilyUnavailable, "Temporarily unavailable",
			unavailableDetail, "1",
		},
		{errors.New("anything else"), 500, "internal_error", "Internal error", "An internal error occurred. It was " +
			"logged with the request ID.", ""},
	} {
		in := call{}
		in.Context.RequestID = "req-1"
		answer, err := in.refused(problemOf(c.err))
		if err != nil {
			t.Fatal(err)
		}
		var got wire.Problem
		if err := json.Unmarshal([]byte(answer.Body), &got); err != nil {
			t.Fatal(err)
		}
		want := wire.Problem{
			Type: wire.ProblemType + c.code, Status: c.status, Code: c.code, Title: c.title, Detail: c.detail,
			RequestID: "req-1", Instance: "urn:perennial:request:req-1",
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" || c.detail == "" {
			t.Errorf("%v (-want +got):\n%s", c.err, diff)
		}
		headers := map[string]string{"content-type": "application/problem+json", "cache-control": "no-store"}
		if c.retry != "" {
			headers["retry-after"] = c.retry
		}
		if diff := cmp.Diff(headers, answer.Headers); diff != "" || answer.StatusCode != c.status {
			t.Errorf("%v: %d (-want +got):\n%s", c.err, answer.StatusCode, diff)
		}
	}
	answer, err := accepted([]Received{{Event: "evt_1", Outcome: "applied"}})
	if err != nil || answer.StatusCode != http.StatusOK ||
		answer.Body != `{"received":[{"event":"evt_1","outcome":"applied"}]}` {
		t.Errorf("%+v, %v", answer, err)
	}
}

// TestProblemExamplesMatchResponses compares the examples of rejected webhooks in openapi.yaml with the responses.
func TestProblemExamplesMatchResponses(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("../api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"InvalidEncoding": errEncoding, "WebhookUnverified": webhook.ErrMissing,
		"WebhookUnavailable": webhook.ErrConfig,
	} {
		in := call{}
		in.Context.RequestID = "req-1"
		answer, err := in.refused(problemOf(err))
		if err != nil {
			t.Fatal(err)
		}
		var got any
		if err := json.Unmarshal([]byte(answer.Body), &got); err != nil {
			t.Fatal(err)
		}
		want := doc.Components.Responses[name].Value.Content.Get("application/problem+json").Example
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the response is %v, the example is %v", name, got, want)
		}
	}
}
