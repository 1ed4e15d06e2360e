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
// order of the arguments. If a read panics, Do panics in the caller's goroutine with the value and the stack. The last
// read runs in the caller's goroutine.
func Do(reads ...func() error) error {
	results := make([]result, len(reads))
	var all sync.WaitGroup
	for i, read := range reads {
		if i == len(reads)-1 {
			results[i].of(read)
			break
		}
		all.Add(1)
		go func() {
			defer all.Done()
			results[i].of(read)
		}()
	}
	all.Wait()
	for _, r := range results {
		if r.panicked != nil {
			panic(r.panicked)
		}
	}
	for _, r := range results {
		if r.err != nil {
			return r.err
		}
	}
	return nil
}

// A result is the outcome of a read.
type result struct {
	err      error
	panicked any // the value and the stack of a panic
}

// of runs a read and stores its outcome in the result.
func (r *result) of(read func() error) {
	defer func() {
		if v := recover(); v != nil {
			r.panicked = fmt.Sprintf("%v\n%s", v, debug.Stack())
		}
	}()
	r.err = read()
}
