package payments_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
)

// unchanged checks that a function writes nothing except the received events.
func (s *shop) unchanged(do func()) {
	s.t.Helper()
	before := s.dump()
	if do(); s.dump() != before {
		s.t.Error("something was written")
	}
}

func (s *shop) expect(path string, h http.Header, body []byte, want string) {
	s.t.Helper()
	if got := s.post(path, h, body).String(); got != want {
		s.t.Errorf("%s, want %s", got, want)
	}
}

// paid returns a payment of a member. Only some providers name the member.
func (s *shop) paid(provider string) sample.Event {
	for _, x := range stories {
		if x.provider == provider {
			e := x.facts(false)[0]
			e.Order, e.Email = "", "ada@shop.test"
			return e
		}
	}
	return sample.Event{
		Provider: provider,
		Type:     "payment.captured",
		Payment:  "till-1",
		Total:    4999,
		Email:    "ada@shop.test",
		At:       noon,
	}
}

var signatureHeader = map[string]string{
	app.Stripe: "Stripe-Signature", app.Shopify: "X-Shopify-Hmac-Sha256", app.Square: "X-Square-Hmacsha256-Signature",
	app.Standard: "Webhook-Signature", app.PayPal: "Paypal-Transmission-Sig",
}

func TestUnsignedWebhooksAreRejected(t *testing.T) {
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
			if provider != app.Adyen { // Adyen signs fields, not bytes
				s.expect(e.Path("corner"), h, spaced.Bytes(), "401 webhook_signature_invalid")
			}
		})
	}
	if n := strings.Count(s.log.String(), `"SignatureFailures":1`); n != 17 {
		t.Errorf("%d signature failures were counted", n)
	}
	if strings.Contains(s.log.String(), `"Errors":`) {
		t.Error("an attacker's request counts as a failure of ours")
	}
}

func TestSignedTimeMustBeCurrent(t *testing.T) {
	s := newShop(t, "payments")
	for _, provider := range []string{app.Stripe, app.Standard} {
		const outOfRange = "401 webhook_timestamp_out_of_range"
		for off, want := range map[int]string{
			-301: outOfRange, 301: outOfRange, 300: "200 applied", -300: "200 applied", 299: "200 applied",
			-299: "200 applied",
		} {
			e := s.paid(provider)
			e.Payment += strings.ReplaceAll(fmt.Sprint("_", off), "-", "m")
			body, err := e.Body("")
			if err != nil {
				t.Fatal(err)
			}
			h, err := e.Headers(settings()["corner"][provider], body, noon.Add(time.Duration(off)*time.Second))
			if err != nil {
				t.Fatal(err)
			}
			before := s.dump()
			s.expect(e.Path("corner"), h, body, want)
			if off*off == 301*301 && s.dump() != before {
				t.Error("something was written")
			}
		}
	}
}

func TestUnusualSignatureHeaders(t *testing.T) {
	s := newShop(t, "payments")
	stripe, standard := s.paid(app.Stripe), s.paid(app.Standard)
	h, body := s.signed(stripe)
	good := h.Get("Stripe-Signature")
	s.unchanged(func() {
		for _, header := range []string{
			"t=1," + good, good + "," + good, strings.ReplaceAll(good, "v1=", "v0="), "t=1796126400", "v1",
			good + strings.Repeat(",v1="+strings.Repeat("0", 64), 10),
			"t=1796126400" + strings.Repeat(",v1=00", 1_000),
		} {
			h.Set("Stripe-Signature", header)
			s.expect(stripe.Path("corner"), h, body, "401 webhook_signature_invalid")
		}
		h, body := s.signed(standard)
		good := h.Get("Webhook-Signature")
		for _, header := range []string{
			"v1,", strings.Replace(good, "v1,", "v2,", 1), strings.Repeat("v1,AAAA ", 10) + good,
		} {
			h.Set("Webhook-Signature", header)
			s.expect(standard.Path("corner"), h, body, "401 webhook_signature_invalid")
		}
	})
	h.Set("Stripe-Signature", strings.Repeat("v1=00,", 9)+good) // ten signatures, of which the last is valid
	s.expect(stripe.Path("corner"), h, body, "200 applied")
}

