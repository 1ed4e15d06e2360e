package gateway

import (
	"encoding/base64"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/api/request"
)

// newEvent returns a request in the form to which a function decodes the event of appendEvent.
func newEvent(rt *route, r *http.Request, body []byte, id string) request.Event {
	e := request.Event{
		RouteKey: rt.key, RawPath: valid(r.URL.Path), Method: valid(r.Method), Body: body,
		Headers: request.Headers{
			Authorization:   joined(r.Header["Authorization"]),
			ContentType:     joined(r.Header["Content-Type"]),
			ContentEncoding: joined(r.Header["Content-Encoding"]),
			IdempotencyKey:  joined(r.Header["Idempotency-Key"]),
			Client:          joined(r.Header["Perennial-Client"]),
			Origin:          joined(r.Header["Origin"]),
			IfNoneMatch:     joined(r.Header["If-None-Match"]),
			WantedMethod:    joined(r.Header["Access-Control-Request-Method"]),
		},
		RequestID: id, APIID: apiID, Domain: valid(r.Host), Stage: stage,
		SourceIP: SourceIP(r),
	}
	if r.URL.RawQuery != "" {
		e.Query = joinedQuery(r.URL.Query())
	}
	for _, name := range rt.params {
		e.Path = append(e.Path, request.Parameter{Name: name, Value: valid(r.PathValue(name))})
	}
	return e
}

// joined joins the values of a repeated header in the form of API Gateway.
func joined(values []string) string {
	if len(values) == 1 {
		return valid(values[0])
	}
	return valid(strings.Join(values, ","))
}

func joinedQuery(query url.Values) map[string]string {
	if len(query) == 0 {
		return nil
	}
	flat := make(map[string]string, len(query))
	for _, name := range sortedNames(query) {
		flat[valid(name)] = joined(query[name])
	}
	return flat
}

// valid replaces invalid UTF-8 with U+FFFD, as appendString does.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}

// appendEvent appends the event that API Gateway sends to a function for a request to an HTTP API, in payload format
// 2.0 (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html). It does
// not use reflection, which would take longer than the function itself.
func appendEvent(b []byte, rt *route, r *http.Request, body []byte, id string, now time.Time) []byte {
	b = append(b, `{"version":"2.0","routeKey":`...)
	b = appendString(b, rt.key)
	b = append(b, `,"rawPath":`...)
	b = appendString(b, r.URL.Path)
	b = append(b, `,"rawQueryString":`...)
	b = appendString(b, r.URL.RawQuery)
	b = appendCookies(b, r.Header["Cookie"])
	b = appendHeaders(b, r)
	if r.URL.RawQuery != "" {
		b = appendQuery(b, r.URL.Query())
	}
	if len(rt.params) > 0 {
		b = append(b, `,"pathParameters":`...)
		for i, name := range rt.params {
			b = appendMember(b, i == 0, name, r.PathValue(name))
		}
		b = append(b, '}')
	}
	b = appendContext(b, rt, r, id, now)
	b = appendBody(b, r.Header.Get("Content-Type"), body)
	return append(b, '}')
}

// These constants identify the emulated API and its stage.
const apiID, stage = "local", "$default"

func appendContext(b []byte, rt *route, r *http.Request, id string, now time.Time) []byte {
	b = append(
		b,
		`,"requestContext":{"accountId":"000000000000","apiId":"`+apiID+`","domainPrefix":"local",`+
			`"stage":"`+stage+`","domainName":`...,
	)
	b = appendString(b, r.Host)
	b = append(b, `,"requestId":`...)
	b = appendString(b, id)
	b = append(b, `,"routeKey":`...)
	b = appendString(b, rt.key)
	b = append(b, `,"time":"`...)
	b = now.AppendFormat(b, "02/Jan/2006:15:04:05 -0700")
	b = append(b, `","timeEpoch":`...)
	b = strconv.AppendInt(b, now.UnixMilli(), 10)
	b = append(b, `,"http":{"method":`...)
	b = appendString(b, r.Method)
	b = append(b, `,"path":`...)
	b = appendString(b, r.URL.Path)
	b = append(b, `,"protocol":`...)
	b = appendString(b, r.Proto)
	b = append(b, `,"sourceIp":`...)
	b = appendString(b, SourceIP(r))
	b = append(b, `,"userAgent":`...)
	b = appendString(b, r.UserAgent())
	return append(b, "}}"...)
}

