package dynamodbapi

import (
	"fmt"
	"net/http"
)

// An apiError is an error in DynamoDB's format.
type apiError struct {
	Status  int
	Code    string // such as ValidationException
	Message string
	Item    attributes // ConditionalCheckFailedException: the item, if requested
	Reasons []reason   // TransactionCanceledException: one for each item of the request
}

func (e *apiError) Error() string { return e.Code + ": " + e.Message }

// A reason states why a transaction was canceled, for one of its items.
type reason struct {
	Code    string     `json:"Code"` // None if the item was not the cause
	Message string     `json:"Message,omitzero"`
	Item    attributes `json:"Item,omitzero"`
}

// The codes of cancellation reasons.
const (
	noReason        = "None"
	conditionFailed = "ConditionalCheckFailed"
	conflict        = "TransactionConflict"
)

const conditionMessage = "The conditional request failed"

func fail(code, format string, args ...any) *apiError {
	return &apiError{Status: http.StatusBadRequest, Code: code, Message: fmt.Sprintf(format, args...)}
}

// invalid returns the error for a request that DynamoDB or this package does not accept.
func invalid(format string, args ...any) *apiError {
	return fail("ValidationException", format, args...)
}

func internal(err error) *apiError {
	return &apiError{Status: http.StatusInternalServerError, Code: "InternalServerError", Message: err.Error()}
}
