package tabletest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// refusals tests that invalid input is rejected with an error that is not a conflict, and that the other operations of
// the call are not applied.
func (s *suite) refusals(t *testing.T) {
	bad := func(change func(*table.Item)) func(table.Item) []table.Op {
		return func(it table.Item) []table.Op { change(&it); return []table.Op{table.Put(it)} }
	}
	doc := func(text string) func(table.Item) []table.Op {
		return bad(func(it *table.Item) { it.Doc = json.RawMessage(text) })
	}
	for name, ops := range map[string]func(table.Item) []table.Op{
		"a zero key":                       bad(func(it *table.Item) { it.Key = table.Key{} }),
		"a key without a partition":        bad(func(it *table.Item) { it.Key.PK = "" }),
		"a key without a sort key":         bad(func(it *table.Item) { it.Key.SK = "" }),
		"a key with more than 1,024 bytes": bad(func(it *table.Item) { it.Key.SK = strings.Repeat("k", 1025) }),
		"a key that is not UTF-8":          bad(func(it *table.Item) { it.Key.SK = "\xff" }),
		"half an index key":                bad(func(it *table.Item) { it.Index.PK = "i" }),
		"the other half of an index key":   bad(func(it *table.Item) { it.Index.SK = "i" }),
		"a negative version":               bad(func(it *table.Item) { it.Version = -1 }),
		"no document":                      bad(func(it *table.Item) { it.Doc = nil }),
		"an empty document":                doc(""),
		"a document that is null":          doc("null"),
		"a document that is a list":        doc("[1]"),
		"a document that is a string":      doc(`"a"`),
		"a document that is not JSON":      doc(`{"a":}`),
		"a truncated document":             doc(`{"a":1`),
		"a document followed by data":      doc(`{"a":1}{}`),
		"a document that is not UTF-8":     doc("{\"a\":\"\xff\"}"),
		"a document with more than 350 KB": doc(fmt.Sprintf(`{"a":%q}`, strings.Repeat("x", 351<<10))),
		"an encoded document with more than 350 KB": func(it table.Item) []table.Op {
			it.Doc = fmt.Appendf(nil, `{"a":%q}`, strings.Repeat("x", 351<<10))
			return []table.Op{table.PutEncoded(it)}
		},
		"an empty encoded document": func(it table.Item) []table.Op {
			it.Doc = nil
			return []table.Op{table.PutEncoded(it)}
		},
		"an unknown kind of operation": func(it table.Item) []table.Op { return []table.Op{{Item: it}} },
		"an add without a field": func(it table.Item) []table.Op {
			return []table.Op{
				table.Add(it.Key, "", 1, 0),
			}
		},
		"a put and a check of one key": func(it table.Item) []table.Op {
			return []table.Op{
				table.Put(it), table.Check(it),
			}
		},
		"a check and an add of one key": func(it table.Item) []table.Op {
			return []table.Op{
				table.Check(it), table.Add(it.Key, "n", 1, 0),
			}
		},
		"a check of a zero key":  func(table.Item) []table.Op { return []table.Op{table.Check(table.Item{})} },
		"a delete of a zero key": func(table.Item) []table.Op { return []table.Op{table.Delete(table.Item{})} },
		"an add to a zero key":   func(table.Item) []table.Op { return []table.Op{table.Add(table.Key{}, "n", 1, 0)} },
	} {
		t.Run(name+" is rejected, alone and with other operations", func(t *testing.T) {
			it, beside := s.item(t, "a", `{"n":1}`), s.item(t, "b", `{"n":1}`)
			wantRefusal(t, s.tab.Transact(t.Context(), ops(it)...))
			wantRefusal(t, s.tab.Transact(t.Context(), append([]table.Op{table.Put(beside)}, ops(it)...)...))
			if got := s.list(t, table.Query{PK: s.pk(t)}); len(got) > 0 {
				t.Errorf("the table holds %v, want nothing", sortKeys(got))
			}
		})
	}
	t.Run("an empty transaction is rejected", func(t *testing.T) {
		wantRefusal(t, s.tab.Transact(t.Context()))
	})
	t.Run("a transaction of 101 operations is rejected", func(t *testing.T) {
		var ops []table.Op
		for i := range 101 {
			ops = append(ops, table.Put(s.item(t, fmt.Sprint(i), `{}`)))
		}
		wantRefusal(t, s.tab.Transact(t.Context(), ops...))
		if got := s.list(t, table.Query{PK: s.pk(t)}); len(got) > 0 {
			t.Errorf("the table holds %d items, want none", len(got))
		}
	})
	t.Run("an invalid read is rejected", func(t *testing.T) {
		for _, key := range []table.Key{{}, {PK: "p"}, {SK: "s"}} {
			_, err := s.tab.Get(t.Context(), key)
			wantRefusal(t, err)
		}
		for _, q := range []table.Query{{}, {Index: true}, {PK: "p", Limit: -1}} {
			var err error
			for _, err = range s.tab.Query(t.Context(), q) {
				break
			}
			wantRefusal(t, err)
		}
	})
}