// appendHeaders appends the headers in the form of API Gateway: names are in lower case, values of the same name are
// joined by commas, and the headers that a proxy adds are included. Cookies are not included.
func appendHeaders(b []byte, r *http.Request) []byte {
	b = append(b, `,"headers":`...)
	b = appendMember(b, true, "host", r.Host)
	b = appendMember(b, false, "x-forwarded-proto", "http")
	forwarded := SourceIP(r)
	if theirs := r.Header["X-Forwarded-For"]; len(theirs) > 0 {
		forwarded = strings.Join(theirs, ", ") + ", " + forwarded
	}
	b = appendMember(b, false, "x-forwarded-for", forwarded)
	if r.ContentLength > 0 {
		b = append(b, `,"content-length":"`...)
		b = strconv.AppendInt(b, r.ContentLength, 10)
		b = append(b, '"')
	}
	for name, values := range r.Header {
		switch name {
		case "Cookie", "Host", "X-Forwarded-Proto", "X-Forwarded-For", "Content-Length":
			continue
		}
		value := values[0]
		if len(values) > 1 {
			value = strings.Join(values, ",")
		}
		b = appendMember(b, false, lower(name), value)
	}
	return append(b, '}')
}

// lower is like strings.ToLower, but allocates no memory for common header names.
func lower(name string) string {
	switch name {
	case "Accept":
		return "accept"
	case "Accept-Encoding":
		return "accept-encoding"
	case "Authorization":
		return "authorization"
	case "Content-Type":
		return "content-type"
	case "Idempotency-Key":
		return "idempotency-key"
	case "User-Agent":
		return "user-agent"
	}
	return strings.ToLower(name)
}

func appendCookies(b []byte, headers []string) []byte {
	if len(headers) == 0 {
		return b
	}
	b = append(b, `,"cookies":[`...)
	first := true
	for _, header := range headers {
		for cookie := range strings.SplitSeq(header, ";") {
			if !first {
				b = append(b, ',')
			}
			first = false
			b = appendString(b, strings.TrimSpace(cookie))
		}
	}
	return append(b, ']')
}

func appendQuery(b []byte, query url.Values) []byte {
	if len(query) == 0 {
		return b
	}
	b = append(b, `,"queryStringParameters":`...)
	for i, name := range sortedNames(query) {
		b = appendMember(b, i == 0, name, strings.Join(query[name], ","))
	}
	return append(b, '}')
}

func sortedNames(query url.Values) []string { return slices.Sorted(maps.Keys(query)) }

// appendBody appends the body of a request: text unchanged, and other bodies in base64. Like API Gateway, it decides by
// the content type. Text that is not valid UTF-8 is also encoded in base64, so that the function receives the original
// bytes and can reject them.
func appendBody(b []byte, contentType string, body []byte) []byte {
	if len(body) == 0 {
		return append(b, `,"isBase64Encoded":false`...)
	}
	if isText(contentType) && utf8.Valid(body) {
		b = append(b, `,"isBase64Encoded":false,"body":`...)
		b, _ = jsontext.AppendQuote(b, body) // fails only for invalid UTF-8
		return b
	}
	b = append(b, `,"isBase64Encoded":true,"body":"`...)
	b = base64.StdEncoding.AppendEncode(b, body)
	return append(b, '"')
}

func isText(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.TrimSpace(media)
	switch media {
	case "application/json", "application/javascript", "application/xml":
		return true
	}
	return strings.HasPrefix(media, "text/") || strings.HasSuffix(media, "+json") || strings.HasSuffix(media, "+xml")
}

func appendMember(b []byte, first bool, name, value string) []byte {
	if first {
		b = append(b, '{')
	} else {
		b = append(b, ',')
	}
	b = appendString(b, name)
	b = append(b, ':')
	return appendString(b, value)
}

// appendString appends a JSON string. As in API Gateway, it replaces invalid UTF-8 with U+FFFD.
func appendString(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

// SourceIP returns the IP address of the caller.
func SourceIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
