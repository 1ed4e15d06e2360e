package pebbletable

import (
	"bytes"
	"encoding/binary"
	"errors"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// The first byte of a row is its kind; the third kind is journalRow. The key of an item row is the item's key. The key
// of an index row is the item's index key followed by its key; an index row has no value.
const (
	itemRow  = 'i'
	indexRow = 'x'
)

// appendParts appends the parts of a row's key. Each part is followed by a zero byte, and a zero byte within a part
// by 0xff, which UTF-8 never contains. Different lists of parts therefore give different rows, and rows are ordered
// by the bytes of their parts.
func appendParts(row []byte, parts ...string) []byte {
	for _, part := range parts {
		for i := range len(part) {
			row = append(row, part[i])
			if part[i] == 0 {
				row = append(row, 0xff)
			}
		}
		row = append(row, 0)
	}
	return row
}

// comparer orders rows by their bytes. Its Split makes Pebble's filters contain partitions instead of rows, so that a
// list of an empty partition usually reads nothing.
var comparer = func() *pebble.Comparer {
	c := *pebble.DefaultComparer
	c.Name = "perennial.partitions"
	c.Split = splitPartition
	return &c
}()

// splitPartition returns the length of the part of a row's key that names the partition: the kind and the first part
// with its zero byte. A key without a complete first part, such as a bound, is its own partition.
func splitPartition(row []byte) int {
	for i, b := range row {
		if b == 0 && (i+1 == len(row) || row[i+1] != 0xff) {
			return i + 1
		}
	}
	return len(row)
}

// beyond returns a key above every row that starts with row.
func beyond(row []byte) []byte { return append(bytes.Clone(row), 0xff) }

// splitParts is the inverse of appendParts.
func splitParts(row []byte) []string {
	var parts []string
	var part []byte
	for i := 0; i < len(row); i++ {
		switch {
		case row[i] != 0:
			part = append(part, row[i])
		case i+1 < len(row) && row[i+1] == 0xff:
			part = append(part, 0)
			i++
		default:
			parts, part = append(parts, string(part)), nil
		}
	}
	return parts
}

func itemKey(k table.Key) []byte {
	return appendParts(append(make([]byte, 0, len(k.PK)+len(k.SK)+3), itemRow), k.PK, k.SK)
}

func indexKey(it table.Item) []byte {
	return appendParts([]byte{indexRow}, it.Index.PK, it.Index.SK, it.Key.PK, it.Key.SK)
}

// The value of an item is a byte of flags for the optional parts, the version, the expiry in seconds, the index
// key, and the document up to the end. A later form adds a flag; an item with unknown flags is rejected.
const (
	hasExpires = 1 << iota
	hasIndex
	knownParts = hasExpires | hasIndex
)

var errStored = errors.New("pebbletable: a stored item is damaged or was written by a later release")

func encodeItem(it table.Item) []byte {
	value := append(make([]byte, 0, 32+len(it.Index.PK)+len(it.Index.SK)+len(it.Doc)), 0)
	value = binary.AppendUvarint(value, uint64(it.Version))
	if !it.Expires.IsZero() {
		value[0] |= hasExpires
		value = binary.AppendVarint(value, it.Expires.Unix())
	}
	if !it.Index.IsZero() {
		value[0] |= hasIndex
		value = appendText(value, it.Index.PK)
		value = appendText(value, it.Index.SK)
	}
	return append(value, it.Doc...)
}

// decodeItem decodes the item that is stored under key. It retains no part of value.
func decodeItem(key table.Key, value []byte) (table.Item, error) {
	if len(value) == 0 || value[0]&^knownParts != 0 {
		return table.Item{}, errStored
	}
	it, r := table.Item{Key: key}, reader{value[1:], true}
	it.Version = int64(r.uvarint())
	if value[0]&hasExpires != 0 {
		it.Expires = time.Unix(r.varint(), 0).UTC()
	}
	if value[0]&hasIndex != 0 {
		it.Index.PK = r.text()
		it.Index.SK = r.text()
	}
	if !r.ok {
		return table.Item{}, errStored
	}
	it.Doc = bytes.Clone(r.rest)
	return it, nil
}

func appendText(to []byte, text string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(text))), text...)
}

// A reader decodes a value. After the first missing part, ok is false and every other result is zero.
type reader struct {
	rest []byte
	ok   bool
}

func (r *reader) uvarint() uint64 {
	n, size := binary.Uvarint(r.rest)
	r.skip(size)
	return n
}

func (r *reader) varint() int64 {
	n, size := binary.Varint(r.rest)
	r.skip(size)
	return n
}

func (r *reader) text() string {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.ok = false
		return ""
	}
	text := string(r.rest[:n])
	r.rest = r.rest[n:]
	return text
}

func (r *reader) skip(size int) {
	if size <= 0 {
		r.ok, size = false, 0
	}
	r.rest = r.rest[size:]
}
