package telemetry

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"
	"time"
)

func TestALineIsALogEntryAndAMetricRecord(t *testing.T) {
	for _, c := range []struct {
		status           int
		refusals, errors float64
	}{{201, 0, 0}, {409, 1, 0}, {503, 0, 1}} {
		var out bytes.Buffer
		Answered(t.Context(), NewLog(&out, slog.LevelInfo), Request{
			ID: "r1", Function: "earn", Program: "bluebird", Key: "k1", Route: "PUT /v1/orders/{order}", Status: c.status,
			At: time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC), Took: 1500 * time.Microsecond,
		})
		var line map[string]any
		if err := json.Unmarshal(out.Bytes(), &line); err != nil {
			t.Fatalf("%v: %s", err, out.String())
		}
		want := map[string]any{
			"request_id": "r1", "function": "earn", "program": "bluebird", "key": "k1", "route": "PUT /v1/orders/{order}",
			"status": float64(c.status), "Requests": 1.0, "Refusals": c.refusals, "Errors": c.errors, "Latency": 1.5,
		}
		for name, value := range want {
			if line[name] != value {
				t.Errorf("%d: %s is %v, want %v", c.status, name, line[name], value)
			}
		}
		checkFormat(t, line)
	}
}

// checkFormat holds a line against the embedded metric format: what it names as metrics and dimensions must stand
// in the line, or CloudWatch drops it in silence.
func checkFormat(t *testing.T, line map[string]any) {
	t.Helper()
	aws, _ := line["_aws"].(map[string]any)
	if aws["Timestamp"] != 1796119200000.0 {
		t.Errorf("the timestamp is %v", aws["Timestamp"])
	}
	directives, _ := aws["CloudWatchMetrics"].([]any)
	if len(directives) != 1 {
		t.Fatalf("no directive: %v", aws)
	}
	directive := directives[0].(map[string]any)
	for _, m := range directive["Metrics"].([]any) {
		if _, ok := line[m.(map[string]any)["Name"].(string)].(float64); !ok {
			t.Errorf("the metric %v has no number", m)
		}
	}
	for _, set := range directive["Dimensions"].([]any) {
		for _, name := range set.([]any) {
			if _, ok := line[name.(string)].(string); !ok {
				t.Errorf("the dimension %v has no value", name)
			}
		}
	}
}

func TestALevelAboveKeepsStill(t *testing.T) {
	var out bytes.Buffer
	Answered(t.Context(), NewLog(&out, slog.LevelWarn), Request{})
	if out.Len() != 0 {
		t.Errorf("wrote %s", out.String())
	}
}
