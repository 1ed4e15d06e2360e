package gateway

import (
	"fmt"
	"io"
	"net/http"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
)

// A Problem is an error response of the gateway. It has the same wording as the API's error catalog.
type Problem struct {
	Status              int
	Code, Title, Detail string
}

// MethodNotAllowed is the response to a path that supports other methods.
var MethodNotAllowed = Problem{
	405, "method_not_allowed", "Method not allowed", "The path supports other methods; see the Allow header.",
}

var (
	notFound        = Problem{404, "not_found", "Not found", "There is no resource at this path."}
	payloadTooLarge = Problem{413, "payload_too_large", "Payload too large", "A request body has at most 10 MB."}
	headersTooLarge = Problem{
		431, "headers_too_large", "Headers too large",
		"The request line and the headers have at most 10,240 bytes together.",
	}
)

// failed writes the response of an HTTP API whose function returned an error, exited, timed out or returned no
// response: see "Troubleshooting issues with HTTP API Lambda integrations"
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html). The response is
// not a problem document, because an HTTP API does not allow another response. After an integration timeout of 30
// seconds, an HTTP API returns 503 or 504. This does not occur here, because the functions of the API have shorter
// timeouts.
func failed(w http.ResponseWriter, id string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Apigw-Requestid", id)
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = io.WriteString(w, `{"message":"Internal Server Error"}`)
}

// Refuse writes a problem document.
func Refuse(w http.ResponseWriter, p Problem, id string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Apigw-Requestid", id)
	w.WriteHeader(p.Status)
	_, _ = io.WriteString(w, fmt.Sprintf(`{"type":"%s%s","title":%q,"status":%d,"code":%q,"detail":%q,`+
		`"instance":"urn:perennial:request:%s","request_id":%q,"errors":[]}`,
		wire.ProblemType, p.Code, p.Title, p.Status, p.Code, p.Detail, id, id))
}
