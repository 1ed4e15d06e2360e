package table

import (
	"encoding/base64"
	"strings"
)

// binaryPrefix is the start of the strings that represent bytes in documents. They are data URLs (RFC 2397) without a
// media type.
const binaryPrefix = "data:;base64,"

// Binary returns the string that represents bytes in a document. An adapter may store the bytes instead, which need a
// quarter less space than the string. When it reads the document, it returns the same string.
func Binary(b []byte) string { return binaryPrefix + base64.StdEncoding.EncodeToString(b) }

// Bytes returns the bytes that a string in a document represents. It reports false if the string does not have the form
// that Binary returns.
func Bytes(s string) (b []byte, ok bool) {
	encoded, ok := strings.CutPrefix(s, binaryPrefix)
	if !ok {
		return nil, false
	}
	b, err := base64.StdEncoding.DecodeString(encoded)
	return b, err == nil && Binary(b) == s
}
