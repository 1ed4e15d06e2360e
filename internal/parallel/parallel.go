// Package parallel makes several reads at the same time, so that a request waits for the slowest of them instead of for
// all of them in turn.
//
// It guarantees that no goroutine outlives the call, that the answer does not depend on which read was faster, and that
// a panic stays in the request that caused it. It deliberately has no limit on the number of reads and cancels nothing:
// reads are short, and their context has the request's deadline.
package parallel

import (
	"fmt"
	"runtime/debug"
	"sync"
)

// Do runs the reads at the same time and waits for all of them. It returns the error of the first one that failed, in the
// order of the arguments. If one of them panics, Do panics in the caller's goroutine with the value and the stack.
func Do(reads ...func() error) error {
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
	for _, v := range panics {
		if v != nil {
			panic(v)
		}
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
