package request

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

// maxDepth is the maximum nesting depth of a body. No body of the API needs more than four levels.
const maxDepth = 32

func isJSON(contentType string) bool {
	if contentType == "application/json" {
		return true
	}
	media, params, err := mime.ParseMediaType(contentType)
	charset, named := params["charset"]
	return err == nil && media == "application/json" && (!named || strings.EqualFold(charset, "utf-8"))
}

// strict holds the options for decoding every body. By default, json already rejects duplicate names, names in the
// wrong case and invalid UTF-8.
var strict = json.RejectUnknownMembers(true)

// withoutNull holds the options for a body that may contain a null, which json would decode as a zero value. It checks
// every value, which takes time, so Decode uses it only if scan finds a possible null.
var withoutNull = json.JoinOptions(strict,
	json.WithUnmarshalers(json.UnmarshalFromFunc(func(dec *jsontext.Decoder, _ any) error {
		if dec.PeekKind() == 'n' {
			return errNull
		}
		return errors.ErrUnsupported // json then uses its default decoding
	})),
)

// errNull means that a field is null.
var errNull = errors.New("null")

func badValue(bad *json.SemanticError) error {
	at := string(bad.JSONPointer)
	if rule, ok := errors.AsType[*loyalty.Error](bad.Err); ok {
		return RefuseAt(rule.Code, at, rule.Detail)
	}
	switch {
	case errors.Is(bad.Err, json.ErrUnknownName):
		return unknownField(bad.JSONPointer, bad.GoType)
	case errors.Is(bad.Err, errNull):
		return RefuseAt(loyalty.ValidationFailed, at, "null is not supported. Omit the field.")
	}
	return RefuseAt(loyalty.ValidationFailed, at, "This must be "+wanted(bad.GoType)+".")
}

// wanted returns a description of the JSON value that t requires.
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

// scan returns the nesting depth of a body and reports whether the body may contain a null. It runs before the decoder,
// whose depth limit is much higher. It skips the contents of strings.
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

// A Whole is a whole number that records whether it was present, because an omitted amount differs from zero.
type Whole struct {
	Given bool
	N     int64
}

// UnmarshalJSONFrom accepts only digits with an optional sign. It rejects 1.5, 1e3 and "5".
func (w *Whole) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	switch {
	case v.Kind() == '0' && bytes.ContainsRune(v, '.'):
		return &loyalty.Error{Code: loyalty.ValidationFailed, Detail: "This must be a whole number in digits. " +
			"Amounts of money are in minor units: 29.99 EUR is 2999."}
	case v.Kind() != '0' || errors.Is(err, strconv.ErrSyntax):
		return &loyalty.Error{Code: loyalty.ValidationFailed, Detail: "This must be a whole number in digits."}
	case err != nil:
		return &loyalty.Error{Code: loyalty.AmountOutOfRange, Detail: "The number is too large."}
	}
	w.Given, w.N = true, n
	return nil
}
