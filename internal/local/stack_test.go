package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/jobs"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/local/gateway/gatewaytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// frozenStack returns a stack in memory whose clock is frozen at noon.
func frozenStack(t *testing.T, changes ...func(*Options)) (*Stack, *loyalty.Program, *httptest.Server, string) {
	t.Helper()
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	stack, p, key := newStack(t, tab, NewClock(noon), changes...)
	server := httptest.NewServer(stack)
	t.Cleanup(func() {
		server.Close()
		if err := stack.Close(); err != nil {
			t.Error(err)
		}
		tab.Close()
	})
	return stack, p, server, key
}

// kinds returns the kinds of a member's stored entries, oldest first. Reading them does not settle the account.
func kinds(t *testing.T, s *Stack, m loyalty.MemberID) (list []string) {
	t.Helper()
	for e, err := range s.App.Statements.List(t.Context(), "bluebird", m, 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		list = append([]string{fmt.Sprintf("%s %s %d", e.Recorded.Format("01-02T15:04"), e.Kind, e.Points)}, list...)
	}
	return list
}

func advance(t *testing.T, server *httptest.Server, by string) time.Time {
	t.Helper()
	resp, body := gatewaytest.Do(
		t, "POST", server.URL+"/v1/test/clock", `{"advance":"`+by+`"}`, "Content-Type", "application/json",
	)
	var out clockAnswer
	if err := json.Unmarshal([]byte(body), &out); err != nil || resp.StatusCode != 200 {
		t.Fatalf("%d %s %v", resp.StatusCode, body, err)
	}
	return out.Now
}

func TestAdvancingClockActivatesPointsAndExpiresReservations(t *testing.T) {
	stack, p, server, key := frozenStack(t)
	m := memberID(1)
	enroll(t, stack, p, 1)
	headers := []string{
		"Authorization", "Bearer " + key, "Content-Type", "application/json", "Idempotency-Key", "an-hour-and-a-half",
	}
	resp, body := gatewaytest.Do(t, "PUT",
		server.URL+"/v1/orders/1", `{"member":"`+string(m)+`","placed_at":"2026-12-01T11:00:00Z","currency":"EUR",`+
			`"status":"paid","line_items": [{"id":"1","category":"mugs","quantity":1,"amount":40000}]}`, headers...)
	if resp.StatusCode != 201 {
		t.Fatal(resp.StatusCode, body)
	}
	if now := advance(t, server, "14d"); !now.Equal(noon.AddDate(0, 0, 14)) {
		t.Errorf("the clock is at %s", now)
	}
	// The schedule at 11:05 found the points that became active at 11:00, not the schedule at 12:05.
	want := []string{"12-01T12:00 enroll 0", "12-01T12:00 earn 50", "12-01T12:00 earn 400", "12-15T11:05 activate 0"}
	if d := cmp.Diff(want, kinds(t, stack, m)); d != "" {
		t.Error(d)
	}
	resp, body = gatewaytest.Do(
		t, "POST", server.URL+"/v1/redemptions", `{"member":"`+string(m)+`","reward":"free-shipping"}`, headers...,
	)
	if resp.StatusCode != 201 {
		t.Fatal(resp.StatusCode, body)
	}
	advance(t, server, "29m")
	if got := len(kinds(t, stack, m)); got != 5 {
		t.Errorf("after 29 minutes there are %d entries: %v", got, kinds(t, stack, m))
	}
	advance(t, server, "2h")
	want = append(want, "12-15T12:00 reserve -300", "12-15T13:05 release 300")
	if d := cmp.Diff(want, kinds(t, stack, m)); d != "" {
		t.Error(d)
	}
	for shard := range stored.Shards {
		for d := range stack.App.DueQueue.From(t.Context(), "bluebird", shard, "", stack.clock.Now()) {
			t.Errorf("%s is still due", d.Member)
		}
	}
	if d := cmp.Diff(map[string]int{jobs.ReassessQueue: 0, jobs.RemindQueue: 0}, stack.Dead()); d != "" {
		t.Error(d)
	}
}

func TestLongAndShortStepsRunSameSchedules(t *testing.T) {
	fired := func(steps int) (list []string) {
		s := &scheduler{
			clock: NewClock(noon), queues: newQueues(slog.New(slog.DiscardHandler)), fired: noon,
			moved: make(chan struct{}, 1), settle: func() {},
		}
		for i, minute := range []int{0, 35} {
			s.timers = append(s.timers, timer{
				fmt.Sprint(i), minute,
				invoked(func(_ context.Context, payload []byte) ([]byte, error) {
					list = append(list, string(payload)+s.clock.Now().String())
					return nil, nil
				}),
				nil,
			})
		}
		for range steps {
			if err := s.advance(t.Context(), 100*time.Hour/time.Duration(steps)); err != nil {
				t.Fatal(err)
			}
		}
		return list
	}
	once := fired(1)
	if len(once) != 200 || !strings.Contains(once[199], "2026-12-05T16:00:00Z") {
		t.Errorf("%d schedules fired, the last %s", len(once), once[len(once)-1])
	}
	if d := cmp.Diff(once, fired(1000)); d != "" {
		t.Error(d)
	}
}

