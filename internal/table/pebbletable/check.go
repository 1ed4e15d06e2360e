package pebbletable

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/perennial-loyalty/perennial/internal/table"
)

const (
	maxOps  = 100
	maxPart = 1024      // bytes of one part of a key
	maxDoc  = 350 << 10 // bytes of a document
)

// prepare checks ops and returns them in their stored form, with compact documents. It does not change the caller's
// items.
func prepare(ops []table.Op) ([]table.Op, error) {
	if len(ops) == 0 || len(ops) > maxOps {
		return nil, fmt.Errorf("pebbletable: a transaction has 1 to %[2]d operations, not %[1]d", len(ops), maxOps)
	}
	ready := make([]table.Op, len(ops))
	seen := make(map[table.Key]bool, len(ops))
	for i, op := range ops {
		err := prepareOp(&op)
		if err == nil && seen[op.Item.Key] {
			err = errors.New("another operation has the same key")
		}
		if err != nil {
			return nil, fmt.Errorf("pebbletable: operation %d (%s): %w", i, op.Item.Key, err)
		}
		seen[op.Item.Key] = true
		ready[i] = op
	}
	return ready, nil
}

func prepareOp(op *table.Op) error {
	if err := checkKey(op.Item.Key); err != nil {
		return err
	}
	if op.Item.Version < 0 {
		return fmt.Errorf("version %d", op.Item.Version)
	}
	switch op.Kind {
	case table.OpPut:
		return prepareItem(&op.Item, op.Encoded)
	case table.OpDelete, table.OpCheck:
		return nil
	case table.OpAdd:
		if op.Field == "" || !utf8.ValidString(op.Field) {
			return fmt.Errorf("field %q", op.Field)
		}
		return nil
	}
	return fmt.Errorf("unknown kind %d", op.Kind)
}

func prepareItem(it *table.Item, encoded bool) error {
	if !it.Index.IsZero() {
		if err := checkKey(it.Index); err != nil {
			return fmt.Errorf("index: %w", err)
		}
	}
	if !it.Expires.IsZero() {
		it.Expires = time.Unix(it.Expires.Unix(), 0).UTC()
	}
	if encoded {
		return checkDoc(it.Doc)
	}
	// Format is strict: it accepts only valid UTF-8, and no duplicate names in an object.
	doc := jsontext.Value(bytes.Clone(it.Doc))
	if err := doc.Format(jsontext.PreserveRawStrings(true)); err != nil {
		return fmt.Errorf("the document is not JSON: %w", err)
	}
	it.Doc = json.RawMessage(doc)
	return checkDoc(it.Doc)
}

func checkDoc(doc json.RawMessage) error {
	if len(doc) == 0 || doc[0] != '{' {
		return errors.New("the document is not an object")
	}
	if len(doc) > maxDoc {
		return fmt.Errorf("the document has %d bytes, more than %d", len(doc), maxDoc)
	}
	return nil
}

func checkKey(k table.Key) error {
	for _, part := range []string{k.PK, k.SK} {
		if part == "" || len(part) > maxPart || !utf8.ValidString(part) {
			return fmt.Errorf("a part of a key must be 1 to %d bytes of UTF-8: %.80q", maxPart, part)
		}
	}
	return nil
}
