// Package awsapi emulates the AWS APIs that the functions call, on one machine: DynamoDB, SQS, Secrets Manager, SES,
// SNS and EventBridge. All of them have the same address. The functions read this address from the environment variable
// AWS_ENDPOINT_URL.
//
// Each call is checked against the policies of the calling function in template.yaml. If the policies do not allow a
// call, the response is AWS's AccessDeniedException, and the call has no effect. A request to any other service or
// operation, or with any other parameter, is an error. No parameter is ignored.
//
// The access key ID identifies the calling function. Signatures are not verified, because only processes of this
// machine can reach the address. Nothing is sent to another machine. Instead, the fields of Server receive the messages
// and events that functions send.
package awsapi

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/stack/access"
)

// A Server is an http.Handler. Set its fields before the first use. The fields for services that no function calls may
// be nil.
type Server struct {
	Guard   *access.Guard // the policies of the functions
	Region  string
	Account string
	Log     *slog.Logger // the log of denied and invalid calls

	DynamoDB http.Handler      // serves the requests to DynamoDB that the policies allow
	Secrets  map[string]string // the values of secrets by ARN
	Queues   map[string]Queue  // the SQS queues by URL
	Keys     map[string]Key    // the keys of KMS by ARN

	// Receives emails for SES; returns ErrRejected for an invalid address.
	Email func(context.Context, Email) error
	Text  func(context.Context, TextMessage) error // receives text messages for SNS
	Put   func(context.Context, BusEvent) error    // receives events for EventBridge
	Now   func() time.Time
}

// A Queue represents one SQS queue.
type Queue struct {
	ARN  string
	Send func(ctx context.Context, bodies ...string) error // stores all messages, or returns an error
}

// credential matches the part of a request's signature that contains the access key ID and the name of the service.
var credential = regexp.MustCompile(`Credential=([^/,]+)/[^/]*/[^/]*/([^/]*)/`)

// AccessKeyID returns the access key ID with which a function signs its requests.
func AccessKeyID(function string) string { return "LOCAL" + function }

// A request is one call of an AWS API.
type request struct {
	*http.Request
	caller    string // the short name of the calling function
	operation string
	body      []byte
}

// A protocol writes an error in the format of a service.
type protocol func(w http.ResponseWriter, e *callError)

// A callError is an error in the format of AWS.
type callError struct {
	Status  int
	Code    string
	Message string
}

func (e *callError) Error() string { return e.Code + ": " + e.Message }

func invalid(code, message string) *callError {
	return &callError{http.StatusBadRequest, code, message}
}

const accessDenied = "AccessDeniedException"

// A service handles the requests to one AWS service. It first lists the calls that a request makes, so that the
// policies can be checked, and then performs the request.
type service struct {
	protocol protocol
	// read returns the calls that the policies must allow and a function that performs the request.
	read func(s *Server, r *request) (calls []access.Call, do func(http.ResponseWriter) error, err error)
}

// serve performs a request with the service svc if the policies allow it.
func (s *Server) serve(w http.ResponseWriter, r *request, svc service) error {
	calls, do, err := svc.read(s, r)
	if err != nil {
		return err
	}
	for _, c := range calls {
		if err := s.Guard.Check(r.caller, c); err != nil {
			return &callError{http.StatusBadRequest, accessDenied, strings.TrimPrefix(err.Error(), accessDenied+": ")}
		}
	}
	return do(w)
}

// report logs an error that a function should not cause, and converts the error for the response.
func (s *Server) report(r *request, err error) *callError {
	e, ok := err.(*callError)
	if !ok {
		e = &callError{http.StatusInternalServerError, "InternalFailure", err.Error()}
	}
	level := slog.LevelInfo
	if !ok || e.Code == accessDenied || e.Code == "UnknownOperationException" {
		level = slog.LevelError
	}
	s.Log.Log(r.Context(), level, "AWS call failed", "function", r.caller, "operation", r.operation, "err", e)
	return e
}

// dynamodb passes the unchanged request to the handler s.DynamoDB.
func (s *Server) dynamodb(r *request) ([]access.Call, func(http.ResponseWriter) error, error) {
	call, err := s.Guard.DynamoDB(r.operation, r.body)
	if err != nil {
		return nil, nil, invalid("ValidationException", err.Error())
	}
	return []access.Call{call}, func(w http.ResponseWriter) error {
		onward := r.Request.Clone(r.Context())
		onward.Body = io.NopCloser(bytes.NewReader(r.body))
		s.DynamoDB.ServeHTTP(w, onward)
		return nil
	}, nil
}

// decode decodes the JSON parameters of a request. It rejects unknown parameters.
func decode(body []byte, in any) error {
	if err := json.Unmarshal(body, in, json.RejectUnknownMembers(true)); err != nil {
		return invalid("ValidationException", "a parameter is unsupported or invalid: "+err.Error())
	}
	return nil
}

// arn returns the ARN of a resource in the stack's account and region.
func (s *Server) arn(service, resource string) string {
	return strings.Join([]string{"arn:aws", service, s.Region, s.Account, resource}, ":")
}

// unknown returns the error for an operation that is not emulated.
func unknown(r *request) error {
	return invalid("UnknownOperationException", "the operation "+r.operation+" is not emulated")
}

func respond(w http.ResponseWriter, out any) error {
	body, err := json.Marshal(out)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	_, _ = w.Write(body) // fails only if the client has disconnected
	return nil
}
