package standard

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook/webhooktest"
	"github.com/perennial-loyalty/perennial/internal/service"
)

func read(body string) (webhook.Event, error) {
	return New(webhook.Connection{}).Read(context.Background(), webhook.Message{ID: "msg1", Body: []byte(body)})
}

func TestEvents(t *testing.T) {
	const body = `{"type":"payment.captured","timestamp":"2026-12-01T12:00:00Z","live":false,"data":{"payment":"p1",` +
		`"id":"c1","status":"done",` +
		`"amount":5000,"currency":"EUR","shipping":300,"tax":500,"shipping_tax":50,"order":"1042",` +
		`"member":"external:ada","customer":"cus1","email":"ada@shop.test"}}`
	want := func() webhook.Event {
		return webhook.Event{
			ID:   "msg1",
			Type: "payment.captured",
			At:   webhooktest.At12,
			Live: webhooktest.NotLive(),
			Report: &webhook.Report{Address: "ada@shop.test", Report: service.Report{
				Payment: "standard:p1", Order: "1042", Member: "external:ada",
				Customer: "standard:cus1", Facts: []loyalty.Fact{{
					Kind: loyalty.FactCapture, ID: "c1", State: loyalty.FactDone, Money: webhooktest.EUR(5000),
					Clock: webhooktest.At12.UnixMilli(), At: webhooktest.At12,
					Shipping: 300, Tax: 500, ShippingTax: 50,
				}},
			}},
		}
	}
	kind := func(name string, k loyalty.FactKind, s loyalty.FactState) func(*webhook.Event) {
		return func(e *webhook.Event) { e.Type, e.Report.Facts[0].Kind, e.Report.Facts[0].State = name, k, s }
	}
	webhooktest.Run(t, read, body, want, []webhooktest.Edit{
		{Old: `"done"`, New: `"pending"`, Want: webhooktest.State(loyalty.FactPending)},
		{Old: `"done"`, New: `"failed"`, Want: webhooktest.State(loyalty.FactFailed)},
		{Old: `"done"`, New: `"open"`, Code: loyalty.ValidationFailed},
		{Old: `"done"`, New: `""`, Code: loyalty.ValidationFailed},
		{
			Old:  `payment.captured`,
			New:  `payment.refunded`,
			Want: kind("payment.refunded", loyalty.FactRefund, loyalty.FactDone),
		},
		{Old: `payment.captured`, New: `payment.disputed`, Code: loyalty.ValidationFailed},
		{
			Old:  `payment.captured`,
			New:  `payment.other`,
			Want: func(e *webhook.Event) { e.Type, e.Report = "payment.other", nil },
		},
		{Old: `"2026-12-01T12:00:00Z"`, New: `"2026-12-01"`, Code: loyalty.ValidationFailed},
		{Old: `,"live":false`, New: ``, Want: func(e *webhook.Event) { e.Live = nil }},
		{Old: `"p1"`, New: `""`, Code: loyalty.ValidationFailed},
		{Old: `"p1"`, New: `"p 1"`, Code: loyalty.ValidationFailed},
		{Old: `"c1"`, New: `""`, Code: loyalty.ValidationFailed},
		{Old: `"1042"`, New: `"10 42"`, Code: loyalty.ValidationFailed},
		{Old: `"external:ada"`, New: `"external ada"`, Code: loyalty.ValidationFailed},
		{Old: `"cus1"`, New: `"cus 1"`, Code: loyalty.ValidationFailed},
		{Old: `"cus1"`, New: `""`, Want: func(e *webhook.Event) { e.Report.Customer = "" }},
		{Old: `5000`, New: `-1`, Code: loyalty.AmountOutOfRange},
		{Old: `5000`, New: `0`, Want: webhooktest.NoFacts},
		{Old: `5000`, New: `"5000"`, Code: webhook.MalformedJSON},
		{Old: `"shipping":300`, New: `"shipping":-1`, Code: loyalty.ValidationFailed},
		{Old: `"shipping":300`, New: `"shipping":0`, Want: webhooktest.Fact(func(f *loyalty.Fact) { f.Shipping = 0 })},
		{Old: `"tax":500,"shipping_tax":50`, New: `"tax":-1,"shipping_tax":-2`, Code: loyalty.ValidationFailed},
		{
			Old:  `"tax":500,"shipping_tax":50`,
			New:  `"tax":0,"shipping_tax":0`,
			Want: webhooktest.Fact(func(f *loyalty.Fact) { f.Tax, f.ShippingTax = 0, 0 }),
		},
		{Old: `"shipping_tax":50`, New: `"shipping_tax":-1`, Code: loyalty.ValidationFailed},
		{
			Old:  `"shipping_tax":50`,
			New:  `"shipping_tax":500`,
			Want: webhooktest.Fact(func(f *loyalty.Fact) { f.ShippingTax = 500 }),
		},
		{Old: `"shipping_tax":50`, New: `"shipping_tax":501`, Code: loyalty.ValidationFailed},
	})
	dispute := strings.NewReplacer("payment.captured", "payment.disputed", `"done"`, `"open"`).Replace(body)
	wantDispute := func() webhook.Event {
		e := want()
		kind("payment.disputed", loyalty.FactDispute, loyalty.FactOpen)(&e)
		return e
	}
	webhooktest.Run(t, read, dispute, wantDispute, []webhooktest.Edit{
		{Old: `"open"`, New: `"won"`, Want: webhooktest.State(loyalty.FactWon)},
		{Old: `"open"`, New: `"lost"`, Want: webhooktest.State(loyalty.FactLost)},
		{Old: `"open"`, New: `"done"`, Code: loyalty.ValidationFailed},
	})
}

