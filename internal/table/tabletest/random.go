package tabletest

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/seedtest"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// random tests that random transactions have the same results on the table and on a simple model in memory.
func (s *suite) random(t *testing.T) {
	rng := rand.New(rand.NewPCG(seedtest.Of(t), 0))
	m := &model{items: map[table.Key]table.Item{}, pk: s.pk(t)}
	var log strings.Builder
	for step := range 300 {
		ops := m.draw(rng)
		fmt.Fprintf(&log, "%d: %s\n", step, describe(ops))
		conflict := m.apply(ops)
		err := s.patient(t.Context(), ops...)
		if conflict == nil && err != nil {
			t.Fatalf("%v; the operations were:\n%s", err, log.String())
		}
		if conflict != nil {
			wantConflict(t, err, conflict.Op, conflict.Current)
		}
		if step%10 == 9 {
			s.wantModel(t, m)
		}
		if t.Failed() {
			t.Fatalf("the operations were:\n%s", log.String())
		}
	}
	if m.done < 50 || m.refused < 50 {
		t.Errorf("%d transactions were applied and %d refused; want more of both", m.done, m.refused)
	}
}

// wantModel compares every partition of the table and of the index with the model.
func (s *suite) wantModel(t *testing.T, m *model) {
	t.Helper()
	for p := range 3 {
		pk := fmt.Sprintf("%s#%d", m.pk, p)
		want := m.list(func(it table.Item) bool { return it.Key.PK == pk })
		if diff := cmp.Diff(views(want), views(s.list(t, table.Query{PK: pk}))); diff != "" {
			t.Errorf("partition %s (-want +got):\n%s", pk, diff)
		}
		want = m.list(func(it table.Item) bool { return it.Index.PK == pk+"#i" })
		s.wantSet(t, table.Query{PK: pk + "#i", Index: true}, want)
	}
}

// A model is a table in memory, stored as a map. It has no concurrency and no failures.
type model struct {
	pk            string
	items         map[table.Key]table.Item
	done, refused int
}

// draw returns a random transaction. Most of its operations have the current version of their item.
func (m *model) draw(rng *rand.Rand) []table.Op {
	var ops []table.Op
	used := map[table.Key]bool{}
	for range 1 + rng.IntN(5) {
		key := table.Key{PK: fmt.Sprintf("%s#%d", m.pk, rng.IntN(3)), SK: fmt.Sprint(rng.IntN(6))}
		if used[key] {
			continue
		}
		used[key] = true
		it := m.read(key)
		if rng.IntN(8) == 0 {
			it.Version = max(0, it.Version+rng.Int64N(3)-1)
		}
		switch draw := rng.IntN(10); {
		case draw < 6:
			m.change(&it, rng)
			ops = append(ops, table.Put(it))
		case draw < 7:
			ops = append(ops, table.Delete(it))
		case draw < 8:
			ops = append(ops, table.Check(it))
		default:
			ops = append(ops, table.Add(key, "n", rng.Int64N(21)-12, 0))
		}
	}
	return ops
}

// change gives the item another document, and often another index key.
func (m *model) change(it *table.Item, rng *rand.Rand) {
	it.Doc = fmt.Appendf(nil, `{"n":%d,"s":%q}`, rng.IntN(20), strings.Repeat("é", rng.IntN(5)))
	switch rng.IntN(4) {
	case 0:
		it.Index = table.Key{}
	case 1, 2:
		it.Index = table.Key{PK: fmt.Sprintf("%s#%d#i", m.pk, rng.IntN(3)), SK: fmt.Sprint(rng.IntN(4))}
	}
	it.Expires = time.Time{}
	if rng.IntN(3) == 0 {
		it.Expires = time.Unix(2_000_000_000+rng.Int64N(1000), 0)
	}
}

func (m *model) read(key table.Key) table.Item {
	if it, ok := m.items[key]; ok {
		return it
	}
	return table.Item{Key: key}
}

// apply applies all operations to the model. If a condition fails, it applies none and returns the conflict.
func (m *model) apply(ops []table.Op) *table.ConflictError {
	next := maps.Clone(m.items)
	for i, op := range ops {
		now := m.read(op.Item.Key)
		conflict := &table.ConflictError{Op: i, Key: now.Key, Current: now}
		if op.Kind == table.OpAdd {
			sum := addUp(&now, op)
			if sum < op.Floor {
				m.refused++
				return conflict
			}
			next[now.Key] = now
			continue
		}
		if now.Version != op.Item.Version {
			m.refused++
			return conflict
		}
		switch op.Kind {
		case table.OpPut:
			op.Item.Version++
			next[now.Key] = op.Item
		case table.OpDelete:
			delete(next, now.Key)
		}
	}
	m.items = next
	m.done++
	return nil
}

// addUp applies an Add to the item and returns the new value of the field.
func addUp(it *table.Item, op table.Op) int64 {
	fields := map[string]json.RawMessage{}
	var n int64
	if it.Doc != nil {
		must(json.Unmarshal(it.Doc, &fields))
	}
	if f, ok := fields[op.Field]; ok {
		must(json.Unmarshal(f, &n))
	}
	fields[op.Field] = fmt.Append(nil, n+op.Delta)
	doc, err := json.Marshal(fields)
	must(err)
	it.Doc = doc
	it.Version++
	return n + op.Delta
}

func (m *model) list(want func(table.Item) bool) []table.Item {
	items := []table.Item{}
	for _, it := range m.items {
		if want(it) {
			items = append(items, it)
		}
	}
	slices.SortFunc(items, func(a, b table.Item) int {
		return strings.Compare(a.Key.PK+"\x00"+a.Key.SK, b.Key.PK+"\x00"+b.Key.SK)
	})
	return items
}

// describe formats operations as one line.
func describe(ops []table.Op) string {
	var parts []string
	for _, op := range ops {
		kind := []string{"?", "put", "delete", "check", "add"}[op.Kind]
		parts = append(
			parts,
			fmt.Sprintf(
				"%s %s@%d %s -> %s %s%+d", kind, op.Item.Key, op.Item.Version, op.Item.Doc, op.Item.Index, op.Field,
				op.Delta,
			),
		)
	}
	return strings.Join(parts, "; ")
}

// must panics if err is not nil. It is for errors that cannot occur with the documents of the tests.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
