// Package telemetry writes the logs of functions: one JSON line per request, which is also a metric record
// (CloudWatch's embedded metric format) if the request counted a metric.
//
// A line contains only the fields that are defined here: IDs, routes, codes, counts and durations. The package
// deliberately provides no way to log a body, a header or a person. Requests and their latency are not metrics,
// because API Gateway and Lambda report both at no cost; they are fields of the line.
package telemetry

import (
	"context"
	"io"
	"log/slog"
	"time"
)

// NewLog returns a logger that writes lines of JSON. Every line contains the stack, which is a dimension of its
// metrics.
func NewLog(w io.Writer, level slog.Leveler, stack string) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})).With(slog.String("stack", stack))
}

// An Origin identifies the function and the request that wrote a log line. Function and Version are dimensions of the
// metrics in the line.
type Origin struct {
	RequestID string // the ID of the request or the invocation
	Function  string // the name of the function, such as "earn"
	Version   string // the function's published version; "local" on one machine
}

// A Request describes a completed request.
type Request struct {
	Origin
	Program  string    // empty if the caller was not authenticated
	Key      string    // the API key's ID; empty if the caller was not authenticated
	Route    string    // the pattern of the route, not the path, because paths contain member IDs
	Status   int       // the HTTP status of the response
	Code     string    // the code of the problem document; empty if there was none
	Replayed bool      // the response repeats an earlier one
	Counters *Counters // the metrics of the request; nil for none
	At       time.Time
	Took     time.Duration
}

// notConfigured is the only code with a status of 500 or more that does not count as a failure. It is returned if a
// webhook is sent to a connection that the merchant has not configured.
const notConfigured = "webhook_not_configured"

// Answered writes the log line of a request, and counts the request in Errors if it failed.
func Answered(ctx context.Context, log *slog.Logger, r Request) {
	if r.Counters == nil {
		r.Counters = new(Counters)
	}
	if r.Status >= 500 && r.Code != notConfigured {
		r.Counters.Add(Errors, 1)
	}
	if !log.Enabled(ctx, slog.LevelInfo) {
		return
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

// Counted writes the log line of an invocation for a queue, a schedule or a stream. It writes nothing if no metric was
// counted.
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
