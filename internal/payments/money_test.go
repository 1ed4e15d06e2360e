package payments

import (
	"errors"
	"math"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
)

// A provider's minor units differ from ISO 4217 in some currencies.
func TestMinorUnitsOfProviders(t *testing.T) {
	types := map[string]string{
		app.Stripe: "payment_intent.succeeded", app.Adyen: "AUTHORISATION", app.Square: "payment.updated",
		app.Standard: "payment.captured",
	}
	for _, c := range []struct {
		provider, currency string
		amount             int64 // the amount in the provider's minor units
		want               int64 // the amount in minor units of ISO 4217
		code               loyalty.Code
	}{
		{app.Stripe, "ISK", 1500000, 15000, ""},
		{app.Stripe, "UGX", 1500000, 15000, ""},
		{app.Stripe, "MGA", 15000, 1500000, ""},
		{app.Stripe, "JPY", 15000, 15000, ""},
		{app.Stripe, "CLP", 15000, 15000, ""},
		{app.Stripe, "HUF", 1500000, 1500000, ""},
		{app.Stripe, "TWD", 1500000, 1500000, ""},
		{app.Stripe, "KWD", 15000, 15000, ""},
		{app.Stripe, "ISK", 1500050, 0, "amount_precision"},
		{app.Stripe, "ISK", 100 * loyalty.MaxAmount, loyalty.MaxAmount, ""},
		{app.Stripe, "MGA", loyalty.MaxAmount, 0, loyalty.AmountOutOfRange},
		{app.Stripe, "MGA", math.MaxInt64, 0, loyalty.AmountOutOfRange},
		{app.Stripe, "MGA", math.MinInt64 + 1, 0, loyalty.AmountOutOfRange},
		{app.Stripe, "ISK", -1500000, 0, loyalty.AmountOutOfRange},
		{app.Adyen, "CLP", 1500000, 15000, ""},
		{app.Adyen, "ISK", 1500000, 15000, ""},
		{app.Adyen, "IDR", 15000, 1500000, ""},
		{app.Adyen, "CVE", 15000, 1500000, ""},
		{app.Adyen, "UGX", 15000, 15000, ""},
		{app.Adyen, "CLP", 1500001, 0, "amount_precision"},
		{app.Square, "JPY", 15000, 15000, ""},
		{app.Standard, "ISK", 15000, 15000, ""},
	} {
		body, err := sample.Event{
			Provider: c.provider, Type: types[c.provider], Payment: "pi_1", Object: "cap_1", Amount: c.amount,
			Total: c.amount, Currency: c.currency,
		}.Body(adyenKey)
		if err != nil {
			t.Fatal(err)
		}
		p := providers[c.provider](webhook.Connection{Processor: app.Processor{Secrets: []string{adyenKey}}})
		e, err := p.Read(t.Context(), webhook.Message{Body: body, ID: "evt_1"})
		want := loyalty.Money{Amount: c.want, Currency: loyalty.Currency(c.currency)}
		var unusable *webhook.UnusableError
		switch {
		case c.code != "":
			if !errors.As(err, &unusable) || unusable.Code != c.code {
				t.Errorf("%s: %d %s: %v, want %s", c.provider, c.amount, c.currency, err, c.code)
			}
		case err != nil || e.Report == nil || len(e.Report.Facts) != 1:
			t.Errorf("%s: %d %s: %+v %v", c.provider, c.amount, c.currency, e, err)
		case e.Report.Facts[0].Money != want:
			t.Errorf("%s: %d %s is %s, want %s", c.provider, c.amount, c.currency, e.Report.Facts[0].Money, want)
		}
	}
}
