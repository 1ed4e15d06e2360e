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

func (c *call) sign(owner string, b []byte) []byte {
	mac := hmac.New(sha256.New, c.seal)
	fmt.Fprintf(mac, "%d:%s%d:%s%d:%s", len(c.who.Program), c.who.Program, len(c.route.Pattern), c.route.Pattern, len(owner), owner)
	mac.Write(b)
	return mac.Sum(nil)[:sealSize]
}

// sealText is cursor for where a list begins that no number names.
func (c *call) sealText(owner, place string) *string {
	b := []byte(place)
	s := base64.RawURLEncoding.EncodeToString(append(b, c.sign(owner, b)...))
	return &s
}

// openText is the place in the request's cursor; empty if there is none.
func (c *call) openText(owner string) (string, error) {
	s, ok := c.event.Query["cursor"]
	if !ok {
		return "", nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	cut := len(b) - sealSize
	if err != nil || cut < 1 || !hmac.Equal(b[cut:], c.sign(owner, b[:cut])) {
		return "", refuseAt(invalidCursor, "cursor", "Take the cursor from next_cursor of the page before, for the same list.")
	}
	return string(b[:cut]), nil
}
