package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

const sealSize = 16

// cursor seals where the next page of a list begins: a number, and a signature over it, the program, the route
// and the list's owner. So a cursor can neither be made up nor used elsewhere.
func (c *call) cursor(owner string, n int64) *string {
	return c.sealed(owner, binary.AppendUvarint(nil, uint64(n)))
}

// textCursor is cursor where the place is a text.
func (c *call) textCursor(owner, place string) *string { return c.sealed(owner, []byte(place)) }

// shardCursor is cursor where a list goes through shards: the shard, and the place in it.
func (c *call) shardCursor(shard int, place string) *string {
	return c.textCursor("", strconv.Itoa(shard)+" "+place)
}

func (c *call) sealed(owner string, b []byte) *string {
	s := base64.RawURLEncoding.EncodeToString(append(b, c.sign(owner, b)...))
	return &s
}

// openCursor is the number in the request's cursor; zero if there is none.
func (c *call) openCursor(owner string) (int64, error) {
	b, err := c.unsealed(owner)
	n, _ := binary.Uvarint(b)
	return int64(n), err
}

// openTextCursor is the text in the request's cursor; empty if there is none.
func (c *call) openTextCursor(owner string) (string, error) {
	b, err := c.unsealed(owner)
	return string(b), err
}

// openShardCursor is the shard and the place in the request's cursor; the first of both if there is none.
func (c *call) openShardCursor() (shard int, place string, err error) {
	text, err := c.openTextCursor("")
	if err != nil || text == "" {
		return 0, "", err
	}
	number, place, _ := strings.Cut(text, " ")
	if shard, err = strconv.Atoi(number); err != nil { // sealed by a release that wrote places otherwise
		return 0, "", foreignCursor()
	}
	return shard, place, nil
}

func foreignCursor() error {
	return refuseAt(invalidCursor, "cursor", "Take the cursor from next_cursor of the page before, for the same list.")
}

func (c *call) unsealed(owner string) ([]byte, error) {
	s, ok := c.event.Query["cursor"]
	if !ok {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	cut := len(b) - sealSize
	if err != nil || cut < 1 || !hmac.Equal(b[cut:], c.sign(owner, b[:cut])) {
		return nil, foreignCursor()
	}
	return b[:cut], nil
}

func (c *call) sign(owner string, b []byte) []byte {
	mac := hmac.New(sha256.New, c.seal)
	fmt.Fprintf(mac, "%d:%s%d:%s%d:%s", len(c.who.Program), c.who.Program, len(c.route.Pattern), c.route.Pattern, len(owner), owner)
	mac.Write(b)
	return mac.Sum(nil)[:sealSize]
}
