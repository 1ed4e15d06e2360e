package payments

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

var fuzzed = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// Nobody who lacks the secret finds a header and a body that pass, whatever they try; and nothing panics. The key is
// not among the seeds, so that what the fuzzer learns cannot be a signature.
func FuzzVerify(f *testing.F) {
	for _, v := range readVectors(f) {
		for _, value := range v.Header {
			f.Add(value, v.Body, "1614265330", "msg_1")
		}
	}
	f.Add("t=1796126400,v1="+strings.Repeat("ab", 32), "{}", "1796126400", "msg_1")
	key := []byte("nobody-has-this-key-0123456789ab")
	keys := [][]byte{key}
	f.Fuzz(func(t *testing.T, signature, body, when, id string) {
		h := headers{
			"stripe-signature": signature, "x-shopify-hmac-sha256": signature, "shopify-hmac-sha256": signature, "x-square-hmacsha256-signature": signature,
			"webhook-signature": signature, "webhook-timestamp": when, "webhook-id": id,
			"paypal-transmission-sig": signature, "paypal-transmission-id": id, "paypal-transmission-time": "2026-12-01T12:00:00Z",
			"paypal-auth-algo": "SHA256withRSA", "paypal-cert-url": when,
		}
		for name, v := range map[string]verifier{
			app.Stripe: stripe{keys}, app.Shopify: shopify{keys}, app.Square: square{keys, "https://shop.test/"}, app.Standard: standard{keys},
		} {
			if v.verify(h, []byte(body), fuzzed) == nil {
				t.Errorf("%s accepts what nobody signed", name)
			}
		}
		if (adyen{keys}).verifyPayload(signature, []byte(body)) == nil {
			t.Error("adyen accepts what nobody signed")
		}
		web := &served{body: body}
		p := &paypal{webhook: "4JH86294D6297924G", host: "api.sandbox.paypal.com", name: testCerts, http: clientOf(web)}
		if p.verify(t.Context(), h, []byte(body), fuzzed) == nil {
			t.Error("paypal accepts what nobody signed")
		}
		for _, asked := range web.asks {
			if !strings.HasPrefix(asked, "https://api.sandbox.paypal.com/v1/notifications/certs/") {
				t.Errorf("asked %s", asked)
			}
		}
		if it, err := readAdyenItem([]byte(body)); err == nil && (adyen{keys}).verify(it) == nil {
			t.Error("adyen accepts an item that nobody signed")
		}
	})
}

// Whatever a genuine body says, reading it does not panic, and what comes out is something that the ledger can bear.
func FuzzRead(f *testing.F) {
	for _, v := range readVectors(f) {
		f.Add([]byte(v.Body), "orders/paid")
		if len(v.Item) > 0 {
			f.Add(append(append([]byte(`{"live":"false","notificationItems":[{"NotificationRequestItem":`), v.Item...), `}]}`...), "")
		}
	}
	for _, body := range samples(f) {
		f.Add(body, "refunds/create")
		f.Add(body, "disputes/update")
	}
	f.Fuzz(func(t *testing.T, body []byte, topic string) {
		check := func(name string, e event, err error) {
			var o *oddity
			if err != nil && !errors.As(err, &o) {
				t.Errorf("%s: %v", name, err)
			}
			if err != nil || e.report == nil {
				return
			}
			r := e.report
			for _, id := range []string{strings.TrimPrefix(r.Payment, name+":"), r.Order, r.Member} {
				if id != "" && !idForm.MatchString(id) {
					t.Errorf("%s: an id that is none: %q", name, id)
				}
			}
			for _, fact := range r.Facts {
				if _, ok := fact.Money.Currency.Exponent(); !ok || fact.Money.Amount < 0 || fact.Money.Amount > loyalty.MaxAmount || fact.State == "" {
					t.Errorf("%s: %v", name, fact)
				}
			}
		}
		e, err := readStripe(body)
		check(app.Stripe, e, err)
		e, err = readShopify(topic, body)
		check(app.Shopify, e, err)
		e, err = readSquare(body)
		check(app.Square, e, err)
		e, err = readStandard("msg_1", body)
		check(app.Standard, e, err)
		claim, err := readPayPal(body)
		if err == nil && claim.kind != "" {
			claim.report, err = claim.object.report(claim.kind)
		}
		check(app.PayPal, claim.event, err)
		var batch adyenBatch
		if decode(body, &batch) == nil {
			for _, x := range batch.Items {
				if it, err := readAdyenItem(x.Item); err == nil {
					for _, manual := range []bool{false, true} {
						e, err := readAdyenItemEvent(it, batch.Live, manual)
						check(app.Adyen, e, err)
					}
				}
			}
		}
	})
}

func TestASealKeepsABodyAsItCame(t *testing.T) {
	s := newSeal(bytes.Repeat([]byte{7}, 32), nil)
	for _, body := range [][]byte{nil, []byte("{}"), bytes.Repeat([]byte("ab\xff"), 50_000)} {
		sealed := s.close(body, "a")
		got, err := s.open(sealed, "a")
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("%d bytes: %v", len(body), err)
		}
		if len(body) > 10 && bytes.Contains(sealed, body[:10]) {
			t.Error("it shows")
		}
		if _, err := s.open(sealed, "b"); err == nil {
			t.Error("it opens as another's")
		}
		sealed[len(sealed)-1] ^= 1
		if _, err := s.open(sealed, "a"); err == nil {
			t.Error("it opens though it was changed")
		}
	}
	if _, err := s.open(nil, "a"); err == nil {
		t.Error("nothing opens")
	}
}