func TestInvalidSecrets(t *testing.T) {
	for name, c := range map[string]struct {
		provider string
		p        app.Processor
	}{
		"empty":         {app.Stripe, app.Processor{Secrets: []string{""}}},
		"none":          {app.Stripe, app.Processor{}},
		"short":         {app.Square, app.Processor{Secrets: []string{"signature-key"}, URL: "https://shop.test/"}},
		"a placeholder": {app.Stripe, app.Processor{Secrets: []string{"whsec_..._your_secret"}}},
		"changeme":      {app.Shopify, app.Processor{Secrets: []string{"changeme-changeme"}}},
		"three": {
			app.Stripe,
			app.Processor{
				Secrets: []string{"whsec_5b1f0c7e9a2d4861", "whsec_5b1f0c7e9a2d4862", "whsec_5b1f0c7e9a2d4863"},
			},
		},
		"no url":           {app.Square, app.Processor{Secrets: []string{"Ibxx_5AKakO-3qeNVR61Dw"}}},
		"no hexadecimal":   {app.Adyen, app.Processor{Secrets: []string{"Ibxx_5AKakO-3qeNVR61Dw"}}},
		"no base64":        {app.Standard, app.Processor{Secrets: []string{"whsec_not-base64-at-all"}}},
		"too short base64": {app.Standard, app.Processor{Secrets: []string{"whsec_MTIzNDU2Nzg5MDEy"}}},
		"the simulator's": {
			app.PayPal,
			app.Processor{WebhookID: "WEBHOOK_ID", ClientID: "AXfVq0hP9sJ2kLm4Dc8T", APISecret: "EK3x8Rt7Yw2Qn5VbZ1u6"},
		},
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
	shared := settings()
	shared["other"][app.Shopify] = app.Processor{Secrets: shared["corner"][app.Stripe].Secrets[:1]}
	if err := shared.Check(); err == nil || !strings.Contains(err.Error(), "used again") {
		t.Errorf("a secret that signs two things: %v", err)
	}

	// Even if a function started with an invalid secret, it would accept no event. A stack does not start with one, so
	// the test replaces the secrets of a running App.
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
		t.Error("nothing was logged")
	}
	e := s.paid(app.Stripe)
	h, body := s.signed(e)
	s.expect("/v1/webhooks/nowhere/stripe", h, body, "503 webhook_not_configured")
	s.expect("/v1/webhooks/corner/paypa1", h, body, "404 not_found")
	s.expect("/v1/webhooks/corner/shopify", h, body, "503 webhook_not_configured")
}

func TestSignatureOfAnotherAddress(t *testing.T) {
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

func TestTestAndLiveMoneyNeverMix(t *testing.T) {
	s := newShop(t, "payments")
	for i, provider := range []string{app.Stripe, app.Shopify, app.Standard, app.Adyen} {
		e := s.paid(provider)
		e.Live = true
		s.unchanged(func() { s.want(e, "200 quarantined webhook_stage_mismatch") })
		if n := strings.Count(s.log.String(), `"Quarantined":1`); n != i+1 {
			t.Errorf("%d quarantined webhooks were counted, want %d", n, i+1)
		}
		e.Live = false
		s.want(e, "200 applied")
	}
	if strings.Count(s.log.String(), `"code":"webhook_stage_mismatch"`) != 4 {
		t.Error("no alarm")
	}
}

func TestConcurrentDuplicatesCountOnce(t *testing.T) {
	for _, provider := range app.Providers() {
		t.Run(provider, func(t *testing.T) {
			s := newShop(t, "payments")
			e := s.paid(provider)
			e.Member, e.Order = s.member, ""
			want := int64(whole)
			if provider == app.Adyen || provider == app.Shopify { // their events name an order and no member
				s.order("1042", "placed", `,"member":"`+s.member+`"`)
				e.Order = "1042"
			}
			h, body := s.signed(e)
			if provider == app.PayPal {
				s.paypal.store(t, e, noon)
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

func TestChangedContentUnderSameID(t *testing.T) {
	s := newShop(t, "payments")
	for _, provider := range []string{app.Stripe, app.Square, app.Standard} {
		e := s.paid(provider)
		e.ID = "evt_twice"
		s.want(e, "200 applied")
		e.Total, e.Amount = 999_900, 999_900
		s.unchanged(func() { s.want(e, "200 quarantined webhook_body_mismatch") })
	}
	// A field that changes with each attempt, such as pending_webhooks, does not make the content different.
	e := s.paid(app.Stripe)
	e.ID = "evt_twice"
	body, err := e.Body("")
	if err != nil {
		t.Fatal(err)
	}
	body = bytes.Replace(body, []byte(`"pending_webhooks":1`), []byte(`"pending_webhooks":0`), 1)
	h, err := e.Headers(settings()["corner"][app.Stripe], body, noon)
	if err != nil {
		t.Fatal(err)
	}
	s.expect(e.Path("corner"), h, body, "200 duplicate")
}

func TestInvalidBodies(t *testing.T) {
	s := newShop(t, "payments")
	c := settings()["corner"][app.Stripe]
	for name, x := range map[string]struct{ body, want string }{
		"too large": {`{"id":"` + strings.Repeat("x", 4<<20) + `"}`, "413 payload_too_large"},
		"no object": {`[]`, "200 quarantined malformed_json"},
		"null":      {`null`, "200 quarantined malformed_json"},
		"twice":     {`{"id":"evt_1","id":"evt_2"}`, "200 quarantined malformed_json"},
		"deep": {
			`{"id":"evt_1","x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`,
			"200 quarantined json_too_deep",
		},
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
	h.Set("Content-Type", "application/octet-stream") // API Gateway encodes this type as base64
	s.expect("/v1/webhooks/corner/stripe", h, body, "200 applied")
}
