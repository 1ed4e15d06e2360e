package api

import (
	"bytes"
	"errors"
	"mime"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// maxDepth is how deep a body may be nested; none of ours needs more than four levels.
const maxDepth = 32

// readBody is the body as sent, if the route takes one, within its limits and of the right type.
func (c *call) readBody() ([]byte, error) {
	if c.route.body == noBody {
		return nil, nil
	}
	b, err := c.event.bytes()
	if err != nil {
		return nil, err
	}
	limit := c.route.body
	if limit == maybeBody {
		if len(b) == 0 {
			return []byte("{}"), nil
		}
		limit = smallBody
	}
	switch {
	case c.event.Headers.ContentEncoding != "":
		return nil, refuse(unsupportedMediaType, "Send the body as it is, without a Content-Encoding.")
	case !isJSON(c.event.Headers.ContentType):
		return nil, refuse(unsupportedMediaType, "Send the body as application/json, in UTF-8.")
	case len(b) > int(limit):
		return nil, refuse(payloadTooLarge, "The body may have %d bytes at most.", limit)
	}
	return b, nil
}

func isJSON(contentType string) bool {
	if contentType == "application/json" {
		return true
	}
	media, params, err := mime.ParseMediaType(contentType)
	charset, named := params["charset"]
	return err == nil && media == "application/json" && (!named || strings.EqualFold(charset, "utf-8"))
}

// strict is how every body is read. That names be unique, exact in case, and UTF-8 be valid is json's default.
var strict = json.RejectUnknownMembers(true)

// withoutNull is strict for a body that holds a null somewhere, which json would take for a zero value. To look
// at every value costs time, so it is done only then.
var withoutNull = json.JoinOptions(strict,
	json.WithUnmarshalers(json.UnmarshalFromFunc(func(dec *jsontext.Decoder, _ any) error {
		if dec.PeekKind() == 'n' {
			return errNull
		}
		return errors.ErrUnsupported // go on as if this were not here
	})),
)

// errNull says that a field is null.
var errNull = errors.New("null")

// decode reads the body into v, a pointer to a struct. What is wrong with the JSON is 400, what is wrong with a
// value is 422.
func (c *call) decode(v any) error {
	if first := bytes.TrimLeft(c.body, " \t\r\n"); len(first) == 0 || first[0] != '{' {
		return refuse(malformedJSON, "The body must be a JSON object in UTF-8.")
	}
	depth, nulls := scan(c.body)
	if depth > maxDepth {
		return refuse(jsonTooDeep, "The body may be nested %d levels deep at most.", maxDepth)
	}
	how := strict
	if nulls {
		how = withoutNull
	}
	err := json.Unmarshal(c.body, v, how)
	if err == nil {
		return nil
	}
	if bad, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		if errors.Is(bad.Err, jsontext.ErrDuplicateName) {
			return refuseAt(duplicateJSONKey, string(bad.JSONPointer), "This name stands twice in its object.")
		}
		return refuse(malformedJSON, "The body is no valid JSON: it goes wrong at byte %d.", bad.ByteOffset)
	}
	if bad, ok := errors.AsType[*json.SemanticError](err); ok {
		return badValue(bad)
	}
	return err
}

func badValue(bad *json.SemanticError) error {
	at := string(bad.JSONPointer)
	if rule, ok := errors.AsType[*loyalty.Error](bad.Err); ok {
		return refuseAt(rule.Code, at, rule.Detail)
	}
	switch {
	case errors.Is(bad.Err, json.ErrUnknownName):
		return refuseAt(unknownField, at, "The API knows no such field here.")
	case errors.Is(bad.Err, errNull):
		return refuseAt(loyalty.ValidationFailed, at, "null is no value; leave the field out.")
	}
	return refuseAt(loyalty.ValidationFailed, at, "This must be "+wanted(bad.GoType)+".")
}

// wanted is a Go type in the words of JSON.
func wanted(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "an instant like 2026-12-01T10:00:00Z"
	case t == nil:
		return "of another type"
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	}
	return "an object"
}

// scan finds how deep a body is nested, and whether there may be a null in it. It runs before the decoder, which
// would follow any depth, and looks at strings only to find their end.
func scan(b []byte) (depth int, nulls bool) {
	open, quoted := 0, false
	for i := 0; i < len(b) && depth <= maxDepth; i++ {
		if quoted {
			switch b[i] {
			case '\\':
				i++
			case '"':
				quoted = false
			}
			continue
		}
		switch b[i] {
		case '"':
			quoted = true
		case '{', '[':
			open++
			depth = max(depth, open)
		case '}', ']':
			open--
		case 'n':
			nulls = true
		}
	}
	return depth, nulls
}

// whole is a whole number that knows whether it was given: for an amount, left out and zero are not the same.
type whole struct {
	given bool
	n     int64
}

// UnmarshalJSONFrom takes digits only: 1.5, 1e3 and "5" are no whole numbers, whatever their value.
func (w *whole) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	switch {
	case v.Kind() != '0' || errors.Is(err, strconv.ErrSyntax):
		return &loyalty.Error{Code: loyalty.ValidationFailed, Detail: "This must be a whole number, written in digits."}
	case err != nil:
		return &loyalty.Error{Code: loyalty.AmountOutOfRange, Detail: "The number is too large."}
	}
	w.given, w.n = true, n
	return nil
}
