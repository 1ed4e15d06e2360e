// Package telemetry is how functions speak of themselves: one JSON line per request, which is a log entry and
// a metric record (CloudWatch's embedded metric format) at once.
//
// It promises that a line holds only what is named here: ids, routes, codes, counts and durations. It
// deliberately has no way to log a body, a header or a person.
package telemetry

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"time"
)

// Namespace is where CloudWatch files the metrics.
const Namespace = "Perennial"

// NewLog makes a logger that writes lines of JSON.
func NewLog(w io.Writer, level slog.Leveler) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}))
}

// A Request is what is said of one request after it was answered.
type Request struct {
	ID       string // of the request
	Function string
	Program  string // whose; empty if nobody was recognised
	Key      string // the API key's id; likewise
	Route    string // the pattern, never the path: paths name members
	Status   int
	Code     string // of the refusal; empty if there was none
	Replayed bool
	At       time.Time
	Took     time.Duration
}

// The metrics of a Request, by function. The specification of the format is
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
const metrics = `[{"Namespace":"` + Namespace + `","Dimensions":[["function"]],"Metrics":[` +
	`{"Name":"Requests","Unit":"Count"},{"Name":"Refusals","Unit":"Count"},` +
	`{"Name":"Errors","Unit":"Count"},{"Name":"Latency","Unit":"Milliseconds"}]}]`

// Answered writes the line of a request. A status of 500 and more counts as an error, of 400 and more as a
// refusal.
func Answered(ctx context.Context, log *slog.Logger, r Request) {
	if !log.Enabled(ctx, slog.LevelInfo) {
		return
	}
	attrs := []slog.Attr{
		slog.String("request_id", r.ID),
		slog.String("function", r.Function),
		slog.String("program", r.Program),
		slog.String("key", r.Key),
		slog.String("route", r.Route),
		slog.Int("status", r.Status),
		slog.Int("Requests", 1),
		slog.Int("Refusals", count(r.Status >= 400 && r.Status < 500)),
		slog.Int("Errors", count(r.Status >= 500)),
		slog.Float64("Latency", float64(r.Took.Microseconds())/1000),
		slog.Group("_aws",
			slog.Int64("Timestamp", r.At.UnixMilli()),
			slog.Any("CloudWatchMetrics", json.RawMessage(metrics))),
	}
	if r.Code != "" {
		attrs = append(attrs, slog.String("code", r.Code))
	}
	if r.Replayed {
		attrs = append(attrs, slog.Bool("replayed", true))
	}
	log.LogAttrs(ctx, slog.LevelInfo, "request answered", attrs...)
}

// Quarantined writes a line for an event of a payment processor that somebody must look at.
func Quarantined(ctx context.Context, log *slog.Logger, at time.Time, program, provider, event, code string) {
	log.LogAttrs(ctx, slog.LevelError, "a webhook was quarantined",
		slog.String("function", "webhooks"), slog.String("program", program), slog.String("provider", provider),
		slog.String("event", event), slog.String("code", code), slog.Int("Quarantined", 1),
		slog.Group("_aws",
			slog.Int64("Timestamp", at.UnixMilli()),
			slog.Any("CloudWatchMetrics", json.RawMessage(quarantined))))
}

const quarantined = `[{"Namespace":"` + Namespace + `","Dimensions":[["function"]],"Metrics":[{"Name":"Quarantined","Unit":"Count"}]}]`

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}
