package tabletest

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// add tests the operation Add: it adds the exact number to a counter, and never makes the counter less than its floor.
func (s *suite) add(t *testing.T) {
	t.Run("an add to an absent item creates it", func(t *testing.T) {
		key := s.item(t, "a", "").Key
		s.transact(t, table.Add(key, "n", 5, 0))
		s.wantStored(t, table.Item{Key: key, Version: 1, Doc: numbered(5)})
	})
	t.Run("an add to an absent field creates it and keeps the others", func(t *testing.T) {
		it := s.item(t, "a", `{"big":9007199254740993,"s":"<\u2028>","o":{"l":[],"z":null},"f":0.1}`)
		it.Index, it.Expires = table.Key{PK: s.pk(t) + "#i", SK: "i"}, time.Unix(2_000_000_000, 0)
		it = s.put(t, it)
		s.transact(t, table.Add(it.Key, "n.m", -2, -2))
		it.Doc, it.Version = []byte(`{"big":9007199254740993,"s":"<\u2028>","o":{"l":[],"z":null},"f":0.1,"n.m":-2}`), 2
		s.wantStored(t, it)
		s.wantIndex(t, table.Query{PK: it.Index.PK, Index: true}, []table.Item{it})
	})
	t.Run("an add increases the version, so that a put of an earlier version conflicts", func(t *testing.T) {
		read := s.put(t, s.item(t, "a", `{"n":1}`))
		s.transact(t, table.Add(read.Key, "n", 0, 0))
		now := table.Item{Key: read.Key, Version: 2, Doc: numbered(1)}
		wantConflict(t, s.tab.Transact(t.Context(), table.Put(read)), 0, now)
		s.transact(t, table.Put(now))
	})
	t.Run("a sum can reach its floor but not fall below it", func(t *testing.T) {
		it := s.put(t, s.item(t, "a", `{"n":3}`))
		wantConflict(t, s.tab.Transact(t.Context(), table.Add(it.Key, "n", -4, 0)), 0, it)
		s.transact(t, table.Add(it.Key, "n", -3, 0))
		it.Doc, it.Version = numbered(0), 2
		beside := s.item(t, "b", `{}`)
		wantConflict(t, s.tab.Transact(t.Context(), table.Put(beside), table.Add(it.Key, "n", -1, 0)), 1, it)
		s.wantStored(t, it, table.Item{Key: beside.Key})
		s.transact(t, table.Add(it.Key, "n", -7, -7))
		s.wantStored(t, table.Item{Key: it.Key, Version: 3, Doc: numbered(-7)})
	})
	t.Run("the floor also applies to an absent item", func(t *testing.T) {
		key := s.item(t, "a", "").Key
		wantConflict(t, s.tab.Transact(t.Context(), table.Add(key, "n", -1, 0)), 0, table.Item{Key: key})
		wantConflict(t, s.tab.Transact(t.Context(), table.Add(key, "n", 9, 10)), 0, table.Item{Key: key})
		s.wantStored(t, table.Item{Key: key})
	})
	t.Run("large integers are added exactly", func(t *testing.T) {
		it := s.put(t, s.item(t, "a", `{"n":9007199254740992}`))
		s.transact(t, table.Add(it.Key, "n", 1, 0))
		s.transact(t, table.Add(it.Key, "n", math.MaxInt64-9007199254740993, 0))
		s.wantStored(t, table.Item{Key: it.Key, Version: 3, Doc: []byte(`{"n":9223372036854775807}`)})
	})
	t.Run("an add works in a transaction with other operations", func(t *testing.T) {
		it := s.put(t, s.item(t, "a", `{"n":1}`))
		made := s.item(t, "b", `{"n":1}`)
		s.transact(t, table.Add(it.Key, "n", 1, 0), table.Put(made), table.Add(s.item(t, "c", "").Key, "n", 1, 0))
		made.Version = 1
		s.wantStored(t, table.Item{Key: it.Key, Version: 2, Doc: numbered(2)}, made)
	})
	t.Run("an add to a non-integer is rejected", func(t *testing.T) {
		for _, doc := range []string{`{"n":"1"}`, `{"n":null}`, `{"n":[1]}`, `{"n":{}}`, `{"n":true}`} {
			it := s.put(t, s.item(t, "a"+doc, doc))
			wantRefusal(t, s.tab.Transact(t.Context(), table.Add(it.Key, "n", 1, 0)))
			s.wantStored(t, it)
		}
	})
	t.Run("sixteen concurrent writers sell exactly the stock", s.soldOut)
}

// soldOut tests 16 concurrent goroutines that each take one unit of stock at a time until the stock is empty.
func (s *suite) soldOut(t *testing.T) {
	const stock = 120
	it := s.put(t, s.item(t, "stock", `{"left":120,"name":"mug"}`))
	var taken atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range stock + 1 {
				err := s.patient(t.Context(), table.Add(it.Key, "left", -1, 0))
				var conflict *table.ConflictError
				if errors.As(err, &conflict) {
					return
				}
				if err != nil {
					t.Errorf("add: %v", err)
					return
				}
				taken.Add(1)
			}
		})
	}
	all.Wait()
	if taken.Load() != stock {
		t.Errorf("%d units were taken, want %d", taken.Load(), stock)
	}
	s.wantStored(t, table.Item{Key: it.Key, Version: 1 + stock, Doc: []byte(`{"left":0,"name":"mug"}`)})
}

// patient applies ops. If the table is busy because of concurrent writers, it tries again.
func (s *suite) patient(ctx context.Context, ops ...table.Op) error {
	for {
		err := s.tab.Transact(ctx, ops...)
		if !errors.Is(err, table.ErrBusy) {
			return err
		}
	}
}
