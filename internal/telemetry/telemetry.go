// Package telemetry writes what the functions report: one JSON line per request, which is also a metric record
// (CloudWatch's embedded metric format) if the request counted anything.
//
// It promises that a line holds only the fields that are named here: IDs, routes, codes, counts and durations. It
// deliberately has no way to log a body, a header or a person. Requests and their latency are no metrics here, because
// API Gateway and Lambda report both at no cost; they are fields of the line.
package telemetry

import (
	"context"
	"io"
	"log/slog"
	"time"
)

// NewLog makes a logger that writes lines of JSON. Every line names the stack, which is a dimension of its metrics.
func NewLog(w io.Writer, level slog.Leveler, stack string) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})).With(slog.String("stack", stack))
}

// An Origin says where a line comes from. Function and Version are dimensions of its metrics.
type Origin struct {
	RequestID string // of the request or the invocation
	Function  string // "earn"
	Version   string // the function's published version; "local" on one machine
}

// A Request describes one request after it was answered.
type Request struct {
	Origin
	Program  string    // empty if the caller was not recognized
	Key      string    // the API key's ID; likewise
	Route    string    // the pattern, never the path: paths name members
	Status   int       // of the response
	Code     string    // of the problem document; empty if there was none
	Replayed bool      // the response repeats an earlier one
	Counters *Counters // what the request counted; nil for nothing
	At       time.Time
	Took     time.Duration
}

// notConfigured is the one code with a status of 500 or more that is no failure: a webhook was sent to a connection
// that the merchant has not set up.
const notConfigured = "webhook_not_configured"

// Answered writes the line of a request, and counts it in Errors if it failed.
func Answered(ctx context.Context, log *slog.Logger, r Request) {
	if r.Counters == nil {
		r.Counters = new(Counters)
	}
	if r.Status >= 500 && r.Code != notConfigured {
		r.Counters.Add(Errors, 1)
	}
	attrs := append(make([]slog.Attr, 0, 12),
		slog.String("request_id", r.RequestID),
		slog.String("function", r.Function),
		slog.String("version", r.Version),
		slog.String("program", r.Program),
		slog.String("key", r.Key),
		slog.String("route", r.Route),
		slog.Int("status", r.Status),
		slog.Float64("latency_ms", float64(r.Took.Microseconds())/1000),
	)
	if r.Code != "" {
		attrs = append(attrs, slog.String("code", r.Code))
	}
	if r.Replayed {
		attrs = append(attrs, slog.Bool("replayed", true))
	}
	log.LogAttrs(ctx, slog.LevelInfo, "request answered", append(attrs, r.Counters.attrs(r.At)...)...)
}

// Counted writes the line of an invocation that answers no request: a queue's, a schedule's or a stream's. It writes
// nothing if nothing was counted.
func Counted(ctx context.Context, log *slog.Logger, o Origin, at time.Time, c *Counters) {
	counts := c.attrs(at)
	if len(counts) == 0 {
		return
	}
	attrs := []slog.Attr{
		slog.String("request_id", o.RequestID), slog.String("function", o.Function), slog.String("version", o.Version),
	}
	log.LogAttrs(ctx, slog.LevelInfo, "metrics", append(attrs, counts...)...)
}
