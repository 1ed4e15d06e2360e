package ledger

import (
	"context"
	"iter"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/parallel"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// InPages yields all items of a query, which it reads in pages of q.Limit items.
func InPages(ctx context.Context, t table.Table, q table.Query) iter.Seq2[table.Item, error] {
	return func(yield func(table.Item, error) bool) {
		for {
			n := 0
			for it, err := range t.Query(ctx, q) {
				if !yield(it, err) || err != nil {
					return
				}
				q.After, n = it, n+1
			}
			if n < q.Limit {
				return
			}
		}
	}
}

// List yields the result of read for each item of a query, up to the first error.
func List[T any](
	ctx context.Context, t table.Table, q table.Query, read func(table.Item) (T, error),
) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for it, err := range t.Query(ctx, q) {
			var x T
			if err = Retryable(err); err == nil {
				x, err = read(it)
			}
			if !yield(x, err) || err != nil {
				return
			}
		}
	}
}

// first returns the first item of a query, or an item with Version 0 if there is none.
func first(ctx context.Context, t table.Table, q table.Query) (table.Item, error) {
	var found struct {
		item table.Item
		err  error
	}
	// A direct call allocates less memory than a range statement. Every order begins with such a query.
	t.Query(ctx, q)(func(it table.Item, err error) bool {
		found.item, found.err = it, err
		return false
	})
	return found.item, Retryable(found.err)
}

// NextDue returns the earliest instant in queues of due objects, which are partitions of the index. It returns zero if
// the queues are empty.
func NextDue(ctx context.Context, t table.Table, partitions ...string) (next time.Time, err error) {
	for _, pk := range partitions {
		for it, err := range t.Query(ctx, table.Query{PK: pk, Index: true, Limit: 1}) {
			if err != nil {
				return next, Retryable(err)
			}
			next = Earlier(next, stored.InstantAt(it.Index.SK))
		}
	}
	return next, nil
}

// Earlier returns the earlier of two instants. Zero means never.
func Earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// GetAll reads items concurrently and returns them in the order of the parameter keys.
func GetAll(ctx context.Context, t table.Table, keys ...table.Key) ([]table.Item, error) {
	items := make([]table.Item, len(keys))
	reads := make([]func() error, len(keys))
	for i, key := range keys {
		reads[i] = func() (err error) {
			items[i], err = t.Get(ctx, key)
			return err
		}
	}
	return items, Retryable(parallel.Do(reads...))
}
