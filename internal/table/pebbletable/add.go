package pebbletable

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// addTo returns the item that an Add produces. holds is false if the sum would be below the floor.
func addTo(now table.Item, op table.Op) (next table.Item, holds bool, err error) {
	fields := map[string]json.RawMessage{}
	if now.Version > 0 {
		if err := json.Unmarshal(now.Doc, &fields); err != nil {
			return now, false, fmt.Errorf("pebbletable: add to %s: %w", now.Key, err)
		}
	}
	sum, err := addUp(fields[op.Field], op.Delta)
	if err != nil {
		return now, false, fmt.Errorf("pebbletable: add to field %q of %s: %w", op.Field, now.Key, err)
	}
	if sum < op.Floor {
		return now, false, nil
	}
	fields[op.Field] = strconv.AppendInt(nil, sum, 10)
	next = now
	next.Version++
	if next.Doc, err = join(fields); err != nil {
		return now, false, fmt.Errorf("pebbletable: add to %s: %w", now.Key, err)
	}
	return next, true, checkDoc(next.Doc)
}

// addUp adds delta to an encoded number. An absent number counts as 0.
func addUp(number json.RawMessage, delta int64) (int64, error) {
	var n int64
	if number != nil {
		var err error
		if n, err = strconv.ParseInt(string(number), 10, 64); err != nil {
			return 0, fmt.Errorf("not an integer: %.40s", number)
		}
	}
	sum := n + delta
	if (sum > n) != (delta > 0) && delta != 0 {
		return 0, fmt.Errorf("%d%+d exceeds 64 bits", n, delta)
	}
	return sum, nil
}

// join encodes the fields as one object. Unlike json.Marshal, it does not escape HTML characters.
func join(fields map[string]json.RawMessage) (json.RawMessage, error) {
	var doc bytes.Buffer
	e := json.NewEncoder(&doc)
	e.SetEscapeHTML(false)
	if err := e.Encode(fields); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(doc.Bytes()), nil
}
