package webhook

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/lazyregexp"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// These codes are for bodies that cannot be decoded.
const (
	MalformedJSON loyalty.Code = "malformed_json"
	JSONTooDeep   loyalty.Code = "json_too_deep"
)

// maxDepth is the maximum nesting depth of a body.
const maxDepth = 32

// Decode decodes a JSON object strictly, except that it accepts unknown fields, because providers often add fields. It
// rejects duplicate names, invalid UTF-8 and deep nesting, because two decoders could interpret them differently.
func Decode(body []byte, v any) error {
	if depth(body) > maxDepth {
		return Unusable(JSONTooDeep, "The body is nested too deeply.")
	}
	if first := bytes.TrimLeft(body, " \t\r\n"); len(first) == 0 || first[0] != '{' {
		return Unusable(MalformedJSON, "The body is not a JSON object.")
	}
	if err := json.Unmarshal(body, v); err != nil {
		return Unusable(MalformedJSON, "The body does not have the format of this event type.")
	}
	return nil
}

// depth returns the nesting depth of a body, but at most maxDepth+1. It is called before the decoder, which has no
// limit for the depth.
func depth(b []byte) (deepest int) {
	open, quoted := 0, false
	for i := 0; i < len(b) && deepest <= maxDepth; i++ {
		switch {
		case b[i] == '\\': // a backslash outside a string is invalid JSON
			i++
		case b[i] == '"':
			quoted = !quoted
		case quoted:
		case b[i] == '{' || b[i] == '[':
			open++
			deepest = max(deepest, open)
		case b[i] == '}' || b[i] == ']':
			open--
		}
	}
	return deepest
}

var idForm = lazyregexp.New(`^[A-Za-z0-9_:.\-]{1,128}$`)

// IsID reports whether a text can be a part of a key of the table.
func IsID(s string) bool { return idForm.MatchString(s) }

// CheckIDs checks that texts can be parts of keys of the table. An empty text is valid and means that there is no ID.
func CheckIDs(ids ...string) error {
	for _, id := range ids {
		if id != "" && !IsID(id) {
			return Invalid("An ID has characters that the processor does not use.")
		}
	}
	return nil
}

// Reference returns a text that a merchant attached to a payment. It returns an empty string if the text is not a valid
// ID.
func Reference(s string) string {
	if s = strings.TrimSpace(s); IsID(s) {
		return s
	}
	return ""
}

// Number returns the digits of a number that some providers write as a JSON number and others as a JSON string.
func Number(v jsontext.Value) string {
	var s string
	switch v.Kind() {
	case '"':
		if json.Unmarshal(v, &s) != nil {
			return ""
		}
		return s
	case '0':
		return string(v)
	}
	return ""
}

// Instant parses an RFC 3339 time. It returns the zero time if the text is not valid.
func Instant(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// Clock converts an instant to the clock of a fact, in milliseconds. The zero time becomes 0.
func Clock(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Digest returns a short fingerprint of a body.
func Digest(b []byte) string {
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:])[:22]
}
