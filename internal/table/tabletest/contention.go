package tabletest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// contention tests that concurrent writers of the same items lose no update.
func (s *suite) contention(t *testing.T) {
	t.Run("no update is lost with eight writers of one item", func(t *testing.T) {
		const writers, each = 8, 12
		it := s.put(t, s.item(t, "account", `{"n":0}`))
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				for i := range each {
					entry := s.item(t, fmt.Sprintf("entry %d %d", w, i), `{"n":1}`)
					if err := s.increment(t.Context(), it.Key, table.Put(entry)); err != nil {
						t.Errorf("increment: %v", err)
						return
					}
				}
			})
		}
		all.Wait()
		s.wantStored(t, table.Item{Key: it.Key, Version: 1 + writers*each, Doc: numbered(writers * each)})
		if entries := s.list(t, table.Query{PK: it.Key.PK, From: "entry"}); len(entries) != writers*each {
			t.Errorf("%d entries, want %d", len(entries), writers*each)
		}
	})
	t.Run("only one of eight writers creates an item", func(t *testing.T) {
		var won, lost int
		var mu sync.Mutex
		var all sync.WaitGroup
		for w := range 8 {
			all.Go(func() {
				mine := s.item(t, "cause", fmt.Sprintf(`{"n":%d}`, w))
				err := s.patient(t.Context(), table.Put(mine), table.Put(s.item(t, fmt.Sprint("by ", w), `{}`)))
				mu.Lock()
				defer mu.Unlock()
				var conflict *table.ConflictError
				switch {
				case err == nil:
					won++
				case errors.As(err, &conflict) && conflict.Current.Version == 1:
					lost++
				default:
					t.Errorf("put: %v", err)
				}
			})
		}
		all.Wait()
		if won != 1 || lost != 7 {
			t.Errorf("%d won and %d lost, want 1 and 7", won, lost)
		}
	})
}

// increment reads the item, increments its field n, and writes it together with another operation. After a conflict, it
// tries again with the current item that the conflict contains.
func (s *suite) increment(ctx context.Context, key table.Key, with table.Op) error {
	it, err := s.tab.Get(ctx, key)
	for err == nil {
		var doc struct {
			N int `json:"n"`
		}
		if err := json.Unmarshal(it.Doc, &doc); err != nil {
			return err
		}
		it.Doc = numbered(doc.N + 1)
		err = s.patient(ctx, table.Put(it), with)
		var conflict *table.ConflictError
		if !errors.As(err, &conflict) {
			return err
		}
		it, err = conflict.Current, nil
	}
	return err
}

// cancellation tests that a call with a canceled context changes nothing.
func (s *suite) cancellation(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	it := s.put(t, s.item(t, "a", `{"n":1}`))
	t.Run("get", func(t *testing.T) {
		if _, err := s.tab.Get(ctx, it.Key); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want the context's error", err)
		}
	})
	t.Run("query", func(t *testing.T) {
		for _, index := range []bool{false, true} {
			var err error
			for _, err = range s.tab.Query(ctx, table.Query{PK: it.Key.PK, Index: index}) {
			}
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want the context's error", err)
			}
		}
	})
	t.Run("transact", func(t *testing.T) {
		for _, ops := range [][]table.Op{
			{table.Delete(it)},
			{table.Delete(it), table.Put(s.item(t, "b", `{}`))},
			{table.Add(it.Key, "n", 1, 0)},
		} {
			if err := s.tab.Transact(ctx, ops...); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want the context's error", err)
			}
		}
	})
	s.wantStored(t, it)
}