func TestSignature(t *testing.T) {
	when := fmt.Sprint(webhooktest.At12.Unix())
	good := "v1," + webhooktest.Base64MAC(webhooktest.KeyA, "m1."+when+"."+webhooktest.Body)
	bad := "v1," + webhooktest.Base64MAC(webhooktest.KeyB, "m1."+when+"."+webhooktest.Body)
	p := &provider{[][]byte{webhooktest.KeyA}}
	base := webhook.Header{"webhook-id": "m1", "webhook-timestamp": when, "webhook-signature": good}
	for _, c := range []struct {
		name, value string
		want        error
	}{
		{"webhook-signature", good, nil},
		{"webhook-signature", bad + " " + good, nil},
		{"webhook-signature", strings.Repeat(bad+" ", webhook.MaxSignatures-1) + good, nil},
		{"webhook-signature", strings.Repeat(bad+" ", webhook.MaxSignatures) + good, webhook.ErrHeader},
		{"webhook-signature", strings.Repeat("v1a,x ", webhook.MaxSignatures) + good, webhook.ErrHeader},
		{"webhook-signature", "v1,?? " + good, nil},
		{"webhook-signature", "v2," + good[3:], webhook.ErrSignature},
		{"webhook-signature", "v1,", webhook.ErrSignature},
		{"webhook-signature", good[3:], webhook.ErrSignature},
		{"webhook-signature", bad, webhook.ErrSignature},
		{"webhook-signature", "", webhook.ErrMissing},
		{"webhook-id", "", webhook.ErrMissing},
		{"webhook-id", "m2", webhook.ErrSignature},
		{"webhook-id", "m 1", webhook.ErrHeader},
		{"webhook-timestamp", "", webhook.ErrMissing},
		{"webhook-timestamp", "soon", webhook.ErrHeader},
	} {
		h := maps.Clone(base)
		h[c.name] = c.value
		webhooktest.CheckVerify(t, c.name+": "+c.value, p, h, webhooktest.Body, webhooktest.At12, c.want)
	}
}

// A signed time is accepted up to five minutes before and after the clock, to the second.
func TestTimeOfSignature(t *testing.T) {
	p, now := &provider{[][]byte{webhooktest.KeyA}}, webhooktest.At12.Add(900*time.Millisecond)
	for at, want := range map[int64]error{
		0: nil, 300: nil, -300: nil, 301: webhook.ErrFuture, -301: webhook.ErrStale, 1 << 40: webhook.ErrHeader,
	} {
		when := fmt.Sprint(webhooktest.At12.Unix() + at)
		signature := webhooktest.Base64MAC(webhooktest.KeyA, "m1."+when+"."+webhooktest.Body)
		h := webhook.Header{"webhook-id": "m1", "webhook-timestamp": when, "webhook-signature": "v1," + signature}
		webhooktest.CheckVerify(t, when, p, h, webhooktest.Body, now, want)
	}
}
