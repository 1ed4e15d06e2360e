package stripe

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	stripelib "github.com/stripe/stripe-go/v82/webhook"

	"github.com/perennial-loyalty/perennial/internal/payments/webhook"
	"github.com/perennial-loyalty/perennial/internal/payments/webhook/webhooktest"
	"github.com/perennial-loyalty/perennial/internal/seedtest"
)

// signedHeader is a header as Stripe makes it.
func signedHeader(secret string, at time.Time, body string) string {
	when := strconv.FormatInt(at.Unix(), 10)
	return "t=" + when + ",v1=" + webhooktest.HexMAC([]byte(secret), when+"."+body)
}

// unusualTime matches a header whose time has a sign or a leading zero, which Stripe does not send.
var unusualTime = regexp.MustCompile(`(^|,)t=(\+|0)[0-9]+(,|$)`)

// The package rejects every request that Stripe's own library rejects. The library accepts three kinds of requests
// that the package rejects: signed times in the future, headers with two times or with a part without "=", and times
// like +1767225600, of which the library signs the number instead of the text.
func TestVerifyIsStricterThanLibrary(t *testing.T) {
	const secret = "whsec_0123456789abcdefghijklmnop"
	r := rand.New(rand.NewPCG(seedtest.Of(t), 1))
	p := newProvider(secret)
	library := map[error]int{} // requests that only the library accepts, by the package's error
	both := 0
	for range 20_000 {
		body := fmt.Sprintf(`{"id":"evt_%d"}`, r.IntN(100))
		age := time.Duration(r.IntN(800)-400) * time.Second
		// The library reads the machine's clock. Ages close to the limit are skipped, because a second could pass
		// between the two calls.
		now := time.Now()
		if abs := age.Abs(); abs > 297*time.Second && abs < 303*time.Second {
			continue
		}
		header := signedHeader(secret, now.Add(-age), body)
		if r.IntN(2) == 0 {
			header = webhooktest.Mutate(r, header)
		}
		ours := webhooktest.Verify(p, webhook.Header{"stripe-signature": header}, body, now)
		theirs := stripelib.ValidatePayload([]byte(body), header, secret)
		switch {
		case ours == nil && theirs != nil:
			t.Fatalf("accepted a request that the library rejects with %v: %s %s", theirs, header, body)
		case ours == nil:
			both++
		case theirs == nil && (ours != webhook.ErrSignature || !unusualTime.MatchString(header)):
			library[ours]++
		}
	}
	t.Logf("both accepted %d; only the library: %v", both, library)
	for err := range library {
		if err != webhook.ErrFuture && err != webhook.ErrHeader {
			t.Errorf("the library accepts requests that are rejected with %v", err)
		}
	}
	if both < 1000 || library[webhook.ErrFuture] == 0 {
		t.Errorf("the test is too narrow: %d %v", both, library)
	}
}

func TestRequestsThatOnlyLibraryAccepts(t *testing.T) {
	const body, secret = `{"id":"evt_1"}`, "whsec_0123456789abcdefghijklmnop"
	now := time.Now()
	good := signedHeader(secret, now, body)
	for _, c := range []struct {
		name, secret, header string
		want                 error
	}{
		{"an empty secret", "", signedHeader("", now, body), webhook.ErrConfig},
		{"ten years ahead", secret, signedHeader(secret, now.AddDate(10, 0, 0), body), webhook.ErrFuture},
		{"two times", secret, "t=1," + good, webhook.ErrHeader},
		{"a hundred signatures", secret, good + strings.Repeat(",v1=00", 99), webhook.ErrHeader},
	} {
		h := webhook.Header{"stripe-signature": c.header}
		webhooktest.CheckVerify(t, c.name, newProvider(c.secret), h, body, now, c.want)
		if err := stripelib.ValidatePayload([]byte(body), c.header, c.secret); err != nil {
			t.Errorf("%s: the library returns %v", c.name, err)
		}
	}
}
