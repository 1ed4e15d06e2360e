package api

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// event is what is needed of API Gateway's event for an HTTP API, payload format 2.0. Header names come in
// lower case and repeated headers joined by commas:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
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

func readEvent(payload []byte) (event, error) {
	var e event
	if err := json.Unmarshal(payload, &e, jsontext.AllowDuplicateNames(true)); err != nil {
		return event{}, fmt.Errorf("api: decode event: %w", err)
	}
	return e, nil
}

// path returns the request's path as routes have it: rawPath begins with the name of a stage that has one.
func (e *event) path() string {
	if stage := e.Context.Stage; stage != "" && stage != defaultStage {
		return strings.TrimPrefix(e.RawPath, "/"+stage)
	}
	return e.RawPath
}

// url returns the public address at which the request arrived, without a slash at its end; empty if the event does not
// say. It is what the gateway says of its own domain, and no header: a client chooses the values of X-Forwarded-Host.
func (e *event) url() string {
	if e.Context.Domain == "" {
		return ""
	}
	scheme := "https://" // API Gateway has no other
	if e.Context.APIID == localAPI {
		scheme = "http://"
	}
	if stage := e.Context.Stage; stage != "" && stage != defaultStage {
		return scheme + e.Context.Domain + "/" + stage
	}
	return scheme + e.Context.Domain
}

// localAPI is the ID of the API on one machine.
const localAPI = "local"

// defaultStage is API Gateway's name for the stage that adds nothing to paths.
const defaultStage = "$default"

// bytes is the body as it was sent.
func (e *event) bytes() ([]byte, error) {
	if !e.Base64 {
		return []byte(e.Body), nil
	}
	b, err := base64.StdEncoding.DecodeString(e.Body)
	if err != nil {
		return nil, refuse(invalidEncoding, "The body is not base64, though it was sent as such.")
	}
	return b, nil
}

// response writes API Gateway's answer, payload format 2.0. It is put together by hand: the body is JSON within
// JSON, and everything else is short.
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
