package ledger

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// inParallel runs reads at the same time and waits for all of them. It returns the error of the first one that failed, in
// the order of the arguments, so that the answer does not depend on which of them was faster. A panic in one of them is
// raised again in the caller, which may recover it.
func inParallel(reads ...func() error) error {
	errs, panics := make([]error, len(reads)), make([]any, len(reads))
	var all sync.WaitGroup
	for i, read := range reads {
		all.Go(func() {
			defer func() {
				if v := recover(); v != nil {
					panics[i] = fmt.Sprintf("%v\n%s", v, debug.Stack())
				}
			}()
			errs[i] = read()
		})
	}
	all.Wait()
	for i := range reads {
		if panics[i] != nil {
			panic(panics[i])
		}
		if errs[i] != nil {
			return errs[i]
		}
	}
	return nil
}

// getAll reads items at the same time, in the order of their keys.
func (l *Ledger) getAll(ctx context.Context, keys ...table.Key) ([]table.Item, error) {
	items := make([]table.Item, len(keys))
	reads := make([]func() error, len(keys))
	for i, key := range keys {
		reads[i] = func() (err error) {
			items[i], err = l.Table.Get(ctx, key)
			return err
		}
	}
	return items, retryable(inParallel(reads...))
}
