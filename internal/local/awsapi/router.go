package awsapi

import (
	"io"
	"net/http"
	"strings"
)

// ServeHTTP serves one request of a function to an AWS service.
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

// find returns the service to which a request is sent, and sets r.operation. It reports false for an unknown service.
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
	case "TrentService":
		return service{jsonError, (*Server).kms}, true
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
