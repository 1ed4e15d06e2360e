package dynamotable

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// These constants are limits that package table defines.
const (
	maxOps = 100
	maxKey = 1024       // maximum number of bytes of each part of a key
	maxDoc = 350 * 1024 // maximum number of bytes of JSON; DynamoDB limits an item, with its attribute names, to 400 KB
)

// checkOps rejects operations that DynamoDB or the contract of package table does not allow. Documents are checked
// later, when they are encoded.
func checkOps(ops []table.Op) error {
	if len(ops) == 0 || len(ops) > maxOps {
		return fmt.Errorf("%d operations, not 1 to %d", len(ops), maxOps)
	}
	seen := make(map[table.Key]bool, len(ops))
	for i, op := range ops {
		if err := checkOp(op); err != nil {
			return fmt.Errorf("operation %d: %w", i, err)
		}
		if seen[op.Item.Key] {
			return fmt.Errorf("operation %d: a second one for %s", i, op.Item.Key)
		}
		seen[op.Item.Key] = true
	}
	return nil
}

func checkOp(op table.Op) error {
	if op.Kind < table.OpPut || op.Kind > table.OpAdd {
		return fmt.Errorf("unknown kind %d", op.Kind)
	}
	if err := checkKey(op.Item.Key); err != nil {
		return err
	}
	if op.Item.Version < 0 {
		return fmt.Errorf("version %d", op.Item.Version)
	}
	if op.Kind == table.OpAdd && op.Field == "" {
		return errors.New("add names no field")
	}
	if op.Kind == table.OpPut && !op.Item.Index.IsZero() {
		if err := checkKey(op.Item.Index); err != nil {
			return fmt.Errorf("index: %w", err)
		}
	}
	return nil
}

func checkKey(key table.Key) error {
	for _, part := range []string{key.PK, key.SK} {
		if part == "" || len(part) > maxKey || !utf8.ValidString(part) {
			return fmt.Errorf("key %.100q has a part that is empty, not UTF-8 or longer than %d bytes", key, maxKey)
		}
	}
	return nil
}
