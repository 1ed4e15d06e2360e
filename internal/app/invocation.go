package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// Reserve is the part of its timeout that a function keeps for its answer. The context of an invocation ends that much
// before Lambda's deadline, and the table starts no write after it has ended.
const Reserve = 500 * time.Millisecond

// Begin starts an invocation. Its context ends Reserve before the deadline that Lambda set, and collects the metrics
// that are counted in it. The caller calls end when it has answered.
func Begin(ctx context.Context) (_ context.Context, counters *telemetry.Counters, end context.CancelFunc) {
	counters = new(telemetry.Counters)
	ctx = telemetry.WithCounters(ctx, counters)
	if deadline, ok := ctx.Deadline(); ok {
		ctx, end = context.WithDeadline(ctx, deadline.Add(-Reserve))
		return ctx, counters, end
	}
	return ctx, counters, func() {}
}

// Run runs one invocation of a function that answers no request: an event of a queue, a schedule, a stream or a bus.
// An error or a panic of work is logged once with the request ID, counted in Errors, and returned to Lambda, which then
// repeats the event and in the end sends it to the function's destination for failures.
func (a *App) Run(ctx context.Context, function string, work func(context.Context) ([]byte, error)) ([]byte, error) {
	origin := telemetry.Origin{RequestID: RequestID(ctx), Function: function, Version: a.Version}
	ctx, counters, end := Begin(ctx)
	defer end()
	out, err := contained(ctx, work)
	if err != nil {
		counters.Add(telemetry.Errors, 1)
		CountViolation(ctx, err)
		a.Log.LogAttrs(ctx, slog.LevelError, "an event could not be processed",
			slog.String("request_id", origin.RequestID), slog.String("function", function), slog.String("error", err.Error()))
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		counters.Add(telemetry.Timeouts, 1)
	}
	telemetry.Counted(ctx, a.Log, origin, a.Now(), counters)
	return out, err
}

// CountViolation counts an error in InvariantViolations if the ledger refused to write what breaks an invariant.
func CountViolation(ctx context.Context, err error) {
	if errors.Is(err, loyalty.ErrInvariant) {
		telemetry.Count(ctx, telemetry.InvariantViolations, 1)
	}
}

// RequestID returns Lambda's ID of the invocation that ctx belongs to; empty outside of one.
func RequestID(ctx context.Context) string {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		return lc.AwsRequestID
	}
	return ""
}

// contained returns a panic of work as an error: a panic would end the process.
func contained(ctx context.Context, work func(context.Context) ([]byte, error)) (out []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			out, err = nil, fmt.Errorf("app: panic: %v\n%s", v, debug.Stack())
		}
	}()
	return work(ctx)
}
