package shopify

import (
	"fmt"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook/webhooktest"
)

func TestSignature(t *testing.T) {
	p := New(webhook.Connection{Processor: app.Processor{Secrets: []string{string(webhooktest.KeyA)}}})
	good := webhooktest.Base64MAC(webhooktest.KeyA, webhooktest.Body)
	bad := webhooktest.Base64MAC(webhooktest.KeyB, webhooktest.Body)
	const older, newer = "x-shopify-hmac-sha256", "shopify-hmac-sha256"
	for _, c := range []struct {
		h    webhook.Header
		body string
		want error
	}{
		{webhook.Header{older: good}, webhooktest.Body, nil},
		{webhook.Header{newer: good}, webhooktest.Body, nil},
		{webhook.Header{older: good, newer: good}, webhooktest.Body, nil},
		{webhook.Header{older: good, newer: bad}, webhooktest.Body, webhook.ErrHeader},
		{webhook.Header{older: bad}, webhooktest.Body, webhook.ErrSignature},
		{webhook.Header{newer: bad}, webhooktest.Body, webhook.ErrSignature},
		{webhook.Header{older: "??"}, webhooktest.Body, webhook.ErrSignature},
		{webhook.Header{older: good}, webhooktest.Body + " ", webhook.ErrSignature},
		{webhook.Header{}, webhooktest.Body, webhook.ErrMissing},
		{webhook.Header{older: webhooktest.Base64MAC(webhooktest.KeyA, "")}, "", webhook.ErrMissing},
	} {
		webhooktest.CheckVerify(t, fmt.Sprint(c.h, c.body), p, c.h, c.body, webhooktest.At12, c.want)
	}
	r := webhook.Request{Header: webhook.Header{older: good}, Body: []byte(webhooktest.Body), At: webhooktest.At12}
	_, err := p.Verify(t.Context(), r)
	webhooktest.Check(t, "an address without a topic", err, webhook.ErrConfig)
}
