package limits

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// maxLocal is the maximum number of counters in memory. The counter that was used least recently is forgotten first.
const maxLocal = 16_384

// A Local counts units in the memory of one process. On Lambda, each function instance counts separately, so that a
// principal whose requests reach several instances has the limit in each of them. The zero value is ready to use. Its
// methods are safe for concurrent use.
type Local struct {
	mu     sync.Mutex
	usages *simplelru.LRU[localKey, Usage]
}

type localKey struct {
	program, principal string
	purpose            Purpose
}

func (c Counter) local() localKey { return localKey{c.Program, c.Principal, c.Purpose} }

// Take counts one unit of a counter, or returns *ExceededError and counts nothing.
func (l *Local) Take(c Counter, now time.Time) error {
	if c.Limit.Max <= 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.usages == nil {
		var err error
		if l.usages, err = simplelru.NewLRU[localKey, Usage](maxLocal, nil); err != nil {
			return err
		}
	}
	key := c.local()
	u, _ := l.usages.Get(key)
	if wait := u.Wait(c.Limit, 1, now); wait > 0 {
		return &ExceededError{Purpose: c.Purpose, Limit: c.Limit, Wait: wait}
	}
	l.usages.Add(key, u.And(c.Limit, 1, now))
	return nil
}

// Return takes back one unit that Take counted, because it had no effect.
func (l *Local) Return(c Counter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.usages == nil {
		return
	}
	u, _ := l.usages.Get(c.local())
	for i := len(u) - 1; i >= 0; i-- {
		if u[i].Units > 0 {
			u[i].Units--
			return
		}
	}
}
