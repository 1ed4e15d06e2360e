package ledger

import (
	"context"
	"iter"

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
