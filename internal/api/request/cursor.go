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

// A Cursor is a position in a list. The cursor of a request is the start of the requested page. Its text form contains
// the position and a signature. The signature covers the position, the program, the route and the owner of the list.
// Clients can therefore neither forge a cursor nor use it for a different list.
type Cursor struct {
	position  []byte // the position; nil for the start of the list
	key, list []byte // the key of the signature, and the other data that the signature covers
}

// Cursor returns the cursor of the request. The list is limited to one owner: a member or a status.
func (c *Call) Cursor(owner string) (Cursor, error) {
	x := Cursor{key: c.Seal}
	for _, part := range []string{c.Who.Program, c.Route.Pattern, owner} {
		x.list = fmt.Appendf(x.list, "%d:%s", len(part), part)
	}
	s, ok := c.Event.Query["cursor"]
	if !ok {
		return x, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	cut := len(b) - sealSize
	if err != nil || cut < 1 || !hmac.Equal(b[cut:], x.sign(b[:cut])) {
		return x, foreignCursor()
	}
	x.position = b[:cut]
	return x, nil
}

// Number returns the position as a number. It returns zero at the start of the list.
func (x Cursor) Number() int64 {
	n, _ := binary.Uvarint(x.position)
	return int64(n)
}

// Text returns the position as text. It returns the empty string at the start of the list.
func (x Cursor) Text() string { return string(x.position) }

// Shard returns the position in a list that spans shards: a shard and a place in this shard.
func (x Cursor) Shard() (shard int, place string, err error) {
	if x.position == nil {
		return 0, "", nil
	}
	number, place, _ := strings.Cut(x.Text(), " ")
	// An earlier release may have written this cursor in another format.
	if shard, err = strconv.Atoi(number); err != nil {
		return 0, "", foreignCursor()
	}
	return shard, place, nil
}

// AtNumber returns the text form of a cursor to another position in the list.
func (x Cursor) AtNumber(n int64) *string { return x.at(binary.AppendUvarint(nil, uint64(n))) }

// AtText returns the text form of a cursor to another position in the list.
func (x Cursor) AtText(place string) *string { return x.at([]byte(place)) }

// AtShard returns the text form of a cursor to another position in a list that spans shards.
func (x Cursor) AtShard(shard int, place string) *string {
	return x.AtText(strconv.Itoa(shard) + " " + place)
}

func (x Cursor) at(position []byte) *string {
	s := base64.RawURLEncoding.EncodeToString(append(position, x.sign(position)...))
	return &s
}

func (x Cursor) sign(position []byte) []byte {
	mac := hmac.New(sha256.New, x.key)
	mac.Write(x.list)
	mac.Write(position)
	return mac.Sum(nil)[:sealSize]
}

func foreignCursor() error {
	return RefuseAt(InvalidCursor, "cursor", "Use next_cursor of the previous page of the same list.")
}
