package stored

import (
	"time"

	"github.com/go-json-experiment/json"
)

// An Identity is a name by which other systems know a member, unique in its program: an external ID, or the keyed hash
// of an email address.
type Identity struct{ Kind, Value string }

// The stored forms are separate from the types that decisions use. Only add fields: tables that an earlier release
// wrote must remain readable. Names are short, because an account and an entry should each fit into one write unit of
// 1,024 bytes, including names. Instants are in milliseconds since 1970, days are in the form yyyymmdd.

// Encode returns the JSON of a stored form. The same value always results in the same bytes.
func Encode(v any) []byte {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic("ledger: a stored form cannot be written: " + err.Error()) // a bug: stored forms have only plain fields
	}
	return b
}

// newDocument returns an empty buffer with room for a typical document.
func newDocument() []byte { return make([]byte, 0, 1024) }

// Millis returns an instant in milliseconds since 1970. A zero instant is 0.
func Millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Instant decodes the result of Millis.
func Instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
