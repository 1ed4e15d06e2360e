package telemetry

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Namespace is the CloudWatch namespace of every metric below.
const Namespace = "Perennial"

// A Metric is the name of a CloudWatch metric in Namespace. Every metric has three dimension sets: by stack, by stack
// and function, and by stack, function and published version. The dimension "function" is members, earn, redeem,
// programs, reminders, webhooks, reassess, remind or relay. The dimension "version" is Lambda's version number, or
// "local" on one machine. The stack is a dimension because an account can have several stacks, and an alarm must not
// include the metrics of another stack.
//
// The unit is Count unless the metric states another one. A counter is reported only if it is not zero, so an alarm
// must treat missing data as not breaching and use the statistic Sum.
type Metric string

const (
	// Errors counts failures that Lambda's own metric Errors does not include, because the function reports them in a
	// response: a response with a status of 500 or more (except the documented 503 webhook_not_configured), a message
	// in batchItemFailures, a failed schedule or feedback event, a failed stream record, and a panic.
	Errors Metric = "Errors"

	// Timeouts counts invocations that stopped before their work was complete because Lambda's deadline was near.
	Timeouts Metric = "Timeouts"

	// Conflicts counts attempts at a write that DynamoDB refused because another transaction was changing the same
	// item. Each refused attempt is retried. If the last attempt is refused too, the failure is also counted in Errors.
	Conflicts Metric = "Conflicts"

	// Throttles counts calls that DynamoDB refused because the table, an index, a key or the account exceeded its
	// throughput. Each refused call is retried. If the last attempt is refused too, the failure is also counted in
	// Errors.
	Throttles Metric = "Throttles"

	// SignatureFailures counts webhooks that were rejected with status 401 because they were not signed, not signed by
	// the processor, or signed too long ago. Only the function webhooks reports it.
	SignatureFailures Metric = "SignatureFailures"

	// Quarantined counts verified events of payment processors that were stored for an operator's review. Only the
	// function webhooks reports it.
	Quarantined Metric = "Quarantined"

	// InvariantViolations counts commands that were refused because their result would have violated an invariant of
	// the ledger. Nothing was written. Each violation points to a defect in the rules or in stored data. The failed
	// command is also counted in Errors.
	InvariantViolations Metric = "InvariantViolations"

	// CodeGuesses counts lookups of uploaded codes that were refused because their API key had looked up too many
	// unknown codes within a minute. Probably a client that uses the key is guessing codes. Only the function redeem
	// reports it.
	CodeGuesses Metric = "CodeGuesses"

	// AdjustmentLimits counts adjustments that were refused because their actor would have added more points in a day
	// than its limit. Only the function members reports it.
	AdjustmentLimits Metric = "AdjustmentLimits"

	// EnrollmentLimits counts enrollments that were refused because their client or IP address had enrolled too many
	// members. Only the function members reports it.
	EnrollmentLimits Metric = "EnrollmentLimits"

	// SilentProvider counts connected payment processors that have sent no verified event for twice the usual time
	// between two events. Only the function reassess reports it, once an hour.
	SilentProvider Metric = "SilentProvider"

	// PITRDisabled is 1 for each hour in which the table's point-in-time recovery is disabled. Only the function
	// reassess reports it.
	PITRDisabled Metric = "PITRDisabled"

	// ScheduleLateSeconds is the delay of a schedule's event after its scheduled time. Its unit is Seconds, and its
	// statistic is Maximum. The functions reassess and remind report it for every event, even if it is zero, so
	// missing data means that the schedule did not run.
	ScheduleLateSeconds Metric = "ScheduleLateSeconds"
)

// Metrics returns every metric that the functions report.
func Metrics() []Metric {
	return []Metric{
		Errors, Timeouts, Conflicts, Throttles, SignatureFailures, Quarantined, InvariantViolations, CodeGuesses,
		AdjustmentLimits, EnrollmentLimits, SilentProvider, PITRDisabled, ScheduleLateSeconds,
	}
}

// Unit returns the metric's CloudWatch unit.
func (m Metric) Unit() string {
	if m == ScheduleLateSeconds {
		return "Seconds"
	}
	return "Count"
}

// Counters collects the metrics of one invocation. The zero value is ready to use. Its methods are safe for
// concurrent use.
type Counters struct {
	mu     sync.Mutex
	values []value // in the order in which they were first used; empty for most invocations
}

type value struct {
	metric Metric
	n      int64
}

// Add adds n to a metric. The metric is then reported even if its value is zero.
func (c *Counters) Add(m Metric, n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.values {
		if c.values[i].metric == m {
			c.values[i].n += n
			return
		}
	}
	c.values = append(c.values, value{m, n})
}

// Value returns the current value of a metric.
func (c *Counters) Value(m Metric) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.values, func(v value) bool { return v.metric == m })
	if i < 0 {
		return 0
	}
	return c.values[i].n
}

type countersKey struct{}

// WithCounters returns a context in which Count adds to c.
func WithCounters(ctx context.Context, c *Counters) context.Context {
	return context.WithValue(ctx, countersKey{}, c)
}

// Count adds n to a metric of the invocation of ctx. Outside an invocation, such as in an operator's command, it
// does nothing.
func Count(ctx context.Context, m Metric, n int64) {
	if c, ok := ctx.Value(countersKey{}).(*Counters); ok {
		c.Add(m, n)
	}
}

// A directive lists the fields of a log line that CloudWatch reads as metrics (the embedded metric format,
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html).
type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []definition
}

type definition struct{ Name, Unit string }

// attrs returns the attributes that make a log line an embedded metric document. It returns none if nothing was
// counted. The line must also have the fields stack, function and version, which are the dimensions.
func (c *Counters) attrs(at time.Time) []slog.Attr {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.values) == 0 {
		return nil
	}
	d := directive{
		Namespace:  Namespace,
		Dimensions: [][]string{{"stack"}, {"stack", "function"}, {"stack", "function", "version"}},
	}
	var attrs []slog.Attr
	for _, v := range c.values {
		attrs = append(attrs, slog.Int64(string(v.metric), v.n))
		d.Metrics = append(d.Metrics, definition{string(v.metric), v.metric.Unit()})
	}
	text, err := json.Marshal([]directive{d})
	if err != nil {
		return nil // cannot happen, because a directive contains only strings
	}
	return append(attrs, slog.Group("_aws",
		slog.Int64("Timestamp", at.UnixMilli()), slog.Any("CloudWatchMetrics", json.RawMessage(text))))
}
