package local

import "github.com/perennial-loyalty/perennial/internal/app"

// Processors returns connections of the local stack to all payment processors, so that `perennial trigger` can send
// events to the stack. The secrets in the connections need no protection, because everyone who can run the stack can
// also read its table. The emulated PayPal (Options.PayPal) is required for events of PayPal, because it signs them
// with a certificate.
func Processors(program string) app.Processors {
	return app.Processors{program: {
		app.Stripe:  {Secrets: []string{"whsec_local_one_machine_5d41402abc4b"}},
		app.Shopify: {Secrets: []string{"shpss_local_one_machine_7d793037a076"}},
		app.Square: {
			Secrets: []string{"square_local_one_machine_8277e0910d75"},
			URL:     "https://local.test/v1/webhooks/" + program + "/square",
		},
		app.Adyen: {Secrets: []string{"6C6F63616C6F6E656D616368696E65A1B2C3D4E5F60718293A4B5C6D7E8F90AB"}},
		app.PayPal: {
			WebhookID: paypalWebhook, ClientID: "paypal_local_one_machine_c4ca4238a0b9",
			APISecret: "paypal_local_one_machine_c81e728d9d4c",
		},
		app.Standard: {Secrets: []string{"whsec_bG9jYWwtb25lLW1hY2hpbmUtMTIzNDU2Nzg5MA=="}},
	}}
}

// paypalWebhook is the webhook ID that the emulated PayPal signs.
const paypalWebhook = "WH-LOCAL-ONE-MACHINE-E4DA3B7F"

// Secret returns the key from which the identities and cursors in a data directory are derived.
func Secret() []byte { return []byte(secret) }
