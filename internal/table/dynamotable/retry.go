package dynamotable

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/perennial-loyalty/perennial/internal/table"
)

const (
	maxAttempts    = 5
	firstPause     = 50 * time.Millisecond // the longest pause after the first attempt; it doubles with each
	defaultTimeout = 2 * time.Second
)

// conditionFailed is DynamoDB's code for a condition that did not hold.
const conditionFailed = "ConditionalCheckFailed"

// A verdict says what one attempt's answer means.
type verdict int

const (
	done     verdict = iota
	failed           // a condition did not hold
	refused          // not applied; another attempt may be
	lost             // perhaps applied; another attempt may tell
	rejected         // not applied, and no attempt will be
)

// judge reads DynamoDB's answer. What it does not recognise counts as lost: then the worst is a needless read.
func judge(err error) verdict {
	if err == nil {
		return done
	}
	if cancelled := new(types.TransactionCanceledException); errors.As(err, &cancelled) {
		return judgeReasons(cancelled.CancellationReasons)
	}
	if check := new(types.ConditionalCheckFailedException); errors.As(err, &check) {
		return failed
	}
	if dial := new(net.OpError); errors.As(err, &dial) && dial.Op == "dial" {
		return refused // no connection, so nothing was sent
	}
	if answer := new(smithyhttp.ResponseError); errors.As(err, &answer) {
		switch status := answer.HTTPStatusCode(); {
		case status >= 500, status == http.StatusRequestTimeout:
			return lost
		case status == http.StatusTooManyRequests:
			return refused
		}
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return lost
	}
	switch api.ErrorCode() {
	case "TransactionConflictException", "ReplicatedWriteConflictException", "ThrottlingException",
		"ProvisionedThroughputExceededException", "RequestLimitExceeded":
		return refused
	case "TransactionInProgressException":
		return lost // our own token is being worked on
	}
	return rejected
}

// judgeReasons reads why a transaction was cancelled. Nothing of it was applied. A condition that did not hold
// outweighs a conflict on another item, which would only find the same after a pause.
func judgeReasons(reasons []types.CancellationReason) verdict {
	v := refused
	for _, reason := range reasons {
		switch code(reason) {
		case "None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
		case conditionFailed:
			v = failed
		default: // ValidationError, ItemCollectionSizeLimitExceeded, AccessDenied
			return rejected
		}
	}
	return v
}

func code(reason types.CancellationReason) string {
	if reason.Code == nil {
		return "None"
	}
	return *reason.Code
}

// read runs a call that changes nothing until it is answered, with pauses.
func (t *Table) read(ctx context.Context, call func(context.Context) error) error {
	for attempt := 1; ; attempt++ {
		err := t.attempt(ctx, call)
		switch judge(err) {
		case done:
			return nil
		case rejected, failed:
			return err
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
		if t.pause(ctx, attempt) != nil {
			return fmt.Errorf("%w: %w", table.ErrBusy, err)
		}
	}
}

// attempt makes one call within the time that an attempt may take.
func (t *Table) attempt(ctx context.Context, call func(context.Context) error) error {
	timeout := t.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return call(ctx)
}

// errSpent says that there is no time or attempt left.
var errSpent = errors.New("no attempt left")

// pause waits after the attempt of that number, counted from 1, with full jitter. It fails if that was the last
// attempt, or the context ends before the next could begin.
func (t *Table) pause(ctx context.Context, attempt int) error {
	if attempt >= maxAttempts {
		return errSpent
	}
	d := rand.N(firstPause << (attempt - 1))
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return errSpent
	}
	if t.Sleep != nil {
		return t.Sleep(ctx, d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
