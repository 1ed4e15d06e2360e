package tabletest

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// Size returns the number of bytes that DynamoDB counts for the item as dynamotable stores it. The item has the
// attributes pk, sk, v and doc, the attributes ipk and isk if it is in the index, and ttl if it expires. An absent item
// has size 0.
//
// The rules are those of "DynamoDB item sizes and formats" in the Amazon DynamoDB Developer Guide. The size of a name
// or string is the number of its UTF-8 bytes, and the size of a binary value the number of its bytes. The size of a
// number is one byte per two significant digits, plus one. Null and a boolean have one byte. A list or a map has three
// bytes, plus the size of each element and one more byte for each. Two rules are not in the guide but were measured by
// others: a negative number has one byte more, and no number has more than 21.
func Size(it table.Item) int {
	if it.Doc == nil {
		return 0
	}
	size := len("pk") + len(it.Key.PK) + len("sk") + len(it.Key.SK)
	size += len("v") + wholeSize(it.Version)
	if !it.Index.IsZero() {
		size += len("ipk") + len(it.Index.PK) + len("isk") + len(it.Index.SK)
	}
	if !it.Expires.IsZero() {
		size += len("ttl") + wholeSize(it.Expires.Unix())
	}
	d := json.NewDecoder(bytes.NewReader(it.Doc))
	d.UseNumber()
	var doc any
	must(d.Decode(&doc)) // cannot fail, because the table accepted the document
	return size + len("doc") + valueSize(doc)
}

// entrySize returns the number of bytes that DynamoDB counts for the item's entry in the index, which contains only
// keys.
func entrySize(it table.Item) int {
	if it.Index.IsZero() {
		return 0
	}
	return len("pk") + len(it.Key.PK) + len("sk") + len(it.Key.SK) +
		len("ipk") + len(it.Index.PK) + len("isk") + len(it.Index.SK)
}

func valueSize(v any) int {
	switch v := v.(type) {
	case string:
		if b, ok := table.Bytes(v); ok {
			return len(b)
		}
		return len(v)
	case json.Number:
		return numberSize(v.String())
	case []any:
		size := 3
		for _, element := range v {
			size += 1 + valueSize(element)
		}
		return size
	case map[string]any:
		size := 3
		for name, element := range v {
			size += 1 + len(name) + valueSize(element)
		}
		return size
	}
	return 1
}

func wholeSize(n int64) int { return numberSize(strconv.FormatInt(n, 10)) }

// numberSize returns the size of a number in bytes. It counts the digits from the first nonzero digit to the last.
func numberSize(text string) int {
	mantissa, negative := strings.CutPrefix(text, "-")
	if i := strings.IndexAny(mantissa, "eE"); i >= 0 {
		mantissa = mantissa[:i]
	}
	digits := strings.Trim(strings.Replace(mantissa, ".", "", 1), "0")
	size := (len(digits)+1)/2 + 1
	if negative {
		size++
	}
	return min(size, 21)
}
