package adyen

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook/webhooktest"
)

var p = New(webhook.Connection{Processor: app.Processor{
	Secrets: []string{hex.EncodeToString(webhooktest.KeyA)}, Capture: app.CaptureManual,
}})

// signedItem is itemText with its signature.
var signedItem = strings.Replace(itemText, `{`, `{"additionalData":{"hmacSignature":"`+
	webhooktest.Base64MAC(webhooktest.KeyA, "PSP2:PSP1:Shop_ECOM:1042:5000:EUR:CAPTURE:true")+`"},`, 1)

func batchOf(items ...string) string {
	return `{"live":"false","notificationItems":[{"NotificationRequestItem":` +
		strings.Join(items, `},{"NotificationRequestItem":`) + `}]}`
}

func TestReadAcceptsOneSignedItem(t *testing.T) {
	for body, code := range map[string]loyalty.Code{
		batchOf(signedItem):                       "",
		batchOf(signedItem, signedItem):           webhook.MalformedJSON,
		`{"live":"false","notificationItems":[]}`: webhook.MalformedJSON,
		`[]`:              webhook.MalformedJSON,
		batchOf(`[]`):     webhook.MalformedJSON,
		batchOf(itemText): webhook.SignatureInvalid,
		string(single(nil, jsontext.Value(signedItem))): loyalty.ValidationFailed, // it states no stage
	} {
		e, err := p.Read(t.Context(), webhook.Message{Body: []byte(body)})
		var unusable *webhook.UnusableError
		errors.As(err, &unusable)
		if (err == nil) != (code == "") || code != "" && unusable.Code != code ||
			code == "" && e.ID != "CAPTURE:PSP2:true" {
			t.Errorf("%s: %+v, %v", body, e, err)
		}
	}
}

// A batch with a valid item is accepted, and its other items go to quarantine. Each item becomes a separate batch.
func TestVerifyBatch(t *testing.T) {
	for body, want := range map[string]error{
		`{"live":"false","notificationItems":[]}`: webhook.ErrMissing,
		`[]`:                    webhook.ErrMissing,
		batchOf(`[]`):           webhook.ErrSignature,
		batchOf(itemText):       webhook.ErrMissing,
		batchOf(itemText, `[]`): webhook.ErrMissing,
		batchOf(signedItem):     nil,
	} {
		webhooktest.CheckVerify(t, body, p, nil, body, webhooktest.At12, want)
	}
	messages, err := p.Verify(t.Context(), webhook.Request{Body: []byte(batchOf(itemText, signedItem))})
	if err != nil || len(messages) != 2 || messages[0].Type != unsigned || messages[1].Type != "" ||
		string(messages[1].Body) != batchOf(signedItem) {
		t.Fatalf("%+v, %v", messages, err)
	}
	e, err := p.Read(t.Context(), messages[0])
	var bad *webhook.UnusableError
	if !errors.As(err, &bad) || bad.Code != webhook.SignatureInvalid || e.Type != unsigned || e.Report != nil {
		t.Errorf("%+v, %v", e, err)
	}
}

// A webhook of another Adyen product is signed in a header, and ignored.
func TestVerifyPayload(t *testing.T) {
	const header = "hmacsignature"
	signature := webhooktest.Base64MAC(webhooktest.KeyA, webhooktest.Body)
	for _, c := range []struct {
		name, signature, body string
		want                  error
	}{
		{"a payload", signature, webhooktest.Body, nil},
		{"another payload", signature, "{}", webhook.ErrSignature},
		{"another signature", "AAAA", batchOf(signedItem), webhook.ErrSignature},
		{"no signature", "", webhooktest.Body, webhook.ErrMissing},
		{"no payload", webhooktest.Base64MAC(webhooktest.KeyA, ""), "", webhook.ErrMissing},
	} {
		webhooktest.CheckVerify(t, c.name, p, webhook.Header{header: c.signature}, c.body, webhooktest.At12, c.want)
	}
	r := webhook.Request{Header: webhook.Header{header: signature}, Body: []byte(webhooktest.Body)}
	messages, err := p.Verify(t.Context(), r)
	if err != nil || len(messages) != 1 {
		t.Fatalf("%+v, %v", messages, err)
	}
	if e, err := p.Read(t.Context(), messages[0]); err != nil || e.Type != payload || e.Report != nil {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestItemIsStoredAsBatch(t *testing.T) {
	for live, want := range map[string]string{"": "null", `"true"`: `"true"`} {
		got := string(single(jsontext.Value(live), jsontext.Value(`{}`)))
		if got != `{"live":`+want+`,"notificationItems":[{"NotificationRequestItem":{}}]}` {
			t.Errorf("live %q: %s", live, got)
		}
	}
}
