package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"
)

var (
	at     = time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
	origin = Origin{RequestID: "r1", Function: "earn", Version: "7"}
)

// write returns the one line that f writes, or nil if it writes none.
func write(t *testing.T, f func(context.Context, *slog.Logger)) map[string]any {
	t.Helper()
	var out bytes.Buffer
	f(t.Context(), NewLog(&out, slog.LevelInfo, "perennial"))
	if out.Len() == 0 {
		return nil
	}
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	return line
}

func TestRequestLineCountsFailures(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		counts map[string]float64
	}{
		{201, "", nil},
		{409, "insufficient_points", nil},
		{500, "internal_error", map[string]float64{"Errors": 1}},
		{503, "temporarily_unavailable", map[string]float64{"Errors": 1}},
		{503, "webhook_not_configured", nil},
	} {
		line := write(t, func(ctx context.Context, log *slog.Logger) {
			Answered(ctx, log, Request{
				Origin: origin, Program: "bluebird", Key: "k1", Route: "PUT /v1/orders/{order}", Status: c.status,
				Code: c.code, At: at, Took: 1500 * time.Microsecond,
			})
		})
		want := map[string]any{
			"request_id": "r1", "function": "earn", "version": "7", "program": "bluebird", "key": "k1",
			"route": "PUT /v1/orders/{order}", "status": float64(c.status), "latency_ms": 1.5,
		}
		for name, value := range want {
			if line[name] != value {
				t.Errorf("%d: %s is %v, want %v", c.status, name, line[name], value)
			}
		}
		checkDocument(t, line, c.counts)
	}
}

func TestCountersAreReportedWithTheRequest(t *testing.T) {
	var c Counters
	ctx := WithCounters(t.Context(), &c)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { Count(ctx, Conflicts, 1) })
	}
	all.Wait()
	Count(ctx, Throttles, 2)
	line := write(t, func(ctx context.Context, log *slog.Logger) {
		Answered(ctx, log, Request{Origin: origin, Status: 503, Counters: &c, At: at})
	})
	checkDocument(t, line, map[string]float64{"Conflicts": 8, "Throttles": 2, "Errors": 1})
	if c.Value(Conflicts) != 8 || c.Value(Timeouts) != 0 {
		t.Errorf("%d conflicts, %d timeouts", c.Value(Conflicts), c.Value(Timeouts))
	}
}

func TestInvocationThatCountedNothingWritesNoLine(t *testing.T) {
	var c Counters
	counted := func(ctx context.Context, log *slog.Logger) { Counted(ctx, log, origin, at, &c) }
	if line := write(t, counted); line != nil {
		t.Errorf("wrote %v", line)
	}
	Count(t.Context(), Errors, 1) // no invocation
	c.Add(ScheduleLateSeconds, 0)
	checkDocument(t, write(t, counted), map[string]float64{"ScheduleLateSeconds": 0})
}

// checkDocument compares a line with the embedded metric format. CloudWatch silently drops a document whose metrics
// and dimensions are not members of the line.
func checkDocument(t *testing.T, line map[string]any, counts map[string]float64) {
	t.Helper()
	aws, _ := line["_aws"].(map[string]any)
	if counts == nil {
		if aws != nil {
			t.Errorf("a line without counts is a metric document: %v", line)
		}
		return
	}
	if aws["Timestamp"] != float64(at.UnixMilli()) {
		t.Errorf("the timestamp is %v", aws["Timestamp"])
	}
	directives, _ := aws["CloudWatchMetrics"].([]any)
	if len(directives) != 1 {
		t.Fatalf("there is not one directive: %v", line)
	}
	directive := directives[0].(map[string]any)
	if directive["Namespace"] != Namespace {
		t.Errorf("the namespace is %v", directive["Namespace"])
	}
	got := map[string]float64{}
	for _, m := range directive["Metrics"].([]any) {
		m := m.(map[string]any)
		name := m["Name"].(string)
		value, ok := line[name].(float64)
		if !ok || m["Unit"] != Metric(name).Unit() || !slices.Contains(Metrics(), Metric(name)) {
			t.Errorf("%v: %v", m, line[name])
		}
		got[name] = value
	}
	if !maps.Equal(got, counts) {
		t.Errorf("counts %v, want %v", got, counts)
	}
	var sets [][]string
	for _, set := range directive["Dimensions"].([]any) {
		var names []string
		for _, name := range set.([]any) {
			names = append(names, name.(string))
			if _, ok := line[name.(string)].(string); !ok {
				t.Errorf("the dimension %v has no value", name)
			}
		}
		sets = append(sets, names)
	}
	want := [][]string{{"stack"}, {"stack", "function"}, {"stack", "function", "version"}}
	if !slices.EqualFunc(sets, want, slices.Equal) || line["stack"] != "perennial" {
		t.Errorf("the dimensions are %v", sets)
	}
}

func TestHigherLevelWritesNoLine(t *testing.T) {
	var out bytes.Buffer
	Answered(t.Context(), NewLog(&out, slog.LevelWarn, "perennial"), Request{})
	if out.Len() != 0 {
		t.Errorf("wrote %s", out.String())
	}
}
