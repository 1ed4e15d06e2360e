package stripe

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook/webhooktest"
)

func TestSignature(t *testing.T) {
	when := fmt.Sprint(webhooktest.At12.Unix())
	good := "v1=" + webhooktest.HexMAC(webhooktest.KeyA, when+"."+webhooktest.Body)
	bad := "v1=" + webhooktest.HexMAC(webhooktest.KeyB, when+"."+webhooktest.Body)
	stamp := "t=" + when
	p := newProvider(string(webhooktest.KeyA))
	for header, want := range map[string]error{
		stamp + "," + good:             nil,
		good + "," + stamp:             nil,
		stamp + ", " + good + ",v0=00": nil,
		stamp + "," + bad + "," + good: nil,
		stamp + strings.Repeat(","+bad, webhook.MaxSignatures-1) + "," + good: nil,
		stamp + strings.Repeat(","+bad, webhook.MaxSignatures) + "," + good:   webhook.ErrHeader,
		stamp + strings.Repeat(",v0=00", 20) + "," + good:                     nil,
		stamp + ",v1=zz," + good:                           nil,
		stamp + "," + bad:                                  webhook.ErrSignature,
		stamp + "," + strings.Replace(good, "v1", "v0", 1): webhook.ErrSignature,
		stamp + ",v1=zz":                                   webhook.ErrSignature,
		stamp:                                              webhook.ErrSignature,
		stamp + "," + stamp + "," + good:                   webhook.ErrHeader,
		stamp + ",x," + good:                               webhook.ErrHeader,
		good:                                               webhook.ErrHeader,
		"t=," + good:                                       webhook.ErrHeader,
		"t=now," + good:                                    webhook.ErrHeader,
		"":                                                 webhook.ErrMissing,
	} {
		webhooktest.CheckVerify(t, header, p, webhook.Header{"stripe-signature": header}, webhooktest.Body,
			webhooktest.At12, want)
	}
}

func newProvider(secrets ...string) webhook.Provider {
	return New(webhook.Connection{Processor: app.Processor{Secrets: secrets}})
}

// Thousands of signatures are rejected without checking them.
func TestTooManySignaturesCostNothing(t *testing.T) {
	p := newProvider("whsec_0123456789abcdef")
	h := webhook.Header{"stripe-signature": "t=1796126400" + strings.Repeat(",v1=00", 10_000)}
	n := testing.AllocsPerRun(10, func() {
		if err := webhooktest.Verify(p, h, "", webhooktest.At12); err != webhook.ErrHeader {
			t.Fatal(err)
		}
	})
	if n > 40 {
		t.Errorf("%v allocations", n)
	}
}

// A signed time is accepted up to five minutes before and after the clock, to the second.
func TestTimeOfSignature(t *testing.T) {
	p, now := newProvider(string(webhooktest.KeyA)), webhooktest.At12.Add(900*time.Millisecond)
	for at, want := range map[int64]error{
		0: nil, 300: nil, -300: nil, 301: webhook.ErrFuture, -301: webhook.ErrStale, 1 << 40: webhook.ErrHeader,
	} {
		when := fmt.Sprint(webhooktest.At12.Unix() + at)
		signature := webhooktest.HexMAC(webhooktest.KeyA, when+"."+webhooktest.Body)
		h := webhook.Header{"stripe-signature": "t=" + when + ",v1=" + signature}
		webhooktest.CheckVerify(t, when, p, h, webhooktest.Body, now, want)
	}
}
