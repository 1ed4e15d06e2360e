package request

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// An event contains the fields that the API needs from an API Gateway event for an HTTP API, payload format 2.0.
// Header names are in lower case, and the values of repeated headers are joined with commas:
//
//	https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
type event struct {
	RouteKey string            `json:"routeKey"`
	RawPath  string            `json:"rawPath"`
	Query    map[string]string `json:"queryStringParameters"`
	Path     map[string]string `json:"pathParameters"`
	Body     string            `json:"body"`
	Base64   bool              `json:"isBase64Encoded"`
	Headers  struct {
		Authorization   string `json:"authorization"`
		ContentType     string `json:"content-type"`
		ContentEncoding string `json:"content-encoding"`
		IdempotencyKey  string `json:"idempotency-key"`
		Client          string `json:"perennial-client"`
	} `json:"headers"`
	Context struct {
		RequestID string `json:"requestId"`
		APIID     string `json:"apiId"`
		Domain    string `json:"domainName"`
		Stage     string `json:"stage"`
		HTTP      struct {
			Method string `json:"method"`
		} `json:"http"`
	} `json:"requestContext"`
}

// readEvent decodes an event of API Gateway.
func readEvent(payload []byte) (event, error) {
	var e event
	if err := json.Unmarshal(payload, &e, jsontext.AllowDuplicateNames(true)); err != nil {
		return event{}, fmt.Errorf("api: decode event: %w", err)
	}
	return e, nil
}

// decodedPath returns the request's path without the stage. In a named stage, rawPath begins with the stage's name.
func (e *event) decodedPath() string {
	if stage := e.Context.Stage; stage != "" && stage != defaultStage {
		return strings.TrimPrefix(e.RawPath, "/"+stage)
	}
	return e.RawPath
}

// URL returns the public address at which the request arrived, without a trailing slash. It returns the empty string
// if the event does not contain it. It uses the gateway's own domain and no headers, because clients choose the value
// of X-Forwarded-Host.
func (e *event) URL() string {
	if e.Context.Domain == "" {
		return ""
	}
	scheme := "https://" // API Gateway supports no other scheme
	if e.Context.APIID == localAPI {
		scheme = "http://"
	}
	if stage := e.Context.Stage; stage != "" && stage != defaultStage {
		return scheme + e.Context.Domain + "/" + stage
	}
	return scheme + e.Context.Domain
}

// localAPI is the API ID that the local server uses.
const localAPI = "local"

// defaultStage is API Gateway's name for the stage that adds no prefix to paths.
const defaultStage = "$default"

// bytes returns the body as it was sent.
func (e *event) bytes() ([]byte, error) {
	if !e.Base64 {
		return []byte(e.Body), nil
	}
	b, err := base64.StdEncoding.DecodeString(e.Body)
	if err != nil {
		return nil, Refuse(invalidEncoding, "The body is declared as base64 but cannot be decoded.")
	}
	return b, nil
}

// response encodes an answer to API Gateway, payload format 2.0. It writes the JSON directly, because the body is
// JSON inside a JSON string and everything else is short.
func response(status int, headers [][2]string, body []byte) []byte {
	out := make([]byte, 0, len(body)+len(body)/4+512)
	out = append(out, `{"statusCode":`...)
	out = strconv.AppendInt(out, int64(status), 10)
	out = append(out, `,"headers":{`...)
	for i, h := range headers {
		if i > 0 {
			out = append(out, ',')
		}
		out, _ = jsontext.AppendQuote(out, h[0])
		out = append(out, ':')
		out, _ = jsontext.AppendQuote(out, h[1])
	}
	out = append(out, `},"body":`...)
	out, _ = jsontext.AppendQuote(out, body)
	return append(out, `,"isBase64Encoded":false}`...)
}
