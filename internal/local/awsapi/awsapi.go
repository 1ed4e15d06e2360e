// Package awsapi emulates the AWS APIs that the functions call, on one machine: DynamoDB, SQS, Secrets Manager,
// SES, SNS and EventBridge at one address. The functions find it through AWS_ENDPOINT_URL.
//
// Each call is checked against the policies of the calling function in template.yaml. A call that they do not allow
// gets AWS's AccessDeniedException and has no effect. A request to any other service or operation, or with any other
// parameter, is an error. No parameter is ignored.
//
// The access key ID identifies the calling function. Signatures are not verified, because only processes of this
// machine can reach the address. Nothing is sent outside the machine. Instead, the fields of Server receive the
// messages and events that functions send.
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

// A Server is an http.Handler. Set its fields before the first use. Fields of services that no function calls may
// be nil.
type Server struct {
	Guard   *access.Guard // the policies
	Region  string
	Account string
	Log     *slog.Logger // logs denied and invalid calls

	DynamoDB http.Handler      // serves allowed requests to DynamoDB
	Secrets  map[string]string // the values of secrets by ARN
	Queues   map[string]Queue  // SQS, by queue URL

	Email func(context.Context, Email) error       // SES; returns ErrRejected for an invalid address
	Text  func(context.Context, TextMessage) error // SNS
	Put   func(context.Context, BusEvent) error    // EventBridge
	Now   func() time.Time
}

// A Queue receives the messages of one SQS queue.
type Queue struct {
	ARN  string
	Send func(ctx context.Context, bodies ...string) error // stores all messages or returns an error
}

// credential matches the scope of a request's signature, which contains the access key ID and the service.
var credential = regexp.MustCompile(`Credential=([^/,]+)/[^/]*/[^/]*/([^/]*)/`)

// AccessKeyID returns the access key ID with which a function signs its requests.
func AccessKeyID(function string) string { return "LOCAL" + function }

// A request is one call with its body and caller.
type request struct {
	*http.Request
	caller    string // the function's short name
	operation string
	body      []byte
}

// A protocol encodes the errors of a service.
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

// A service handles requests to one AWS service. It first lists the calls that a request requires, so that they can be
// authorized, and then performs the request.
type service struct {
	protocol protocol
	// read returns the calls that the policies must allow and a function that performs the request.
	read func(s *Server, r *request) (calls []access.Call, do func(http.ResponseWriter) error, err error)
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 16<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	req := &request{Request: r, body: body}
	if m := credential.FindStringSubmatch(r.Header.Get("Authorization")); m != nil {
		req.caller = strings.TrimPrefix(m[1], AccessKeyID(""))
	}
	svc, ok := s.find(req)
	if !ok {
		s.Log.ErrorContext(r.Context(), "function called an API that is not emulated", "function", req.caller,
			"method", r.Method, "path", r.URL.Path, "target", r.Header.Get("X-Amz-Target"))
		jsonError(w, &callError{http.StatusNotFound, "UnknownOperationException", "this API is not emulated"})
		return
	}
	if err := s.serve(w, req, svc); err != nil {
		svc.protocol(w, s.report(req, err))
	}
}

// find returns the service that a request is for, and sets the request's operation.
func (s *Server) find(r *request) (service, bool) {
	target, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	r.operation = operation
	switch target {
	case "DynamoDB_20120810":
		return service{jsonError, (*Server).dynamodb}, true
	case "AmazonSQS":
		return service{jsonError, (*Server).sqs}, true
	case "secretsmanager":
		return service{jsonError, (*Server).secretsManager}, true
	case "AWSEvents":
		return service{jsonError, (*Server).eventBridge}, true
	}
	switch {
	case r.Method == http.MethodPost && r.URL.Path == "/v2/email/outbound-emails":
		return service{restError, (*Server).ses}, true
	case strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		return service{xmlError, (*Server).sns}, true
	}
	return service{}, false
}

// serve performs a request if the policies allow it.
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

// report logs an error that a function should not cause, and returns it for the response.
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

// dynamodb passes a request to the handler DynamoDB unchanged.
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

// decode decodes JSON parameters and rejects unknown ones.
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
	_, _ = w.Write(body) // the client may have disconnected
	return nil
}
