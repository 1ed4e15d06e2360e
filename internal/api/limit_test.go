package api

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// adjust sends an adjustment with a limited key and returns the answer.
func (w *world) adjust(member string, points int, key string) answered {
	return w.do(sentRequest{
		method: "POST", path: "/v1/members/" + member + "/adjustments", key: "limited",
		header: map[string]string{"Idempotency-Key": "adjustment-number-" + key},
		body:   fmt.Appendf(nil, `{"points": %d, "reason": "a test of limits"}`, points),
	})
}

// limitedKey creates a key that may add 1,000 points per day.
func (w *world) limitedKey() {
	w.t.Helper()
	full, _, err := w.app.Keys.CreateKey(context.Background(), auth.NewKey{
		Program: "bluebird", Scopes: []auth.Scope{auth.AdjustmentsWrite}, DailyPoints: 1_000,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.keys["limited"] = full
}

func TestKeyAddsLimitedPointsPerDay(t *testing.T) {
	onBoth(t, func(t *testing.T, tab table.Table) {
		w := newWorld(t, tab)
		ada, ben := w.must("POST", "/v1/members", `{}`), w.must("POST", "/v1/members", `{}`)
		w.limitedKey()
		for _, c := range []struct {
			member string
			points int
			key    string
			want   string
		}{
			{ada, 600, "1", "201"},
			{ben, 401, "2", "429 rate_limited"}, // the limit is for all members together
			{ben, 400, "3", "201"},
			{ada, 1, "4", "429 rate_limited"},
			{ada, 600, "1", "201"},  // repeated
			{ada, -600, "5", "201"}, // a removal does not count, and returns nothing to the limit
			{ada, 1, "6", "429 rate_limited"},
		} {
			if got := summary(w.adjust(c.member, c.points, c.key)); got != c.want {
				t.Errorf("%d points with key %s: %s, want %s", c.points, c.key, got, c.want)
			}
		}
		a := w.adjust(ada, 1, "4")
		if wait := a.header["retry-after"]; wait != fmt.Sprint(14*60*60) {
			t.Errorf("at 10:00 in UTC, the answer says to wait for %s seconds", wait)
		}
		if !strings.Contains(w.log.String(), `"AdjustmentLimits":1`) {
			t.Error("the metric of the alarm is not counted")
		}
		w.advance(14*time.Hour - time.Millisecond)
		if got := summary(w.adjust(ada, 1, "7")); got != "429 rate_limited" {
			t.Errorf("at the end of the day: %s", got)
		}
		w.advance(time.Millisecond)
		if got := summary(w.adjust(ada, 1_000, "8")); got != "201" {
			t.Errorf("on the next day: %s", got)
		}
	})
}

func TestConcurrentAdjustmentsDoNotExceedLimit(t *testing.T) {
	w := openWorld(t, memory(t), nil, nil)
	w.limitedKey()
	var members []string
	for range 20 {
		members = append(members, w.must("POST", "/v1/members", `{}`))
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	count := map[string]int{}
	for i, m := range members {
		all.Go(func() {
			got := summary(w.adjust(m, 100, fmt.Sprint(i)))
			mu.Lock()
			defer mu.Unlock()
			count[got]++
		})
	}
	all.Wait()
	if count["201"] != 10 || count["429 rate_limited"] != 10 {
		t.Errorf("the answers to 20 adjustments of 100 points are %v", count)
	}
}
