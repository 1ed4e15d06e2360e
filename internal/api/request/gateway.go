package request

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// An Event is a request, with the fields that the API needs from an API Gateway event for an HTTP API, payload format
// 2.0:
//
//	https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
type Event struct {
	RouteKey string // the pattern of the route, or DefaultRoute
	RawPath  string
	Method   string
	Query    map[string]string // the values of a repeated parameter are joined with commas
	Path     []Parameter
	Headers  Headers
	Body     []byte // the body as the client sent it

	RequestID string
	APIID     string
	Domain    string // the gateway's own domain
	Stage     string
	SourceIP  string // the IP address of the caller, as the gateway saw it; not from a header

	undecodable bool // the body is declared as base64 but cannot be decoded
}

// A Parameter is a path parameter.
type Parameter struct{ Name, Value string }

// Headers contains the headers that the API uses. The values of a repeated header are joined with commas.
type Headers struct {
	Authorization   string `json:"authorization"`
	ContentType     string `json:"content-type"`
	ContentEncoding string `json:"content-encoding"`
	IdempotencyKey  string `json:"idempotency-key"`
	Client          string `json:"perennial-client"`
	Origin          string `json:"origin"`
	IfNoneMatch     string `json:"if-none-match"`
	WantedMethod    string `json:"access-control-request-method"`
}

// An encodedEvent is the JSON form of an Event. Header names are in lower case.
type encodedEvent struct {
	RouteKey string            `json:"routeKey"`
	RawPath  string            `json:"rawPath"`
	Query    map[string]string `json:"queryStringParameters"`
	Path     map[string]string `json:"pathParameters"`
	Body     string            `json:"body"`
	Base64   bool              `json:"isBase64Encoded"`
	Headers  Headers           `json:"headers"`
	Context  struct {
		RequestID string `json:"requestId"`
		APIID     string `json:"apiId"`
		Domain    string `json:"domainName"`
		Stage     string `json:"stage"`
		HTTP      struct {
			Method   string `json:"method"`
			SourceIP string `json:"sourceIp"`
		} `json:"http"`
	} `json:"requestContext"`
}

// DecodeEvent decodes an event of API Gateway.
func DecodeEvent(payload []byte) (Event, error) {
	var in encodedEvent
	if err := json.Unmarshal(payload, &in, jsontext.AllowDuplicateNames(true)); err != nil {
		return Event{}, fmt.Errorf("api: decode event: %w", err)
	}
	e := Event{
		RouteKey: in.RouteKey, RawPath: in.RawPath, Method: in.Context.HTTP.Method, Query: in.Query,
		Headers: in.Headers, RequestID: in.Context.RequestID, APIID: in.Context.APIID, Domain: in.Context.Domain,
		Stage: in.Context.Stage, SourceIP: in.Context.HTTP.SourceIP, Body: []byte(in.Body),
	}
	for _, name := range slices.Sorted(maps.Keys(in.Path)) {
		e.Path = append(e.Path, Parameter{name, in.Path[name]})
	}
	if in.Base64 {
		var err error
		e.Body, err = base64.StdEncoding.DecodeString(in.Body)
		e.undecodable = err != nil
	}
	return e, nil
}

// decodedPath returns the request's path without the stage. In a named stage, rawPath begins with the stage's name.
func (e *Event) decodedPath() string {
	if stage := e.Stage; stage != "" && stage != defaultStage {
		return strings.TrimPrefix(e.RawPath, "/"+stage)
	}
	return e.RawPath
}

// URL returns the public address at which the request arrived, without a trailing slash. It returns the empty string if
// the event does not contain the address. It uses the gateway's own domain and no headers, because clients choose the
// value of X-Forwarded-Host.
func (e *Event) URL() string {
	if e.Domain == "" {
		return ""
	}
	scheme := "https://" // API Gateway supports no other scheme
	if e.APIID == localAPI {
		scheme = "http://"
	}
	if stage := e.Stage; stage != "" && stage != defaultStage {
		return scheme + e.Domain + "/" + stage
	}
	return scheme + e.Domain
}

// localAPI is the API ID that the local server uses.
const localAPI = "local"

// defaultStage is API Gateway's name for the stage that adds no prefix to paths.
const defaultStage = "$default"

// A Response is the answer to a request. Its headers have lower-case names.
type Response struct {
	Status  int
	Headers [][2]string
	Body    []byte
}

// encode returns the response for API Gateway, payload format 2.0. It writes the JSON directly, because the body is
// JSON inside a JSON string and everything else is short.
func (r Response) encode() []byte {
	out := make([]byte, 0, len(r.Body)+len(r.Body)/4+512)
	out = append(out, `{"statusCode":`...)
	out = strconv.AppendInt(out, int64(r.Status), 10)
	out = append(out, `,"headers":{`...)
	for i, h := range r.Headers {
		if i > 0 {
			out = append(out, ',')
		}
		out, _ = jsontext.AppendQuote(out, h[0])
		out = append(out, ':')
		out, _ = jsontext.AppendQuote(out, h[1])
	}
	out = append(out, `},"body":`...)
	out, _ = jsontext.AppendQuote(out, r.Body)
	return append(out, `,"isBase64Encoded":false}`...)
}