func TestClockRejectsInvalidAdvance(t *testing.T) {
	_, _, server, _ := frozenStack(t)
	for _, body := range []string{
		`{"advance":"-1h"}`, `{"advance":"0s"}`, `{"advance":"1y"}`, `{"advance":"6000d"}`, `{"back":"1d"}`, `[]`, ``,
	} {
		resp, answer := gatewaytest.Do(t, "POST", server.URL+"/v1/test/clock", body, "Content-Type", "application/json")
		checkProblem(t, resp, answer, 400, "invalid_parameter")
	}
	// A page of another origin can send this request without a preflight, so it must have no effect.
	resp, answer := gatewaytest.Do(
		t, "POST", server.URL+"/v1/test/clock", `{"advance":"1d"}`, "Content-Type", "text/plain",
	)
	checkProblem(t, resp, answer, 400, "invalid_parameter")
	resp, answer = gatewaytest.Do(t, "PUT", server.URL+"/v1/test/clock", `{}`)
	checkProblem(t, resp, answer, 405, "method_not_allowed")
	_, answer = gatewaytest.Do(t, "GET", server.URL+"/v1/test/clock", "")
	if answer != `{"now":"2026-12-01T12:00:00Z"}` {
		t.Error(answer)
	}
}

func TestRunningClockRunsSchedules(t *testing.T) {
	clock := NewClock(time.Time{})
	start := clock.Now()
	clock.Skip(start.Truncate(time.Hour).Add(2*time.Hour - 50*time.Millisecond).Sub(start)) // just before a full hour
	s := &scheduler{
		clock: clock, queues: newQueues(slog.New(slog.DiscardHandler)), fired: clock.Now(),
		moved: make(chan struct{}, 1), settle: func() {},
	}
	fired := make(chan string, 1)
	s.timers = []timer{{"reassess", 0, invoked(func(_ context.Context, payload []byte) ([]byte, error) {
		fired <- string(payload)
		return nil, nil
	}), nil}}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { s.run(ctx) })
	select {
	case payload := <-fired:
		if !strings.Contains(payload, ":00:00Z") {
			t.Errorf("the event is %s", payload)
		}
	case <-time.After(10 * time.Second):
		t.Error("no schedule ran")
	}
	stop()
	running.Wait()
}

func TestFailedMessageIsRedeliveredAndThenSetAside(t *testing.T) {
	q := newQueues(slog.New(slog.DiscardHandler))
	received := map[string]int{}
	q.handle("work", invoked(func(_ context.Context, payload []byte) ([]byte, error) {
		var e events.SQSEvent
		if err := json.Unmarshal(payload, &e); err != nil {
			return nil, err
		}
		answer := events.SQSEventResponse{}
		for _, m := range e.Records {
			received[m.Body]++
			if m.Body == "poison" || m.Body == "late" && received["late"] < 3 {
				answer.BatchItemFailures = append(
					answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: m.MessageId},
				)
			}
		}
		return json.Marshal(answer)
	}))
	q.handle("broken", invoked(func(context.Context, []byte) ([]byte, error) {
		received["broken"]++
		return nil, errors.New("no")
	}))
	if err := errors.Join(
		q.Send(t.Context(), "work", "good", "poison", "late"), q.Send(t.Context(), "broken", "any"),
	); err != nil {
		t.Fatal(err)
	}
	q.drain()
	if d := cmp.Diff(
		map[string]int{"good": 1, "poison": maxReceives, "late": 3, "broken": maxReceives}, received,
	); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]int{"work": 1, "broken": 1}, q.dead()); d != "" {
		t.Error(d)
	}
	if err := q.Send(t.Context(), "nowhere", "x"); err == nil {
		t.Error("a message was sent to an unknown queue")
	}
}

func TestGatewayProblemsMatchAPI(t *testing.T) {
	_, _, server, key := frozenStack(t)
	names := func(path string) string {
		_, body := gatewaytest.Do(t, "GET", server.URL+path, "", "Authorization", "Bearer "+key)
		var p map[string]any
		if err := json.Unmarshal([]byte(body), &p); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(
			p["type"], p["title"], p["status"], p["code"], p["errors"], len(p),
			p["instance"] == fmt.Sprint("urn:perennial:request:", p["request_id"]),
		)
	}
	if own, apis := names("/v1/nothing"), names("/v1/members/mem_nobody"); own != apis {
		t.Errorf("the gateway returns %s and the API %s", own, apis)
	}
}
