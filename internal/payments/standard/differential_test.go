package standard

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardlib "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook/webhooktest"
	"github.com/perennial-loyalty/perennial/internal/seedtest"
)

func signedHeader(key []byte, id string, at time.Time, body string) webhook.Header {
	when := strconv.FormatInt(at.Unix(), 10)
	return webhook.Header{
		"webhook-id": id, "webhook-timestamp": when,
		"webhook-signature": "v1," + webhooktest.Base64MAC(key, id+"."+when+"."+body),
	}
}

// The package rejects every request that the library of Standard Webhooks rejects. The library accepts times like
// +1614265330 and 01614265330, of which it signs the number instead of the text.
func TestVerifyIsStricterThanLibrary(t *testing.T) {
	r := rand.New(rand.NewPCG(seedtest.Of(t), 1))
	key := []byte("0123456789abcdefghijklmnopqrstuv")
	p := &provider{[][]byte{key}}
	library, err := standardlib.NewWebhook("whsec_" + base64.StdEncoding.EncodeToString(key))
	if err != nil {
		t.Fatal(err)
	}
	both, laxer := 0, map[string]int{} // requests that only the library accepts, by the changed header
	for range 20_000 {
		body := fmt.Sprintf(`{"n":%d}`, r.IntN(100))
		age := time.Duration(r.IntN(800)-400) * time.Second
		if abs := age.Abs(); abs > 297*time.Second && abs < 303*time.Second {
			continue
		}
		now := time.Now()
		h := signedHeader(key, fmt.Sprint("msg_", r.IntN(1000)), now.Add(-age), body)
		name := []string{"webhook-id", "webhook-timestamp", "webhook-signature", ""}[r.IntN(4)]
		if name != "" {
			h[name] = strings.ReplaceAll(webhooktest.Mutate(r, h[name]), ",v1,", " v1,")
		}
		ours, theirs := webhooktest.Verify(p, h, body, now), library.Verify([]byte(body), httpHeader(h))
		switch {
		case ours == nil && theirs != nil:
			t.Fatalf("accepted a request that the library rejects with %v: %v %s", theirs, h, body)
		case ours == nil:
			both++
		case theirs == nil:
			laxer[name]++
		}
	}
	t.Logf("both accepted %d; only the library: %v", both, laxer)
	delete(laxer, "webhook-timestamp")
	if len(laxer) > 0 || both < 1000 {
		t.Errorf("%d accepted by both, %v only by the library", both, laxer)
	}
}

func TestOnlyLibraryAcceptsEmptySecret(t *testing.T) {
	library, err := standardlib.NewWebhook("")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	h := signedHeader(nil, "msg_1", now, "{}")
	p := New(webhook.Connection{Processor: app.Processor{Secrets: []string{""}}})
	webhooktest.CheckVerify(t, "an empty secret", p, h, "{}", now, webhook.ErrConfig)
	if err := library.Verify([]byte("{}"), httpHeader(h)); err != nil {
		t.Errorf("the library returns %v", err)
	}
}

func httpHeader(h webhook.Header) http.Header {
	header := http.Header{}
	for name, value := range h {
		header.Set(name, value)
	}
	return header
}
