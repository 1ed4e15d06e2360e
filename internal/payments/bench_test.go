package payments

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
)

func clientOf(t http.RoundTripper) *http.Client { return &http.Client{Transport: t} }

const benchAdyen = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"

// samples is one event of every type of every provider.
func samples(tb testing.TB) (all [][]byte) {
	for _, provider := range app.Providers() {
		for _, kind := range sample.Types(provider) {
			body, err := sample.Event{Provider: provider, Type: kind, Object: "501", Payment: "1042", At: fuzzed}.Body(benchAdyen)
			if err != nil {
				tb.Fatal(err)
			}
			all = append(all, body)
		}
	}
	return all
}

// Verify and read take below 50 µs, and no longer for more headers.
func BenchmarkVerifyAndRead(b *testing.B) {
	key := []byte("nobody-has-this-key-0123456789ab")
	for _, c := range []struct {
		e    sample.Event
		v    verifier
		c    app.Processor
		read func([]byte) (event, error)
	}{
		{sample.Event{Provider: app.Stripe, Type: "charge.refunded"}, stripe{[][]byte{key}}, app.Processor{Secrets: []string{string(key)}}, readStripe},
		{sample.Event{Provider: app.Shopify, Type: "orders/paid"}, shopify{[][]byte{key}}, app.Processor{Secrets: []string{string(key)}}, func(b []byte) (event, error) { return readShopify("orders/paid", b) }},
		{sample.Event{Provider: app.Square, Type: "payment.updated"}, square{[][]byte{key}, "https://shop.test/"}, app.Processor{Secrets: []string{string(key)}, URL: "https://shop.test/"}, readSquare},
		{sample.Event{Provider: app.Standard, Type: "payment.captured"}, standard{[][]byte{key}}, app.Processor{Secrets: []string{"whsec_" + base64.StdEncoding.EncodeToString(key)}}, func(b []byte) (event, error) { return readStandard("msg_1", b) }},
	} {
		c.e.At, c.e.Member, c.e.Email = fuzzed, "external:cust-42", "ada@shop.test"
		body, err := c.e.Body("")
		if err != nil {
			b.Fatal(err)
		}
		signed, err := c.e.Headers(c.c, body, fuzzed)
		if err != nil {
			b.Fatal(err)
		}
		for _, others := range []int{0, 1000} {
			h := headers{}
			for name := range signed {
				h[strings.ToLower(name)] = signed.Get(name)
			}
			for i := range others {
				h[fmt.Sprint("x-other-", i)] = "value"
			}
			b.Run(fmt.Sprintf("%s/%d other headers", c.e.Provider, others), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := c.v.verify(h, body, fuzzed); err != nil {
						b.Fatal(err)
					}
					if e, err := c.read(body); err != nil || e.report == nil {
						b.Fatal(e, err)
					}
				}
			})
		}
	}
	b.Run("adyen", func(b *testing.B) {
		body, err := sample.Event{Provider: app.Adyen, Type: "CAPTURE", At: fuzzed}.Body(benchAdyen)
		if err != nil {
			b.Fatal(err)
		}
		con := &connection{adyen: adyen{keysOf([]string{benchAdyen}, hex.DecodeString)}}
		b.ReportAllocs()
		for b.Loop() {
			if e, err := (*Receiver)(nil).readAdyen(con, body); err != nil || e.report == nil {
				b.Fatal(e, err)
			}
		}
	})
	b.Run("stripe/ten thousand signatures", func(b *testing.B) {
		h := headers{"stripe-signature": "t=1796126400" + strings.Repeat(",v1=00", 10_000)}
		for b.Loop() {
			if (stripe{[][]byte{key}}).verify(h, nil, fuzzed) != errHeader {
				b.Fatal("it was not refused")
			}
		}
	})
}

// What is measured above is held here too, with room for a busy machine: nothing grows with what a sender adds.
func TestTenThousandSignaturesAreNotLookedAt(t *testing.T) {
	h := headers{"stripe-signature": "t=1796126400" + strings.Repeat(",v1=00", 10_000)}
	n := testing.AllocsPerRun(10, func() {
		if err := (stripe{plain([]string{"whsec_0123456789abcdef"})}).verify(h, nil, fuzzed); err != errHeader {
			t.Fatal(err)
		}
	})
	if n > 40 {
		t.Errorf("%v allocations", n)
	}
}
