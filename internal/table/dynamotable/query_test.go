package dynamotable_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// page responds to a Query with items, and with the key of the last one unless last is "".
func page(last string, items ...string) answer {
	body := `{"Items":[` + strings.Join(items, ",") + `]`
	if last != "" {
		body += `,"LastEvaluatedKey":` + last
	}
	return says(200, body+`}`)
}

// batch responds to a BatchGetItem with items and with unprocessed keys.
func batch(items, rest []string) answer {
	return says(
		200,
		fmt.Sprintf(`{"Responses":{"perennial":[%s]},"UnprocessedKeys":{%s}}`, strings.Join(items, ","), left(rest)),
	)
}

func left(keys []string) string {
	if len(keys) == 0 {
		return ""
	}
	return `"perennial":{"ConsistentRead":true,"Keys":[` + strings.Join(keys, ",") + `]}`
}

// row returns an index row, and at the item under that index key.
func row(sk, isk string) string { return `{` + keyed(sk) + placed(isk) + `}` }
func key(sk string) string      { return `{` + keyed(sk) + `}` }
func at(sk, isk string) string {
	return `{` + keyed(sk) + placed(isk) + `,"v":{"N":"1"},"doc":{"M":{}}}`
}
func keyed(sk string) string   { return `"pk":{"S":"p"},"sk":{"S":"` + sk + `"}` }
func placed(isk string) string { return `,"ipk":{"S":"due"},"isk":{"S":"` + isk + `"}` }

// listed returns the sort keys that a query yields before it ends, and its error.
func listed(t *testing.T, tab table.Table, q table.Query) (string, error) {
	t.Helper()
	var sks []string
	for it, err := range tab.Query(t.Context(), q) {
		if err != nil {
			return strings.Join(sks, " "), err
		}
		sks = append(sks, it.Key.SK)
	}
	return strings.Join(sks, " "), nil
}

func TestQueryReadsOnlyNeededPages(t *testing.T) {
	first, second := page(key("b"), image("a", "1", "1"), image("b", "1", "1")), page("", image("c", "1", "1"))
	tab, s := play(t, first, second)
	if got, err := listed(t, tab, table.Query{PK: "p"}); got != "a b c" || err != nil {
		t.Errorf("listed %q, %v, want all three", got, err)
	}
	if s.requests()[1].body.ExclusiveStartKey == nil || !s.requests()[1].body.ConsistentRead {
		t.Errorf(
			"the second page was requested with %+v, want its start key and a consistent read", s.requests()[1].body,
		)
	}
	tab, s = play(t, first)
	if got, err := listed(t, tab, table.Query{PK: "p", Limit: 2}); got != "a b" || err != nil || s.names() != "Query" {
		t.Errorf("listed %q, %v after %s, want two items from one page", got, err, s.names())
	}
	tab, s = play(t, page(key("a")), second)
	if got, err := listed(t, tab, table.Query{PK: "p", Limit: 2}); got != "c" || err != nil {
		t.Errorf("listed %q, %v after %s, want the query to continue after an empty page", got, err, s.names())
	}
	tab, _ = play(t, append([]answer{first}, times(5, internalError)...)...)
	if got, err := listed(t, tab, table.Query{PK: "p"}); got != "a b" || !errors.Is(err, table.ErrBusy) {
		t.Errorf("listed %q, %v, want the first page and then busy", got, err)
	}
}

func TestIndexQueryReadsItemsByKey(t *testing.T) {
	q := table.Query{PK: "due", Index: true}
	for name, c := range map[string]struct {
		answers []answer
		want    string
	}{
		"index order, not batch order": {
			[]answer{
				page("", row("c", "1"), row("a", "2"), row("b", "3")),
				batch([]string{at("a", "2"), at("b", "3"), at("c", "1")}, nil),
			},
			"c a b",
		},
		"without deleted items": {
			[]answer{page("", row("a", "1"), row("b", "2")), batch([]string{at("b", "2")}, nil)}, "b",
		},
		"without items under another index key": {
			[]answer{page("", row("a", "1"), row("b", "2")), batch([]string{at("a", "9"), at("b", "2")}, nil)}, "b",
		},
		"without items that left the index": {
			[]answer{page("", row("a", "1")), batch([]string{image("a", "2", "1")}, nil)}, "",
		},
		"one item for two index rows": {
			[]answer{page("", row("a", "1"), row("a", "2")), batch([]string{at("a", "2")}, nil)}, "a",
		},
		"with unprocessed keys": {
			[]answer{
				page("", row("a", "1"), row("b", "2")), batch([]string{at("b", "2")}, []string{key("a")}),
				batch([]string{at("a", "1")}, nil),
			},
			"a b",
		},
		"no read for an empty page": {
			[]answer{page(row("z", "9")), page("", row("a", "9")), batch([]string{at("a", "9")}, nil)}, "a",
		},
	} {
		t.Run(name, func(t *testing.T) {
			tab, s := play(t, c.answers...)
			if got, err := listed(t, tab, q); got != c.want || err != nil {
				t.Errorf("listed %q, %v after %s, want %q", got, err, s.names(), c.want)
			}
			for _, r := range s.requests() {
				if r.name == "BatchGetItem" && !r.body.RequestItems["perennial"].ConsistentRead {
					t.Error("the items were not read consistently")
				}
			}
		})
	}
}

func TestLastingUnprocessedKeysReturnErrBusy(t *testing.T) {
	stuck := batch(nil, []string{key("a")})
	tab, s := play(t, append([]answer{page("", row("a", "1"))}, times(5, stuck)...)...)
	if _, err := listed(t, tab, table.Query{PK: "due", Index: true}); !errors.Is(err, table.ErrBusy) ||
		len(s.pauses) != 4 {
		t.Errorf("got %v after %s and %d pauses, want busy after five attempts", err, s.names(), len(s.pauses))
	}
}
