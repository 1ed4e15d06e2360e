package dynamotable

import (
	"errors"
	"net"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// conditionFailed is DynamoDB's code for a failed condition.
const conditionFailed = "ConditionalCheckFailed"

// A verdict is the outcome of one attempt.
type verdict int

const (
	done     verdict = iota
	failed           // the condition of an operation failed
	refused          // nothing was applied; another attempt may succeed
	lost             // the operations may have been applied; another attempt may show this
	rejected         // nothing was applied, and no other attempt can succeed
)

// A Refusal states why DynamoDB refused an attempt. Another attempt may succeed.
type Refusal int

const (
	Conflict Refusal = iota + 1 // another transaction was changing one of the items
	Throttle                    // the table, its index, a key or the account exceeded its throughput
)

// refusalOf returns the reason why an attempt was refused, or zero for a reason that is not reported. If a transaction
// was refused for both reasons, it returns Conflict.
func refusalOf(err error) Refusal {
	if cancelled := new(types.TransactionCanceledException); errors.As(err, &cancelled) {
		why := Refusal(0)
		for _, reason := range cancelled.CancellationReasons {
			switch code(reason) {
			case "TransactionConflict":
				return Conflict
			case "ThrottlingError", "ProvisionedThroughputExceeded":
				why = Throttle
			}
		}
		return why
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return 0
	}
	switch api.ErrorCode() {
	case "TransactionConflictException", "ReplicatedWriteConflictException":
		return Conflict
	case "ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded":
		return Throttle
	}
	return 0
}

// judge returns the verdict for DynamoDB's response. It returns lost for an unknown error, because the only cost of
// this is an unnecessary read.
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
		return refused // there was no connection, so nothing was sent
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
		return lost // a request with the same token is still in progress
	}
	return rejected
}

// judgeReasons returns the verdict for a canceled transaction from its cancellation reasons. DynamoDB applied no
// operation of such a transaction. If one item has a failed condition and another has a conflict, judgeReasons returns
// failed, because the condition would fail in the next attempt too.
func judgeReasons(reasons []types.CancellationReason) verdict {
	v := refused
	for _, reason := range reasons {
		switch code(reason) {
		case "None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
		case conditionFailed:
			v = failed
		default: // the other codes: ValidationError, ItemCollectionSizeLimitExceeded, AccessDenied
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

// A failure is an operation with a failed condition, and the current state of the operation's item.
type failure struct {
	op      int
	current table.Item
}

// failures returns the failed operations from DynamoDB's response, in the order of the operations.
func (p *plan) failures(answer error) ([]failure, error) {
	var reasons []types.CancellationReason
	if cancelled := new(types.TransactionCanceledException); errors.As(answer, &cancelled) {
		reasons = cancelled.CancellationReasons
	}
	if check := new(types.ConditionalCheckFailedException); errors.As(answer, &check) {
		reasons = []types.CancellationReason{{Code: aws.String(conditionFailed), Item: check.Item}}
	}
	var fs []failure
	for i, reason := range reasons {
		if code(reason) != conditionFailed || i >= len(p.ops) {
			continue
		}
		current, err := decode(p.ops[i].Item.Key, reason.Item)
		if err != nil {
			return nil, err
		}
		fs = append(fs, failure{i, current})
	}
	return fs, nil
}
