package request

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

// Cursor returns a cursor to the next page of a list. It contains the position n and a signature. The signature covers
// the position, the program, the route and the owner, which is the member or the status to which the list is limited.
// Clients can therefore neither forge a cursor nor use it for a different list.
func (c *Call) Cursor(owner string, n int64) *string {
	return c.sealed(owner, binary.AppendUvarint(nil, uint64(n)))
}

// TextCursor returns a cursor whose position is a text instead of a number.
func (c *Call) TextCursor(owner, place string) *string { return c.sealed(owner, []byte(place)) }

// ShardCursor returns a cursor for a list that spans shards. The position is a shard and a place in this shard.
func (c *Call) ShardCursor(shard int, place string) *string {
	return c.TextCursor("", strconv.Itoa(shard)+" "+place)
}

func (c *Call) sealed(owner string, b []byte) *string {
	s := base64.RawURLEncoding.EncodeToString(append(b, c.sign(owner, b)...))
	return &s
}

// OpenCursor returns the number in the request's cursor, or zero if the request has none.
func (c *Call) OpenCursor(owner string) (int64, error) {
	b, err := c.unsealed(owner)
	n, _ := binary.Uvarint(b)
	return int64(n), err
}

// OpenTextCursor returns the text in the request's cursor, or the empty string if the request has none.
func (c *Call) OpenTextCursor(owner string) (string, error) {
	b, err := c.unsealed(owner)
	return string(b), err
}

// OpenShardCursor returns the shard and the place in the request's cursor. Without a cursor, it returns the start of
// the first shard.
func (c *Call) OpenShardCursor() (shard int, place string, err error) {
	text, err := c.OpenTextCursor("")
	if err != nil || text == "" {
		return 0, "", err
	}
	number, place, _ := strings.Cut(text, " ")
	if shard, err = strconv.Atoi(number); err != nil { // an earlier release wrote this cursor in another format
		return 0, "", foreignCursor()
	}
	return shard, place, nil
}

func foreignCursor() error {
	return RefuseAt(InvalidCursor, "cursor", "Use next_cursor of the previous page of the same list.")
}

func (c *Call) unsealed(owner string) ([]byte, error) {
	s, ok := c.Event.Query["cursor"]
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

func (c *Call) sign(owner string, b []byte) []byte {
	mac := hmac.New(sha256.New, c.Seal)
	fmt.Fprintf(mac, "%d:%s%d:%s%d:%s", len(c.Who.Program), c.Who.Program, len(c.Route.Pattern), c.Route.Pattern,
		len(owner), owner)
	mac.Write(b)
	return mac.Sum(nil)[:sealSize]
}
