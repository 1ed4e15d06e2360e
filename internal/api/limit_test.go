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
		if wait := a.header["retry-after"]; wait != fmt.Sprint(24*60*60) {
			t.Errorf("the answer says to wait for %s seconds", wait)
		}
		if !strings.Contains(w.log.String(), `"AdjustmentLimits":1`) {
			t.Error("the metric of the alarm is not counted")
		}
		w.advance(24*time.Hour - time.Millisecond)
		if got := summary(w.adjust(ada, 1, "7")); got != "429 rate_limited" {
			t.Errorf("just before 24 hours have passed: %s", got)
		}
		w.advance(time.Millisecond)
		if got := summary(w.adjust(ada, 1_000, "8")); got != "201" {
			t.Errorf("after 24 hours: %s", got)
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

// enroll enrolls a member through a device, with an API key or as the member.
func (w *world) enroll(i int, device string, self bool) string {
	r := sentRequest{
		method: "POST", path: "/v1/members", body: fmt.Appendf(nil, `{"external_id": "signup-%s-%d"}`, device, i),
		header: map[string]string{
			"Idempotency-Key": fmt.Sprintf("signup-number-%s-%d", device, i), "Perennial-Client": device,
		},
	}
	if self {
		r.method, r.path, r.body = "PUT", "/v1/me", []byte(`{}`)
		r.key = fmt.Sprintf("member:signup-%s-%d", device, i)
		r.header["Perennial-Client"] = fmt.Sprint(device, "-", i) // a script claims to be another device each time
	}
	return summary(w.do(r))
}

// TestDeviceCannotSignUpThousandMembers covers attack 57. After 20 enrollments from one device, or 100 from one IP
// address, further ones are rejected for an hour, and an alarm fires.
func TestDeviceCannotSignUpThousandMembers(t *testing.T) {
	w := openWorld(t, memory(t), nil, nil)
	for _, c := range []struct {
		device string
		self   bool
		want   int
	}{{"device-1", false, 20}, {"device-2", false, 20}, {"script", true, 100}} {
		count := map[string]int{}
		for i := range 1_000 {
			count[w.enroll(i, c.device, c.self)]++
		}
		if count["201"] != c.want || count["429 rate_limited"] != 1_000-c.want {
			t.Errorf("%s: the answers to 1,000 enrollments are %v", c.device, count)
		}
		w.advance(time.Hour)
		if got := w.enroll(1_000, c.device, c.self); got != "201" {
			t.Errorf("%s: after an hour: %s", c.device, got)
		}
	}
	if n := strings.Count(w.log.String(), `"EnrollmentLimits":1`); n != 980+980+900 {
		t.Errorf("the metric of the alarm is counted %d times", n)
	}
}

func TestMemberHasLimitedEvents(t *testing.T) {
	w := openWorld(t, memory(t), nil, nil)
	w.publish("bluebird", []byte(programSource(t, "generous")), 1)
	w.advance(time.Minute)
	ada, ben := w.must("POST", "/v1/members", `{}`), w.must("POST", "/v1/members", `{}`)
	event := func(i int, member string) string {
		return summary(w.do(sentRequest{
			method: "POST", path: "/v1/events",
			body: fmt.Appendf(
				nil, `{"id": "limit-%d", "type": "review.approved", "member": "%s", "at": "2026-12-01T09:00:00Z"}`,
				i, member,
			),
		}))
	}
	count := map[string]int{}
	for i := range 130 {
		count[event(i, ada)]++
	}
	if count["201"] != 60 || count["429 rate_limited"] != 70 {
		t.Errorf("the answers to 130 events are %v", count)
	}
	if got := event(1_000, ben); got != "201" {
		t.Errorf("an event of another member: %s", got)
	}
	w.advance(time.Minute)
	if got := event(130, ada); got != "201" {
		t.Errorf("after a minute: %s", got)
	}
}
