package ledger

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/parallel"
	"github.com/perennial-loyalty/perennial/internal/table"
)

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
