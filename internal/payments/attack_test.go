package payments_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
)

// The rows of the attack list that are about webhooks, by their numbers. unchanged says that nothing but the events
// themselves was written.
func (s *shop) unchanged(do func()) {
	s.t.Helper()
	before := s.books()
	if do(); s.books() != before {
		s.t.Error("something was written")
	}
}

func (s *shop) expect(path string, h http.Header, body []byte, want string) {
	s.t.Helper()
	if got := s.post(path, h, body).String(); got != want {
		s.t.Errorf("%s, and not %s", got, want)
	}
}

// paid is a payment of a member, by each provider that says whose it is.
func (s *shop) paid(provider string) sample.Event {
	for _, x := range tellers {
		if x.provider == provider {
			e := x.facts(false)[0]
			e.Order, e.Email = "", "ada@shop.test"
			return e
		}
	}
	return sample.Event{Provider: provider, Type: "payment.captured", Payment: "till-1", Total: 4999, Email: "ada@shop.test", At: noon}
}

var signatureHeader = map[string]string{
	app.Stripe: "Stripe-Signature", app.Shopify: "X-Shopify-Hmac-Sha256", app.Square: "X-Square-Hmacsha256-Signature",
	app.Standard: "Webhook-Signature", app.PayPal: "Paypal-Transmission-Sig",
}

func TestRows1To3WhatIsNotSignedIsRefused(t *testing.T) {
	s := newShop(t, "payments")
	for _, provider := range app.Providers() {
		e := s.paid(provider)
		h, body := s.signed(e)
		without := h.Clone()
		without.Del(signatureHeader[provider])
		bare := body
		if provider == app.Adyen {
			bare = bytes.Replace(body, []byte(`"hmacSignature"`), []byte(`"no"`), 1)
		}
		flipped := bytes.Replace(body, []byte("49"), []byte("94"), 1)
		if provider == app.Adyen {
			flipped = bytes.Replace(body, []byte("4999"), []byte("9499"), 1)
		}
		var spaced bytes.Buffer
		if err := json.Indent(&spaced, body, "", "  "); err != nil || bytes.Equal(flipped, body) {
			t.Fatal(err)
		}
		s.unchanged(func() {
			s.expect(e.Path("corner"), without, bare, "401 webhook_signature_missing")
			s.expect(e.Path("corner"), h, flipped, "401 webhook_signature_invalid")
			if provider != app.Adyen { // which signs fields, not bytes
				s.expect(e.Path("corner"), h, spaced.Bytes(), "401 webhook_signature_invalid")
			}
		})
	}
	if n := strings.Count(s.log.String(), `"Refusals":1`); n != 17 {
		t.Errorf("%d refusals were counted", n)
	}
}

func TestRow4TheSignedTimeIsThatOfNow(t *testing.T) {
	s := newShop(t, "payments")
	for _, provider := range []string{app.Stripe, app.Standard} {
		for off, want := range map[int]string{-301: "401 webhook_timestamp_out_of_range", 301: "401 webhook_timestamp_out_of_range", 300: "200 applied", -300: "200 applied", 299: "200 applied", -299: "200 applied"} {
			e := s.paid(provider)
			e.Payment += strings.ReplaceAll(fmt.Sprint("_", off), "-", "m")
			body, err := e.Body("")
			if err != nil {
				t.Fatal(err)
			}
			h, err := e.Headers(agreed()["corner"][provider], body, noon.Add(time.Duration(off)*time.Second))
			if err != nil {
				t.Fatal(err)
			}
			before := s.books()
			s.expect(e.Path("corner"), h, body, want)
			if off*off == 301*301 && s.books() != before {
				t.Error("something was written")
			}
		}
	}
}

