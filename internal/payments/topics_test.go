package payments_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/sample"
	"github.com/perennial-loyalty/perennial/internal/service"
)

var quoted = regexp.MustCompile("`([^`]+)`")

// payment contains the topic with which each provider reports a payment.
var payment = map[string]string{
	app.Stripe: "payment_intent.succeeded", app.Shopify: "orders/paid", app.Square: "payment.updated",
	app.PayPal: "PAYMENT.CAPTURE.COMPLETED",
}

// effective contains the outcomes of events that have an effect.
var effective = []service.Outcome{service.Applied, service.DataRequested, service.ErasureRequested}

// topics returns the topics in the documentation, by provider.
func topics(t *testing.T) map[string][]string {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, ok := strings.Cut(string(readme), "Subscribe to these topics; others are acknowledged and ignored:\n")
	if !ok {
		t.Fatal("the README has no list of topics")
	}
	list, _, _ = strings.Cut(list, "| Adyen |") // Adyen has no topics
	found := map[string][]string{}
	for line := range strings.Lines(list) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || strings.TrimSpace(cells[1]) == "" || strings.Contains(cells[1], "---") {
			continue
		}
		provider := strings.ToLower(strings.TrimSpace(cells[1]))
		for _, m := range quoted.FindAllStringSubmatch(cells[2], -1) {
			found[provider] = append(found[provider], m[1])
		}
	}
	for _, provider := range []string{app.Stripe, app.Shopify, app.Square, app.PayPal} {
		if len(found[provider]) == 0 {
			t.Errorf("the README lists no topic of %s", provider)
		}
	}
	return found
}

// Each documented topic has an effect, and no other sample topic has one.
func TestDocumentedTopicsCount(t *testing.T) {
	listed := topics(t)
	for provider, types := range listed {
		for _, kind := range types {
			s := newShop(t, "payments")
			e := sample.Event{
				Provider: provider,
				Type:     kind,
				Order:    "1042",
				Member:   s.member,
				Email:    "ada@shop.test",
				At:       noon,
			}
			if provider == app.Shopify {
				e.Payment = "1042"
			}
			if paid := e; kind != payment[provider] {
				paid.Type = payment[provider]
				s.want(paid, "200 applied")
			}
			if got := s.deliver(e); got.status != 200 || len(got.received) != 1 ||
				!slices.Contains(effective, got.received[0].Outcome) {
				t.Errorf("%s %s: %s", provider, kind, got)
			}
			s.server.Close()
		}
	}
	for provider := range listed {
		for _, kind := range sample.Types(provider) {
			if slices.Contains(listed[provider], kind) {
				continue
			}
			s := newShop(t, "payments")
			e := sample.Event{
				Provider: provider,
				Type:     payment[provider],
				Order:    "1042",
				Payment:  "1042",
				Email:    "ada@shop.test",
				At:       noon,
			}
			s.want(e, "200 applied")
			e.Type = kind
			got := s.deliver(e)
			if got.status != 200 {
				t.Errorf("%s %s is not acknowledged: %s", provider, kind, got)
			}
			if len(got.received) == 1 && slices.Contains(effective, got.received[0].Outcome) {
				t.Errorf("%s %s counts, and the README does not list it", provider, kind)
			}
			s.server.Close()
		}
	}
}
