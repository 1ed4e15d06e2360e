package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// Reserve is the part of a function's timeout that is reserved for the response. The context of an invocation ends
// this long before Lambda's deadline, and the table starts no write after that.
const Reserve = 500 * time.Millisecond

// A Function is the handler of a function that is not called by HTTP. It is a func and does not contain an App: Lambda
// stores the handler in an interface, so the linker would include all methods of all stores.
type Function func(ctx context.Context, payload []byte) ([]byte, error)

// Invoke calls f.
func (f Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) { return f(ctx, payload) }

// Begin starts an invocation. The returned context collects the metrics of the invocation. Its deadline is earlier than
// Lambda's deadline by the duration Reserve. The caller calls end after the response.
func Begin(ctx context.Context) (_ context.Context, counters *telemetry.Counters, end context.CancelFunc) {
	counters = new(telemetry.Counters)
	ctx = telemetry.WithCounters(ctx, counters)
	if deadline, ok := ctx.Deadline(); ok {
		ctx, end = context.WithDeadline(ctx, deadline.Add(-Reserve))
		return ctx, counters, end
	}
	return ctx, counters, func() {}
}

// Run runs one invocation of a function for an event of a queue, a schedule, a stream or an event bus (HTTP requests
// use other code). If work returns an error or panics, Run logs the error once with the request ID, counts it in
// Errors, and returns it to Lambda. Lambda then retries the event and finally sends it to the function's failure
// destination.
func (a *App) Run(ctx context.Context, function string, work func(context.Context) ([]byte, error)) ([]byte, error) {
	origin := telemetry.Origin{RequestID: RequestID(ctx), Function: function, Version: a.Version}
	ctx, counters, end := Begin(ctx)
	defer end()
	out, err := contained(ctx, work)
	if err != nil {
		counters.Add(telemetry.Errors, 1)
		CountViolation(ctx, err)
		a.Log.LogAttrs(ctx, slog.LevelError, "an event could not be processed",
			slog.String("request_id", origin.RequestID), slog.String("function", function),
			slog.String("error", err.Error()))
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		counters.Add(telemetry.Timeouts, 1)
	}
	telemetry.Counted(ctx, a.Log, origin, a.Now(), counters)
	return out, err
}

// CountViolation counts err in InvariantViolations if the ledger refused a write that violates an invariant.
func CountViolation(ctx context.Context, err error) {
	if errors.Is(err, posting.ErrInvariant) {
		telemetry.Count(ctx, telemetry.InvariantViolations, 1)
	}
}

// RequestID returns the ID that Lambda gave to the invocation of ctx, or "" outside Lambda.
func RequestID(ctx context.Context) string {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		return lc.AwsRequestID
	}
	return ""
}

// contained runs work and converts a panic to an error, because a panic would end the process.
func contained(ctx context.Context, work func(context.Context) ([]byte, error)) (out []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			out, err = nil, fmt.Errorf("app: panic: %v\n%s", v, debug.Stack())
		}
	}()
	return work(ctx)
}
