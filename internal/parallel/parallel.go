// Package parallel runs several reads at the same time, so that a request waits only for the slowest of them.
//
// No goroutine outlives the call, the result does not depend on which read was faster, and a panic stays within the
// request that caused it. The package deliberately has no limit on the number of reads and cancels nothing: reads
// are short, and their context has the request's deadline.
package parallel

import (
	"fmt"
	"runtime/debug"
	"sync"
)

// Do runs the reads in parallel and waits for all of them. It returns the error of the first failed read in the
// order of the arguments. If a read panics, Do panics in the caller's goroutine with the value and the stack.
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
