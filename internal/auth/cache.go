package auth

import (
	"sync"
	"time"
)

// A cache keeps values for the time remember, so that a busy function does not read them on every request. It is
// emptied when it is full. Its methods are safe for concurrent use.
type cache[T any] struct {
	mu     sync.Mutex
	values map[string]cached[T]
}

type cached[T any] struct {
	value T
	at    time.Time // when it was read
}

// get returns a value that was read less than the time remember before now.
func (c *cache[T]) get(key string, now time.Time) (T, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.values[key]
	age := now.Sub(v.at)
	return v.value, ok && age >= 0 && age < remember
}

func (c *cache[T]) put(key string, value T, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.values == nil || len(c.values) >= rememberAt {
		c.values = make(map[string]cached[T])
	}
	c.values[key] = cached[T]{value, now}
}

func (c *cache[T]) remove(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.values, key)
}
