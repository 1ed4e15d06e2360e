package api

import (
	"strings"
	"testing"
	"time"
)

func TestGuestsAreLimitedByIPAddress(t *testing.T) {
	w := newWorld(t, memory(t))
	quote := []byte(`{"currency": "EUR", "line_items": [{"id": "1", "quantity": 1, "amount": 100}]}`)
	n := 0
	send := func() answered { // from one address, with a different header each time, alternately on both routes
		n++
		r := sentRequest{method: "GET", path: "/v1/programs/bluebird/rewards", key: "none"}
		if n%2 == 0 {
			r.method, r.path, r.body = "POST", "/v1/programs/bluebird/quotes", quote
		}
		r.header = map[string]string{"X-Forwarded-For": "198.51.100." + string('0'+rune(n%10))}
		return w.do(r)
	}
	for i := range 60 {
		if got := summary(send()); got != "200" {
			t.Fatalf("request %d: %s", i+1, got)
		}
	}
	if a := send(); summary(a) != "429 rate_limited" || a.header["retry-after"] != "1" {
		t.Errorf("request 61: %s, retry after %s", summary(a), a.header["retry-after"])
	}
	w.advance(time.Second - time.Millisecond)
	if got := summary(send()); got != "429 rate_limited" {
		t.Errorf("before a second has passed: %s", got)
	}
	w.advance(time.Millisecond)
	for _, want := range []string{"200", "429 rate_limited"} {
		if got := summary(send()); got != want {
			t.Errorf("after a second: %s, want %s", got, want)
		}
	}
	if got := summary(w.do(sentRequest{method: "GET", path: "/v1/rewards"})); got != "200" {
		t.Errorf("a key at the same address: %s", got)
	}
	w.advance(time.Minute)
	for i := range 60 {
		if got := summary(send()); got != "200" {
			t.Fatalf("request %d of the next minute: %s", i+1, got)
		}
	}
}

// TestPagesOfAllowedOriginsCallRoutesOfGuests covers attack 73 for guests.
func TestPagesOfAllowedOriginsCallRoutesOfGuests(t *testing.T) {
	w := newWorld(t, memory(t))
	const shop, evil = "https://shop.example", "https://evil.example"
	if err := w.tokens.AddOrigin(t.Context(), "bluebird", shop); err != nil {
		t.Fatal(err)
	}
	for origin, permitted := range map[string]string{shop: shop, evil: "", "null": ""} {
		header := map[string]string{"Origin": origin}
		a := w.do(sentRequest{method: "GET", path: "/v1/programs/bluebird/rewards", key: "none", header: header})
		if got := a.header["access-control-allow-origin"]; a.status != 200 || got != permitted ||
			a.header["vary"] != "origin" || a.header["access-control-allow-credentials"] != "" {
			t.Errorf("from %s: %d, permits %q, varies by %q", origin, a.status, got, a.header["vary"])
		}
	}
}

func TestUnchangedRewardsAreNotSentAgain(t *testing.T) {
	w := newWorld(t, memory(t))
	get := func(held string) answered {
		header := map[string]string{"If-None-Match": held}
		return w.do(sentRequest{method: "GET", path: "/v1/programs/bluebird/rewards", key: "none", header: header})
	}
	first := get("-")
	tag := first.header["etag"]
	if first.status != 200 || len(tag) != 18 || first.header["cache-control"] != "public, max-age=60" {
		t.Fatalf("%d, %v", first.status, first.header)
	}
	for held, want := range map[string]int{
		tag: 304, "W/" + tag: 304, `"other", ` + tag: 304, "*": 304, `"other"`: 200, tag[1:17]: 200,
	} {
		a := get(held)
		if a.status != want || a.header["etag"] != tag || (want == 304) != (len(a.body) == 0) {
			t.Errorf("with %s: %d, %v, %d bytes", held, a.status, a.header, len(a.body))
		}
	}
	w.publish("bluebird", []byte(strings.Replace(plainSource(t), "cost: 500", "cost: 501", 1)), 1)
	w.app.Programs.Forget("bluebird")
	if a := get(tag); a.status != 200 || a.header["etag"] == tag {
		t.Errorf("after a publication: %d, %v", a.status, a.header)
	}
}
