package dynamotable_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// DynamoDB rejects most of this input too, but it accepts text that is not UTF-8 and stores different text.
func TestInvalidItemsAreRejectedWithoutRequest(t *testing.T) {
	with := func(change func(*table.Item)) table.Op {
		it := item("a", 0)
		change(&it)
		return table.Put(it)
	}
	doc := func(text string) table.Op { return with(func(it *table.Item) { it.Doc = json.RawMessage(text) }) }
	for name, op := range map[string]table.Op{
		"a key that is not UTF-8": with(func(it *table.Item) { it.Key.PK = "\xff" }),
		"an index key that is not UTF-8": with(
			func(it *table.Item) { it.Index = table.Key{PK: "i", SK: "\xff"} },
		),
		"half an index key":                    with(func(it *table.Item) { it.Index.PK = "i" }),
		"a key that is too long":               with(func(it *table.Item) { it.Key.SK = strings.Repeat("k", 1025) }),
		"a document that is not UTF-8":         doc("{\"a\":\"\xff\"}"),
		"a number with 39 digits":              doc(`{"a":123456789012345678901234567890123456789}`),
		"a number beyond DynamoDB's exponents": doc(`{"a":1e126}`),
		"an empty field name":                  doc(`{"a":{"":1}}`),
		"a delete with a negative version":     table.Delete(item("a", -1)),
		"a check of a key without a sort key":  table.Check(table.Item{Key: table.Key{PK: "p"}}),
	} {
		t.Run(name, func(t *testing.T) {
			for _, ops := range [][]table.Op{{op}, {table.Put(item("b", 0)), op}} {
				tab, s := play(t)
				if err := tab.Transact(t.Context(), ops...); outcomeOf(err) != refusal || s.names() != "" {
					t.Errorf("got %v after %q, want an error and no request", err, s.names())
				}
			}
		})
	}
}
