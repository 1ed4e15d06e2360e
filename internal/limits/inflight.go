package limits

import (
	"fmt"
	"sync"

	"github.com/perennial-loyalty/perennial/internal/ledger"
)

// MaxInFlight is the maximum number of requests of one program that a function handles at the same time in one process.
const MaxInFlight = 256

// An InFlight limits the requests that each program has in one function of a process, so that a busy program does not
// take all of its time. On one machine, a request of another program therefore waits for at most MaxInFlight requests
// of the busy one. It has no effect on Lambda, where each function instance handles one request at a time. The zero
// value is ready to use. Its methods are safe for concurrent use.
type InFlight struct {
	mu       sync.Mutex
	requests map[string]int // by program
}

// Enter counts a request of a program. It returns ledger.ErrTryAgain if the program has MaxInFlight requests.
// Otherwise, the caller must call Leave when the request ends.
func (f *InFlight) Enter(program string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.requests == nil {
		f.requests = map[string]int{}
	}
	if f.requests[program] >= MaxInFlight {
		return fmt.Errorf("limits: the program %s has %d requests: %w", program, MaxInFlight, ledger.ErrTryAgain)
	}
	f.requests[program]++
	return nil
}

// Leave ends a request of a program.
func (f *InFlight) Leave(program string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests[program]--
}