func TestRows5To7OddSignatureHeaders(t *testing.T) {
	s := newShop(t, "payments")
	stripe, standard := s.paid(app.Stripe), s.paid(app.Standard)
	h, body := s.signed(stripe)
	good := h.Get("Stripe-Signature")
	s.unchanged(func() {
		for _, header := range []string{
			"t=1," + good, good + "," + good, strings.ReplaceAll(good, "v1=", "v0="), "t=1796126400", "v1", good + strings.Repeat(",v1="+strings.Repeat("0", 64), 10),
			"t=1796126400" + strings.Repeat(",v1=00", 1_000),
		} {
			h.Set("Stripe-Signature", header)
			s.expect(stripe.Path("corner"), h, body, "401 webhook_signature_invalid")
		}
		h, body := s.signed(standard)
		good := h.Get("Webhook-Signature")
		for _, header := range []string{"v1,", strings.Replace(good, "v1,", "v2,", 1), strings.Repeat("v1,AAAA ", 10) + good} {
			h.Set("Webhook-Signature", header)
			s.expect(standard.Path("corner"), h, body, "401 webhook_signature_invalid")
		}
	})
	h.Set("Stripe-Signature", strings.Repeat("v1=00,", 9)+good) // ten signatures, of which the last is good
	s.expect(stripe.Path("corner"), h, body, "200 applied")
}

func TestRows8And21SecretsThatAreNone(t *testing.T) {
	for name, c := range map[string]struct {
		provider string
		p        app.Processor
	}{
		"empty":             {app.Stripe, app.Processor{Secrets: []string{""}}},
		"none":              {app.Stripe, app.Processor{}},
		"short":             {app.Square, app.Processor{Secrets: []string{"signature-key"}, URL: "https://shop.test/"}},
		"a placeholder":     {app.Stripe, app.Processor{Secrets: []string{"whsec_..._your_secret"}}},
		"changeme":          {app.Shopify, app.Processor{Secrets: []string{"changeme-changeme"}}},
		"three":             {app.Stripe, app.Processor{Secrets: []string{"whsec_5b1f0c7e9a2d4861", "whsec_5b1f0c7e9a2d4862", "whsec_5b1f0c7e9a2d4863"}}},
		"no url":            {app.Square, app.Processor{Secrets: []string{"Ibxx_5AKakO-3qeNVR61Dw"}}},
		"no hexadecimal":    {app.Adyen, app.Processor{Secrets: []string{"Ibxx_5AKakO-3qeNVR61Dw"}}},
		"no base64":         {app.Standard, app.Processor{Secrets: []string{"whsec_not-base64-at-all"}}},
		"too short base64":  {app.Standard, app.Processor{Secrets: []string{"whsec_MTIzNDU2Nzg5MDEy"}}},
		"the simulator's":   {app.PayPal, app.Processor{WebhookID: "WEBHOOK_ID", ClientID: "AXfVq0hP9sJ2kLm4Dc8T", APISecret: "EK3x8Rt7Yw2Qn5VbZ1u6"}},
		"nothing to ask by": {app.PayPal, app.Processor{WebhookID: "4JH86294D6297924G"}},
		"nobody":            {"paypa1", app.Processor{Secrets: []string{"whsec_5b1f0c7e9a2d4863"}}},
	} {
		t.Run(name, func(t *testing.T) {
			err := app.Processors{"corner": {c.provider: c.p}}.Check()
			if err == nil || !strings.Contains(err.Error(), "corner/"+c.provider) {
				t.Fatalf("%v", err)
			}
			for _, secret := range c.p.Secrets {
				if secret != "" && strings.Contains(err.Error(), secret) {
					t.Errorf("the secret shows: %v", err)
				}
			}
		})
	}
	shared := agreed()
	shared["other"][app.Shopify] = app.Processor{Secrets: shared["corner"][app.Stripe].Secrets[:1]}
	if err := shared.Check(); err == nil || !strings.Contains(err.Error(), "used again") {
		t.Errorf("a secret that signs two things: %v", err)
	}

	// Should one get past the start all the same, nothing passes it. The stack refuses it, so that the App is wired with
	// good ones and then loses them.
	s := newShop(t, "payments")
	for _, secret := range []string{"", "changeme-changeme"} {
		e := s.paid(app.Stripe)
		body, err := e.Body("")
		if err != nil {
			t.Fatal(err)
		}
		h, err := e.Headers(app.Processor{Secrets: []string{secret}}, body, noon)
		if err != nil {
			t.Fatal(err)
		}
		got := invoke(t, s.stack.App, app.Processors{"corner": {app.Stripe: {Secrets: []string{secret}}}}, e, h, body)
		if got != "503 webhook_not_configured" {
			t.Error(got)
		}
	}
	if !strings.Contains(s.log.String(), "a payment processor is not connected") {
		t.Error("nobody was told")
	}
	e := s.paid(app.Stripe)
	h, body := s.signed(e)
	s.expect("/v1/webhooks/nowhere/stripe", h, body, "503 webhook_not_configured")
	s.expect("/v1/webhooks/corner/paypa1", h, body, "404 not_found")
	s.expect("/v1/webhooks/corner/shopify", h, body, "503 webhook_not_configured")
}

