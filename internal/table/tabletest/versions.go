package tabletest

import (
	"fmt"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// versions tests that a write fails if the version of the item is not the version that was read.
func (s *suite) versions(t *testing.T) {
	t.Run("an absent item has version 0, no document and the requested key", func(t *testing.T) {
		key := s.item(t, "a", "").Key
		wantItem(t, s.get(t, key), table.Item{Key: key})
	})
	t.Run("a put of a new item creates version 1, and each later put the next", func(t *testing.T) {
		it := s.put(t, s.item(t, "a", `{"n":1}`))
		s.wantStored(t, it)
		it.Doc = numbered(2)
		it = s.put(t, it)
		s.wantStored(t, it)
		if it.Version != 2 {
			t.Errorf("version %d, want 2", it.Version)
		}
	})
	t.Run("an item from Get can be put unchanged", func(t *testing.T) {
		it := s.get(t, s.item(t, "a", "").Key)
		it.Doc = numbered(1)
		s.put(t, it)
		read := s.get(t, it.Key)
		read.Doc = numbered(2)
		s.wantStored(t, s.put(t, read))
	})
	t.Run("a deleted item is absent, and its key can be used again", func(t *testing.T) {
		it := s.put(t, s.item(t, "a", `{"n":1}`))
		s.transact(t, table.Delete(it))
		s.wantStored(t, table.Item{Key: it.Key})
		s.wantStored(t, s.put(t, s.item(t, "a", `{"n":2}`)))
	})
	t.Run("a check that holds changes nothing", func(t *testing.T) {
		it := s.put(t, s.item(t, "a", `{"n":1}`))
		absent := s.item(t, "b", "")
		s.transact(t, table.Check(it))
		s.transact(t, table.Check(absent))
		s.transact(t, table.Check(it), table.Check(absent))
		s.wantStored(t, it, table.Item{Key: absent.Key})
	})
	t.Run("a delete of an absent item changes nothing", func(t *testing.T) {
		absent := s.item(t, "a", "")
		s.transact(t, table.Delete(absent))
		s.wantStored(t, table.Item{Key: absent.Key})
	})
	s.conflicts(t)
}

// conflicts tests every kind of operation on an item that has changed since it was read. It tests each kind alone and
// with other operations, because an implementation may treat a single operation differently.
func (s *suite) conflicts(t *testing.T) {
	kinds := map[string]func(table.Item) table.Op{"put": table.Put, "delete": table.Delete, "check": table.Check}
	for kind, op := range kinds {
		for _, c := range []struct {
			name         string
			stored, read int64 // versions of the item; 0 if the item is absent
		}{
			{"an item that was created since", 1, 0},
			{"an item that was written since", 3, 2},
			{"an item older than the read", 1, 2},
			{"an item that was deleted since", 0, 1},
		} {
			t.Run(fmt.Sprintf("a %s of %s conflicts", kind, c.name), func(t *testing.T) {
				now := table.Item{Key: s.item(t, "a", "").Key}
				for range c.stored {
					now.Doc = numbered(int(now.Version) + 1)
					now.Index = table.Key{PK: s.pk(t), SK: "i"}
					now = s.put(t, now)
				}
				read := table.Item{Key: now.Key, Version: c.read, Doc: numbered(99)}
				wantConflict(t, s.tab.Transact(t.Context(), op(read)), 0, now)
				beside := s.item(t, "b", `{"n":0}`)
				wantConflict(t, s.tab.Transact(t.Context(), table.Put(beside), op(read)), 1, now)
				s.wantStored(t, now, table.Item{Key: beside.Key})
			})
		}
	}
}

// allOrNone tests that one failed condition prevents all operations. The failed condition is on the first, a middle or
// the last operation.
func (s *suite) allOrNone(t *testing.T) {
	for place, name := range []string{"first", "middle", "last"} {
		t.Run("a conflict on the "+name+" operation changes nothing", func(t *testing.T) {
			existing, deleted := s.put(t, s.item(t, "kept", `{"n":1}`)), s.put(t, s.item(t, "gone", `{"n":1}`))
			counter := s.put(t, s.item(t, "counter", `{"n":5}`))
			rival := s.put(t, s.item(t, "rival", `{"n":1}`))
			made, next := s.item(t, "made", `{"n":1}`), existing
			next.Doc, next.Index = numbered(2), table.Key{PK: s.pk(t), SK: "i"}
			stale := rival
			stale.Version = 0
			ops := []table.Op{
				table.Put(made), table.Put(next), table.Delete(deleted), table.Add(counter.Key, "n", -1, 0),
			}
			at := place * len(ops) / 2
			ops = append(ops[:at], append([]table.Op{table.Put(stale)}, ops[at:]...)...)

			wantConflict(t, s.tab.Transact(t.Context(), ops...), at, rival)
			s.wantStored(t, existing, deleted, counter, rival, table.Item{Key: made.Key})
			if listed := s.list(t, table.Query{PK: s.pk(t), Index: true}); len(listed) > 0 {
				t.Errorf("the index lists %v, want nothing", sortKeys(listed))
			}
		})
	}
	t.Run("the first of two conflicts is returned", func(t *testing.T) {
		a, b := s.put(t, s.item(t, "a", `{"n":1}`)), s.put(t, s.item(t, "b", `{"n":1}`))
		err := s.tab.Transact(
			t.Context(), table.Put(s.item(t, "c", `{}`)), table.Put(s.item(t, "b", `{}`)),
			table.Put(s.item(t, "a", `{}`)),
		)
		wantConflict(t, err, 1, b)
		s.wantStored(t, a, b)
	})
	t.Run("a hundred operations are applied together", func(t *testing.T) {
		items := make([]table.Item, 100)
		for i := range items {
			items[i] = s.item(t, fmt.Sprintf("%03d", i), `{"n":1}`)
		}
		s.fill(t, items)
		if got := s.list(t, table.Query{PK: s.pk(t)}); len(got) != len(items) {
			t.Errorf("%d items, want %d", len(got), len(items))
		}
	})
}
