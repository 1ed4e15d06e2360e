package api

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/auth"
)

// TestKeyIsBoundToItsIPRanges covers attack 74: the address is that of the gateway's context. Headers do not change it.
func TestKeyIsBoundToItsIPRanges(t *testing.T) {
	w := newWorld(t, memory(t))
	for name, ranges := range map[string][]string{"here": {"203.0.113.0/24"}, "there": {"198.51.100.0/24"}} {
		full, _, err := w.app.Keys.CreateKey(t.Context(), auth.NewKey{
			Program: "bluebird", Scopes: []auth.Scope{auth.RewardsRead}, IPRanges: ranges,
		})
		if err != nil {
			t.Fatal(err)
		}
		w.keys[name] = full
	}
	for _, c := range []struct {
		key    string
		header map[string]string
		want   string
	}{
		{"here", nil, "200"},
		{"here", map[string]string{"X-Forwarded-For": "198.51.100.1"}, "200"},
		{"there", nil, "403 forbidden"},
		{"there", map[string]string{"X-Forwarded-For": "198.51.100.1"}, "403 forbidden"},
		{"there", map[string]string{"X-Real-IP": "198.51.100.1", "Forwarded": "for=198.51.100.1"}, "403 forbidden"},
	} {
		a := w.do(sentRequest{method: "GET", path: "/v1/rewards", key: c.key, header: c.header})
		if got := summary(a); got != c.want {
			t.Errorf("%s with %v: %s, want %s", c.key, c.header, got, c.want)
		}
	}
}

func TestRequestsRecordLastUseOfKey(t *testing.T) {
	w := newWorld(t, memory(t))
	w.recordKeyUse()
	used := func() (times []time.Time) {
		w.app.KeyUse.Wait()
		list, err := w.app.Keys.List(t.Context(), "bluebird")
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range list {
			if !k.LastUsedAt.IsZero() {
				times = append(times, k.LastUsedAt)
			}
		}
		return times
	}
	w.do(sentRequest{method: "GET", path: "/v1/rewards", key: "garbage"})
	w.do(sentRequest{method: "GET", path: "/v1/me", key: "member:cust-1"})
	if times := used(); len(times) != 0 {
		t.Errorf("requests without a valid key were recorded: %v", times)
	}
	w.must("GET", "/v1/rewards", "")
	if times := used(); len(times) != 1 || !times[0].Equal(start) {
		t.Errorf("the keys were used at %v, want %v", times, start)
	}
}
