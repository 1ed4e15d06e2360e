package dynamodbapi

import (
	"fmt"
	"net/http"
)

// An apiError is an error in DynamoDB's format.
type apiError struct {
	Status  int
	Code    string // an error code, such as ValidationException
	Message string
	Item    attributes // for ConditionalCheckFailedException: the current item, if requested
	Reasons []reason   // for TransactionCanceledException: one reason for each item of the request
}

func (e *apiError) Error() string { return e.Code + ": " + e.Message }

// A reason states for one item of a transaction whether and why it caused the cancellation.
type reason struct {
	Code    string     `json:"Code"` // the cause, or None if this item was not the cause
	Message string     `json:"Message,omitzero"`
	Item    attributes `json:"Item,omitzero"`
}

// These constants are codes of cancellation reasons.
const (
	noReason        = "None"
	conditionFailed = "ConditionalCheckFailed"
	conflict        = "TransactionConflict"
)

const conditionMessage = "The conditional request failed"

func fail(code, format string, args ...any) *apiError {
	return &apiError{Status: http.StatusBadRequest, Code: code, Message: fmt.Sprintf(format, args...)}
}

// invalid returns the error for a request that DynamoDB rejects, or that this package does not support.
func invalid(format string, args ...any) *apiError {
	return fail("ValidationException", format, args...)
}

func internal(err error) *apiError {
	return &apiError{Status: http.StatusInternalServerError, Code: "InternalServerError", Message: err.Error()}
}