func TestRow9AnotherAddress(t *testing.T) {
	s := newShop(t, "payments")
	e := s.paid(app.Stripe)
	h, body := s.signed(e)
	s.unchanged(func() {
		s.expect("/v1/webhooks/other/stripe", h, body, "401 webhook_signature_invalid")
		s.expect("/v1/webhooks/corner/square", h, body, "401 webhook_signature_missing")
		square, squareBody := s.signed(s.paid(app.Square))
		square.Set("Stripe-Signature", square.Get("X-Square-Hmacsha256-Signature"))
		s.expect("/v1/webhooks/corner/stripe", square, squareBody, "401 webhook_signature_invalid")
	})
}

func TestRows10To12Shopify(t *testing.T) {
	s := newShop(t, "payments")
	paid := s.paid(app.Shopify)
	refund := tellers[1].facts(false)[1]
	h, body := s.signed(refund)
	s.unchanged(func() {
		s.expect("/v1/webhooks/corner/shopify/orders/paid", h, body, "200 quarantined validation_failed")
		h.Set("X-Shopify-Topic", "orders/paid")
		s.expect("/v1/webhooks/corner/shopify/disputes/create", h, body, "200 quarantined validation_failed")
		s.want(sample.Event{Provider: app.Shopify, Type: "customers/redact"}, "200 ignored")
	})
	s.want(paid, "200 applied")
	s.unchanged(func() {
		h, body := s.signed(paid)
		h.Set("X-Shopify-Event-Id", "fresh")
		h.Set("X-Shopify-Webhook-Id", "fresh")
		s.expect(paid.Path("corner"), h, body, "200 duplicate")
		// The secret signs cookies and what goes through the app proxy too, in hexadecimal digits over other bytes.
		h.Set("X-Shopify-Hmac-Sha256", "a9718877bea71c2484f91608a7eaea1532bdf71f5c56825065fa4ccabe549ef3")
		s.expect(paid.Path("corner"), h, body, "401 webhook_signature_invalid")
	})
	newer, body := s.signed(sample.Event{Provider: app.Shopify, Type: "customers/redact", Payment: "2"})
	newer.Set("Shopify-Hmac-Sha256", newer.Get("X-Shopify-Hmac-Sha256"))
	newer.Del("X-Shopify-Hmac-Sha256")
	s.expect("/v1/webhooks/corner/shopify/customers/redact", newer, body, "200 duplicate") // the other family of headers
}

