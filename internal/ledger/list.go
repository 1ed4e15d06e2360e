package ledger

import (
	"context"
	"iter"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// list yields what read makes of each item that a query finds, up to the first error.
func list[T any](ctx context.Context, t table.Table, q table.Query, read func(table.Item) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for it, err := range t.Query(ctx, q) {
			var x T
			if err = retryable(err); err == nil {
				x, err = read(it)
			}
			if !yield(x, err) || err != nil {
				return
			}
		}
	}
}
