package table

import (
	"encoding/base64"
	"strings"
)

// binaryPrefix begins the strings of documents that stand for bytes: they are data URLs (RFC 2397) without a media
// type.
const binaryPrefix = "data:;base64,"

// Binary returns the string that represents bytes in a document. An adapter may store the bytes, which need a quarter
// less space than base64, and returns the same string when it reads the document.
func Binary(b []byte) string { return binaryPrefix + base64.StdEncoding.EncodeToString(b) }

// Bytes returns the bytes that a string of a document stands for. ok is false for a string that Binary does not return.
func Bytes(s string) (b []byte, ok bool) {
	encoded, ok := strings.CutPrefix(s, binaryPrefix)
	if !ok {
		return nil, false
	}
	b, err := base64.StdEncoding.DecodeString(encoded)
	return b, err == nil && Binary(b) == s
}
