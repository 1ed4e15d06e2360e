package square

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook/webhooktest"
)

func TestSignature(t *testing.T) {
	const url = "https://shop.test/square"
	good := webhooktest.Base64MAC(webhooktest.KeyA, url+webhooktest.Body)
	for _, c := range []struct {
		url, signature, body string
		want                 error
	}{
		{url, good, webhooktest.Body, nil},
		{url + "/", good, webhooktest.Body, webhook.ErrSignature},
		{url, webhooktest.Base64MAC(webhooktest.KeyA, webhooktest.Body), webhooktest.Body, webhook.ErrSignature},
		{url, "", webhooktest.Body, webhook.ErrMissing},
		{url, webhooktest.Base64MAC(webhooktest.KeyA, url), "", webhook.ErrMissing},
		{"", webhooktest.Base64MAC(webhooktest.KeyA, webhooktest.Body), webhooktest.Body, webhook.ErrConfig},
	} {
		p := New(webhook.Connection{Processor: app.Processor{Secrets: []string{string(webhooktest.KeyA)}, URL: c.url}})
		h := webhook.Header{"x-square-hmacsha256-signature": c.signature}
		webhooktest.CheckVerify(t, c.url+" "+c.signature, p, h, c.body, webhooktest.At12, c.want)
	}
}
