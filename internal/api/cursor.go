package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
)

const sealSize = 16

// cursor seals where the next page of a list begins: a number, and a signature over it, the program, the route
// and the list's owner. So a cursor can neither be made up nor used elsewhere.
func (c *call) cursor(owner string, n int64) *string {
	b := binary.AppendUvarint(nil, uint64(n))
	s := base64.RawURLEncoding.EncodeToString(append(b, c.sign(owner, b)...))
	return &s
}

// openCursor is the number in the request's cursor; zero if there is none.
func (c *call) openCursor(owner string) (int64, error) {
	s, ok := c.event.Query["cursor"]
	if !ok {
		return 0, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	cut := len(b) - sealSize
	if err != nil || cut < 1 || !hmac.Equal(b[cut:], c.sign(owner, b[:cut])) {
		return 0, refuseAt(invalidCursor, "cursor", "Take the cursor from next_cursor of the page before, for the same list.")
	}
	n, _ := binary.Uvarint(b[:cut])
	return int64(n), nil
}

// sealed is a cursor of a text, for lists that no number is a place in.
func (c *call) sealed(text string) *string {
	s := base64.RawURLEncoding.EncodeToString(append([]byte(text), c.sign("text", []byte(text))...))
	return &s
}

// openSealed is the text in the request's cursor; empty if there is none.
func (c *call) openSealed() (string, error) {
	s, ok := c.event.Query["cursor"]
	if !ok {
		return "", nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	cut := len(b) - sealSize
	if err != nil || cut < 1 || !hmac.Equal(b[cut:], c.sign("text", b[:cut])) {
		return "", refuseAt(invalidCursor, "cursor", "Take the cursor from next_cursor of the page before, for the same list.")
	}
	return string(b[:cut]), nil
}

func (c *call) sign(owner string, b []byte) []byte {
	mac := hmac.New(sha256.New, c.seal)
	fmt.Fprintf(mac, "%d:%s%d:%s%d:%s", len(c.who.Program), c.who.Program, len(c.route.Pattern), c.route.Pattern, len(owner), owner)
	mac.Write(b)
	return mac.Sum(nil)[:sealSize]
}
