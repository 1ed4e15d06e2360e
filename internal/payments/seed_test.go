package payments_test

import (
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
	"github.com/perennial-loyalty/perennial/internal/seedtest"
)

// A seed reproduces a run of the stack: API keys, identities and sealed bodies are the same, byte for byte.
func TestSameSeedGivesSameTable(t *testing.T) {
	run := func(seed uint64) string {
		s := newShopWith(t, options{award: "payments", processors: settings(), random: seedtest.Random(seed)})
		defer s.server.Close()
		for _, e := range []sample.Event{
			{
				Provider: app.Stripe, Type: "payment_intent.succeeded", Payment: "pi_1",
				Total: 4999, Member: "external:cust-42", At: noon,
			},
			{Provider: app.Stripe, Type: "charge.refunded", Payment: "pi_1", Total: 4999, Back: 100, At: noon},
			{Provider: app.Shopify, Type: "orders/paid", Payment: "42", Total: 1000, Email: "ada@shop.test", At: noon},
		} {
			s.want(e, "200 applied")
		}
		return s.dumpAll()
	}
	first := run(1)
	if !strings.Contains(first, "#WH#") || !strings.Contains(first, "KEY#") {
		t.Error("the table has no sealed bodies or no keys")
	}
	if run(1) != first {
		t.Error("two runs differ")
	}
	if run(2) == first {
		t.Error("another seed gives the same table")
	}
}
