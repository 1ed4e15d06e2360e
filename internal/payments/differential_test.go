package payments

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	standardlib "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stripe/stripe-go/v82/webhook"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/seedtest"
)

// stripeSigned is a header as Stripe makes it.
func stripeSigned(secret string, at time.Time, body []byte) string {
	when := strconv.FormatInt(at.Unix(), 10)
	return "t=" + when + ",v1=" + hex.EncodeToString(sum([]byte(secret), []byte(when+"."), body))
}

// mutated changes a header, or a body, in one of the ways in which senders and attackers do.
func mutated(r *rand.Rand, s string) string {
	if s == "" {
		return "x"
	}
	i := r.IntN(len(s))
	switch r.IntN(8) {
	case 0:
		return s[:i] + s[i+1:]
	case 1:
		return s[:i] + string(rune(33+r.IntN(90))) + s[i:]
	case 2:
		return s[:i] + string(rune(33+r.IntN(90))) + s[i+1:]
	case 3:
		return s + "," + s
	case 4:
		return strings.ReplaceAll(s, "v1=", "v0=")
	case 5:
		return s[:i]
	case 6:
		return strings.ToUpper(s)
	}
	return s
}

// oddTime is a header whose time is a number, written as nobody writes it.
var oddTime = regexp.MustCompile(`(^|,)t=(\+|0)[0-9]+(,|$)`)

// Whatever Stripe's own library refuses, we refuse. Where it is laxer is listed here, and nothing else may be.
func TestStripeIsVerifiedAsItsLibraryDoesOrMoreStrictly(t *testing.T) {
	const secret = "whsec_0123456789abcdefghijklmnop"
	r := rand.New(rand.NewPCG(seedtest.Of(t), 1))
	laxer := map[string]int{}
	both := 0
	for range 20_000 {
		body := []byte(fmt.Sprintf(`{"id":"evt_%d"}`, r.IntN(100)))
		age := time.Duration(r.IntN(800)-400) * time.Second
		// The library reads the machine's clock, so that ours is set to it; seconds that are the limit itself could
		// pass between the two.
		now := time.Now()
		if abs := age.Abs(); abs > 297*time.Second && abs < 303*time.Second {
			continue
		}
		header := stripeSigned(secret, now.Add(-age), body)
		if r.IntN(2) == 0 {
			header = mutated(r, header)
		}
		ours := stripe{plain([]string{secret})}.verify(headers{"stripe-signature": header}, body, now)
		theirs := webhook.ValidatePayload(body, header, secret)
		switch {
		case ours == nil && theirs != nil:
			t.Fatalf("we accept what Stripe's library refuses with %v: %s %s", theirs, header, body)
		case ours == nil:
			both++
		case theirs == nil && verdict(ours) == "reject:signature" && oddTime.MatchString(header):
			laxer["reject:signature of a time written in another way"]++
		case theirs == nil:
			laxer[verdict(ours)]++
		}
	}
	t.Logf("both accepted %d; the library alone, by why we did not: %v", both, laxer)
	for why := range laxer {
		// From the future; twice a time, or a part without "=", which it passes over; a time like +1767225600, of which it
		// signs what it reads and not what is written.
		if why != "reject:future" && why != "reject:header" && why != "reject:signature of a time written in another way" {
			t.Errorf("the library is laxer where we say %s", why)
		}
	}
	if both < 1000 || laxer["reject:future"] == 0 {
		t.Errorf("the test is too narrow: %d %v", both, laxer)
	}
}

func TestWhereStripesLibraryIsLaxerThanWe(t *testing.T) {
	body, now := []byte(`{"id":"evt_1"}`), time.Now()
	good := stripeSigned("whsec_0123456789abcdefghijklmnop", now, body)
	for _, c := range []struct{ name, secret, header, ours string }{
		{"an empty secret", "", stripeSigned("", now, body), "reject:config"},
		{"ten years ahead", "whsec_0123456789abcdefghijklmnop", stripeSigned("whsec_0123456789abcdefghijklmnop", now.AddDate(10, 0, 0), body), "reject:future"},
		{"two times, of which the last counts", "whsec_0123456789abcdefghijklmnop", "t=1," + good, "reject:header"},
		{"a hundred signatures", "whsec_0123456789abcdefghijklmnop", good + strings.Repeat(",v1=00", 99), "reject:header"},
	} {
		ours := verdict(stripe{plain([]string{c.secret})}.verify(headers{"stripe-signature": c.header}, body, now))
		if theirs := webhook.ValidatePayload(body, c.header, c.secret); ours != c.ours || theirs != nil {
			t.Errorf("%s: ours is %s, the library's %v", c.name, ours, theirs)
		}
	}
}

func standardSigned(key []byte, id string, at time.Time, body []byte) headers {
	when := strconv.FormatInt(at.Unix(), 10)
	return headers{
		"webhook-id": id, "webhook-timestamp": when,
		"webhook-signature": "v1," + base64.StdEncoding.EncodeToString(sum(key, []byte(id+"."+when+"."), body)),
	}
}

func TestStandardWebhooksAreVerifiedAsTheLibraryDoesOrMoreStrictly(t *testing.T) {
	r := rand.New(rand.NewPCG(seedtest.Of(t), 1))
	key := []byte("0123456789abcdefghijklmnopqrstuv")
	library, err := standardlib.NewWebhook("whsec_" + base64.StdEncoding.EncodeToString(key))
	if err != nil {
		t.Fatal(err)
	}
	both, laxer := 0, map[string]int{}
	for range 20_000 {
		body := []byte(fmt.Sprintf(`{"n":%d}`, r.IntN(100)))
		age := time.Duration(r.IntN(800)-400) * time.Second
		if abs := age.Abs(); abs > 297*time.Second && abs < 303*time.Second {
			continue
		}
		now := time.Now()
		h := standardSigned(key, fmt.Sprint("msg_", r.IntN(1000)), now.Add(-age), body)
		name := []string{"webhook-id", "webhook-timestamp", "webhook-signature", ""}[r.IntN(4)]
		if name != "" {
			h[name] = strings.ReplaceAll(mutated(r, h[name]), ",v1,", " v1,")
		}
		theirHeaders := http.Header{}
		for name, value := range h {
			theirHeaders.Set(name, value)
		}
		ours, theirs := standard{[][]byte{key}}.verify(h, body, now), library.Verify(body, theirHeaders)
		switch {
		case ours == nil && theirs != nil:
			t.Fatalf("we accept what the library refuses with %v: %v %s", theirs, h, body)
		case ours == nil:
			both++
		case theirs == nil:
			laxer[name]++
		}
	}
	t.Logf("both accepted %d; the library alone, by what was changed: %v", both, laxer)
	delete(laxer, "webhook-timestamp") // of which it signs the number: +1614265330 and 01614265330 are the same to it
	if len(laxer) > 0 || both < 1000 {
		t.Errorf("%d accepted by both, %v by the library alone", both, laxer)
	}
	empty, err := standardlib.NewWebhook("")
	if err != nil {
		t.Fatal(err)
	}
	h, body, now := standardSigned(nil, "msg_1", time.Now(), []byte("{}")), []byte("{}"), time.Now()
	theirs := empty.Verify(body, http.Header{"Webhook-Id": {h["webhook-id"]}, "Webhook-Timestamp": {h["webhook-timestamp"]}, "Webhook-Signature": {h["webhook-signature"]}})
	if ours := verdict(standard{keysOf([]string{""}, app.StandardKey)}.verify(h, body, now)); theirs != nil || ours != "reject:config" {
		t.Errorf("an empty secret: ours is %s, the library's %v", ours, theirs)
	}
}