// batch is several items of Adyen's as one body.
func batch(t *testing.T, live any, items ...map[string]any) []byte {
	var wrapped []map[string]any
	for _, it := range items {
		wrapped = append(wrapped, map[string]any{"NotificationRequestItem": it})
	}
	body, err := json.Marshal(map[string]any{"live": live, "notificationItems": wrapped})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestRows13To16Adyen(t *testing.T) {
	s := newShop(t, "orders_when_paid")
	s.order("1042", "placed", `,"member":"`+s.member+`"`)
	other := s.enrol("cust-43", "bob@shop.test")
	secret := agreed()["corner"][app.Adyen].Secrets[0]
	facts := tellers[4].facts(false)
	item := func(e sample.Event) map[string]any {
		it, err := e.AdyenItem(secret)
		if err != nil {
			t.Fatal(err)
		}
		return it
	}
	h, path := http.Header{"Content-Type": {"application/json"}}, "/v1/webhooks/corner/adyen"

	paid := item(facts[0])
	paid["additionalData"].(map[string]any)["shopperReference"] = other // row 15: it is not signed
	bad := item(facts[1])
	bad["amount"] = map[string]any{"value": 4999, "currency": "EUR"}
	s.expect(path, h, batch(t, "false", paid, bad), "200 applied, quarantined webhook_signature_invalid")
	if s.worth("1042") != whole || s.points(s.member) != whole || s.points(other) != 0 {
		t.Errorf("worth %d, of which the other member has %d", s.worth("1042"), s.points(other))
	}
	if !strings.Contains(s.log.String(), `"Quarantined":1`) {
		t.Error("no alarm")
	}
	s.unchanged(func() {
		s.expect(path, h, batch(t, "false", bad), "401 webhook_signature_invalid")

		// What is signed stays the same, and the fields are split elsewhere.
		split := item(sample.Event{Provider: app.Adyen, Type: "CAPTURE", Payment: "TEST_1", Object: "C_1", Total: 1130, Order: "left:right"})
		split["merchantAccountCode"], split["merchantReference"] = "SampleMerchant:left", "right"
		s.expect(path, h, batch(t, "false", split), "200 quarantined validation_failed")

		refused := facts[0]
		refused.Object, refused.Status = "PSPC2", "false"
		s.expect(path, h, batch(t, "false", item(refused)), "200 ignored")
		boolean := item(facts[1])
		boolean["success"] = true
		s.expect(path, h, batch(t, "false", boolean), "200 quarantined validation_failed")
		s.expect(path, h, batch(t, "true", item(facts[1])), "200 quarantined webhook_stage_mismatch") // row 17
		s.expect(path, h, batch(t, false, item(facts[1])), "200 quarantined validation_failed")
	})
}

func TestRow17PlayAndRealMoneyNeverMix(t *testing.T) {
	s := newShop(t, "payments")
	for _, provider := range []string{app.Stripe, app.Shopify, app.Standard, app.Adyen} {
		e := s.paid(provider)
		e.Live = true
		s.unchanged(func() { s.want(e, "200 quarantined webhook_stage_mismatch") })
		e.Live = false
		s.want(e, "200 applied")
	}
	if strings.Count(s.log.String(), `"code":"webhook_stage_mismatch"`) != 4 {
		t.Error("no alarm")
	}
}

func TestRows18To20PayPal(t *testing.T) {
	genuine := tellers[3].facts(false)[0]
	for _, first := range []string{"the forged one first", "the genuine one first"} {
		t.Run(first, func(t *testing.T) {
			s := newShop(t, "orders_when_paid")
			s.order("1042", "placed", `,"member":"`+s.member+`"`)
			s.paypal.knows(genuine, noon)
			h, body := s.signed(genuine)
			forged := sameCRC(t, bytes.Replace(body, []byte("49.99"), []byte("9999.00"), 1), body)
			claim := func() {
				s.unchanged(func() { s.expect(genuine.Path("corner"), h, forged, "200 quarantined webhook_body_mismatch") })
			}
			if first == "the forged one first" {
				claim()
				s.expect(genuine.Path("corner"), h, body, "200 applied")
			} else {
				s.expect(genuine.Path("corner"), h, body, "200 applied")
				claim()
			}
			if s.worth("1042") != whole || !strings.Contains(s.log.String(), `"code":"webhook_body_mismatch"`) {
				t.Errorf("worth %d", s.worth("1042"))
			}
			s.expect(genuine.Path("corner"), h, body, "200 duplicate")
		})
	}

	s := newShop(t, "orders_when_paid")
	h, body := s.signed(genuine)
	s.unchanged(func() {
		for _, address := range []string{
			"https://api.paypal.com.evil.test/v1/notifications/certs/CERT-1", "http://api.sandbox.paypal.com/v1/notifications/certs/CERT-1",
			"https://api.paypal.com@evil.test/v1/notifications/certs/CERT-1", "https://api.sandbox.paypal.com/v1/notifications/certs/../../../x",
			"https://169.254.169.254/v1/notifications/certs/CERT-1", "https://api.sandbox.paypal.com:444/v1/notifications/certs/CERT-1",
			"https://api.paypal.com/v1/notifications/certs/CERT-1", "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1?x=y",
			"https://api.sandbox.paypal.com/v1/oauth2/token",
		} {
			h.Set("Paypal-Cert-Url", address)
			s.expect(genuine.Path("corner"), h, body, "401 webhook_signature_invalid")
		}
		if len(s.paypal.asked) > 0 {
			t.Errorf("requests were made: %v", s.paypal.asked)
		}
		h.Set("Paypal-Cert-Url", certAddress)
		h.Set("Paypal-Auth-Algo", "SHA1withRSA")
		s.expect(genuine.Path("corner"), h, body, "401 webhook_signature_invalid")
		h.Set("Paypal-Auth-Algo", "SHA256withRSA")
	})
	name := "messageverificationcerts.sandbox.paypal.com"
	for why, chain := range map[string][]byte{
		"expired":     s.paypal.certificate(t, noon.AddDate(-2, 0, 0), noon.AddDate(0, 0, -1), name, true),
		"self-signed": newPayPalStand(t).certificate(t, noon.AddDate(-1, 0, 0), noon.AddDate(1, 0, 0), name, false),
		"of another":  s.paypal.certificate(t, noon.AddDate(-1, 0, 0), noon.AddDate(1, 0, 0), "evil.test", true),
	} {
		t.Run(why, func(t *testing.T) {
			s := newShop(t, "orders_when_paid")
			s.paypal.chain = chain
			s.unchanged(func() { s.expect(genuine.Path("corner"), h, body, "401 webhook_signature_invalid") })
		})
	}
	s.paypal.down = true
	s.unchanged(func() { s.expect(genuine.Path("corner"), h, body, "503 try_again") }) // our own failure: it comes again
	s.paypal.down = false
	s.paypal.knows(genuine, noon)
	s.expect(genuine.Path("corner"), h, body, "200 applied")
}

// sameCRC pads a body with spaces and tabs until its CRC-32 is that of another, as an attacker would.
func sameCRC(t *testing.T, forged, genuine []byte) []byte {
	const bits = 64
	padded := func(tabs uint64) []byte {
		out := bytes.Clone(forged)
		for i := range bits {
			out = append(out, map[bool]byte{true: '\t', false: ' '}[tabs>>i&1 == 1])
		}
		return out
	}
	// A CRC is linear over the bits: find the tabs that make up the difference, by elimination.
	base := crc(padded(0))
	want := base ^ crc(genuine)
	type row struct {
		sum  uint32
		tabs uint64
	}
	var rows []row
	for i := range bits {
		r := row{crc(padded(1<<i)) ^ base, 1 << i}
		for _, x := range rows {
			if r.sum^x.sum < r.sum {
				r.sum, r.tabs = r.sum^x.sum, r.tabs^x.tabs
			}
		}
		if r.sum != 0 {
			rows = append(rows, r)
		}
	}
	tabs := uint64(0)
	for range rows {
		for _, x := range rows {
			if want^x.sum < want {
				want, tabs = want^x.sum, tabs^x.tabs
			}
		}
	}
	out := padded(tabs)
	if want != 0 || crc(out) != crc(genuine) {
		t.Fatal("no padding gives the same CRC")
	}
	return out
}

func TestRow22TheSameEventAHundredTimesAtOnce(t *testing.T) {
	for _, provider := range app.Providers() {
		t.Run(provider, func(t *testing.T) {
			s := newShop(t, "payments")
			e := s.paid(provider)
			e.Member, e.Order = s.member, ""
			want := int64(whole)
			if provider == app.Adyen || provider == app.Shopify { // which name an order of the shop's
				s.order("1042", "placed", `,"member":"`+s.member+`"`)
				e.Order = "1042"
			}
			h, body := s.signed(e)
			if provider == app.PayPal {
				s.paypal.knows(e, noon)
			}
			var all sync.WaitGroup
			var mu sync.Mutex
			answers := map[string]int{}
			for range 100 {
				all.Go(func() {
					a := s.post(e.Path("corner"), h, body).String()
					mu.Lock()
					defer mu.Unlock()
					answers[a]++
				})
			}
			all.Wait()
			if answers["200 applied"] != 1 || answers["200 duplicate"] != 99 {
				t.Errorf("%v", answers)
			}
			if got := s.points(s.member); got != want {
				t.Errorf("%d points", got)
			}
		})
	}
}

func TestRow23TheSameIdentityAndAnotherAmount(t *testing.T) {
	s := newShop(t, "payments")
	for _, provider := range []string{app.Stripe, app.Square, app.Standard, app.Shopify} {
		e := s.paid(provider)
		e.ID = "evt_twice"
		s.want(e, "200 applied")
		e.Total, e.Amount = 999_900, 999_900
		s.unchanged(func() { s.want(e, "200 quarantined webhook_body_mismatch") })
	}
	// What differs from one attempt to the next and says nothing is no difference.
	e := s.paid(app.Stripe)
	e.ID = "evt_twice"
	body, err := e.Body("")
	if err != nil {
		t.Fatal(err)
	}
	body = bytes.Replace(body, []byte(`"pending_webhooks":1`), []byte(`"pending_webhooks":0`), 1)
	h, err := e.Headers(agreed()["corner"][app.Stripe], body, noon)
	if err != nil {
		t.Fatal(err)
	}
	s.expect(e.Path("corner"), h, body, "200 duplicate")
}

func TestRows24To27Refunds(t *testing.T) {
	for _, x := range tellers {
		t.Run(x.provider, func(t *testing.T) {
			facts := x.facts(false)
			paid, refund, lost := facts[0], facts[1], facts[4]

			s := newShop(t, "orders_when_paid") // a refund and a dispute that was lost come before the payment
			s.order("1042", "placed", `,"member":"`+s.member+`"`)
			refund.Amount = 2000
			s.tell(refund)
			s.tell(lost)
			if s.worth("1042") != 0 {
				t.Errorf("worth %d before it was paid", s.worth("1042"))
			}
			s.want(paid, "200 applied")
			if got := s.worth("1042"); got != 0 { // 49.99 - 20 - 30 < 1
				t.Errorf("worth %d", got)
			}

			s = newShop(t, "orders_when_paid") // two partial refunds that are more than the payment
			s.order("1042", "placed", `,"member":"`+s.member+`"`)
			s.want(paid, "200 applied")
			refund.Amount = 3000
			s.want(refund, "200 applied")
			refund.Object = x.refund2
			s.want(refund, "200 quarantined refund_exceeds_payment")
			if s.worth("1042") != 0 || s.points(s.member) != 0 {
				t.Errorf("worth %d", s.worth("1042"))
			}

			s = newShop(t, "orders_when_paid") // 3 x 33.33 % and a cent: row 25
			s.order("1042", "placed", `,"member":"`+s.member+`"`)
			s.want(paid, "200 applied")
			for i, n := range []int64{1666, 1666, 1666, 1} {
				refund.Object, refund.Amount = fmt.Sprint("90", i), n
				s.want(refund, "200 applied")
			}
			if s.worth("1042") != 0 || s.points(s.member) != 0 {
				t.Errorf("after 3 x 33.33 %% and a cent it is worth %d", s.worth("1042"))
			}

			s = newShop(t, "orders_when_paid") // row 26
			s.order("1042", "placed", `,"member":"`+s.member+`"`)
			s.want(paid, "200 applied")
			refund.Object, refund.Amount, refund.Currency = x.refund1, 1733, "USD"
			s.unchanged(func() { s.want(refund, "200 quarantined currency_mismatch") })
			refund.Currency, refund.Amount = "EUR", -1733 // row 27
			s.unchanged(func() {
				s.want(refund, "200 quarantined amount_out_of_range")
			})
		})
	}
}

func TestRow27NothingIsNoMoney(t *testing.T) {
	s := newShop(t, "payments")
	for _, provider := range []string{app.Stripe, app.Shopify, app.Square, app.Standard} {
		e := s.paid(provider)
		body, err := e.Body("")
		if err != nil {
			t.Fatal(err)
		}
		body = []byte(strings.NewReplacer("4999", "0", "49.99", "0.00").Replace(string(body)))
		h, err := e.Headers(agreed()["corner"][provider], body, noon)
		if err != nil {
			t.Fatal(err)
		}
		s.post(e.Path("corner"), h, body)
		if s.points(s.member) != 0 {
			t.Errorf("%s: %d points for nothing", provider, s.points(s.member))
		}
	}
}

func TestBodiesThatAreTooLargeOrNoJSON(t *testing.T) {
	s := newShop(t, "payments")
	c := agreed()["corner"][app.Stripe]
	for name, x := range map[string]struct{ body, want string }{
		"too large":  {`{"id":"` + strings.Repeat("x", 256<<10) + `"}`, "413 payload_too_large"},
		"no object":  {`[]`, "200 quarantined malformed_json"},
		"null":       {`null`, "200 quarantined malformed_json"},
		"twice":      {`{"id":"evt_1","id":"evt_2"}`, "200 quarantined malformed_json"},
		"deep":       {`{"id":"evt_1","x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, "200 quarantined json_too_deep"},
		"no UTF-8":   {"{\"id\":\"evt_\xff\"}", "200 quarantined malformed_json"},
		"key inside": {`{"id":"evt#1","object":"event","type":"x","created":1}`, "200 quarantined validation_failed"},
	} {
		t.Run(name, func(t *testing.T) {
			h, err := sample.Event{Provider: app.Stripe}.Headers(c, []byte(x.body), noon)
			if err != nil {
				t.Fatal(err)
			}
			s.unchanged(func() { s.expect("/v1/webhooks/corner/stripe", h, []byte(x.body), x.want) })
		})
	}
	h, body := s.signed(s.paid(app.Stripe))
	h.Set("Content-Type", "application/octet-stream") // which API Gateway hands over in base64
	s.expect("/v1/webhooks/corner/stripe", h, body, "200 applied")
}

// resigned is an item of Adyen's with other fields, signed anew.
func resigned(t *testing.T, item, with map[string]any) map[string]any {
	t.Helper()
	maps.Copy(item, with)
	key, err := hex.DecodeString(agreed()["corner"][app.Adyen].Secrets[0])
	if err != nil {
		t.Fatal(err)
	}
	amount := item["amount"].(map[string]any)
	m := hmac.New(sha256.New, key)
	fmt.Fprintf(m, "%v:%v:%v:%v:%v:%v:%v:%v", item["pspReference"], item["originalReference"], item["merchantAccountCode"], item["merchantReference"],
		amount["value"], amount["currency"], item["eventCode"], item["success"])
	item["additionalData"] = map[string]any{"hmacSignature": base64.StdEncoding.EncodeToString(m.Sum(nil))}
	return item
}
