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
	outcomes := make([]outcome, len(reads))
	var others sync.WaitGroup
	for i, read := range reads {
		if i == len(reads)-1 {
			outcomes[i].run(read) // in the caller's goroutine
			break
		}
		others.Add(1)
		go func() {
			defer others.Done()
			outcomes[i].run(read)
		}()
	}
	others.Wait()
	for _, o := range outcomes {
		if o.panicked != nil {
			panic(o.panicked)
		}
	}
	for _, o := range outcomes {
		if o.err != nil {
			return o.err
		}
	}
	return nil
}

// An outcome is the result of one read.
type outcome struct {
	err      error
	panicked any
}

func (o *outcome) run(read func() error) {
	defer func() {
		if v := recover(); v != nil {
			o.panicked = fmt.Sprintf("%v\n%s", v, debug.Stack())
		}
	}()
	o.err = read()
}
