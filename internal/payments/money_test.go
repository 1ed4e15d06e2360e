package payments

import (
	"errors"
	"math"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
)

// What a processor calls a minor unit is not always what ISO 4217 does.
func TestMinorUnitsAreThoseOfTheProcessor(t *testing.T) {
	const key = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"
	types := map[string]string{
		app.Stripe: "payment_intent.succeeded", app.Adyen: "AUTHORISATION", app.Square: "payment.updated", app.Standard: "payment.captured",
	}
	for _, c := range []struct {
		provider, currency string
		amount             int64 // as the processor writes it
		is                 int64 // in ISO 4217's minor units
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
			Provider: c.provider, Type: types[c.provider], Payment: "pi_1", Object: "cap_1", Amount: c.amount, Total: c.amount, Currency: c.currency,
		}.Body(key)
		if err != nil {
			t.Fatal(err)
		}
		con := newConnection(&app.App{}, "corner", c.provider, app.Processor{Secrets: []string{key}})
		e, err := (&Receiver{}).read(t.Context(), con, arrival{body: body, event: "evt_1"})
		var strange *oddity
		switch {
		case c.code != "":
			if !errors.As(err, &strange) || strange.code != c.code {
				t.Errorf("%s: %d %s: %v, and not %s", c.provider, c.amount, c.currency, err, c.code)
			}
		case err != nil || e.report == nil || len(e.report.Facts) != 1:
			t.Errorf("%s: %d %s: %+v %v", c.provider, c.amount, c.currency, e, err)
		case e.report.Facts[0].Money != loyalty.Money{Amount: c.is, Currency: loyalty.Currency(c.currency)}:
			t.Errorf("%s: %d %s is %s, and not %d", c.provider, c.amount, c.currency, e.report.Facts[0].Money, c.is)
		}
	}
}
