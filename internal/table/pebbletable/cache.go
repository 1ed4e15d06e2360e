package pebbletable

import (
	"slices"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// cacheBytes is the approximate size of a full cache. Members of a busy shop take about 1.5 KB each.
const cacheBytes = 48 << 20

// A cache contains items that were used recently, in their latest applied state, whether or not this state is durable.
// It also remembers absent items, because each command first checks that its cause is new.
//
// A reader that misses gets a slot, reads Pebble and fills the slot. A transaction replaces the slots of the items that
// it changes, after it was applied. A replaced slot is not filled, so that an older state never replaces a newer one.
// Two reads that return the same slot therefore prove that the item was not changed between them.
type cache struct {
	mu    sync.Mutex
	slots *simplelru.LRU[table.Key, *slot]
	bytes int // the size of all slots
	limit int // the maximum of bytes
}

// A slot holds the state of an item, or a list of items. It is empty until it is filled, and does not change
// afterwards, except that it may be removed.
type slot struct {
	filled  bool
	removed bool // whether the cache no longer has the slot
	item    table.Item
	list    *list // nil unless the item's key has no SK
}

func newCache(limit int) *cache {
	slots, err := simplelru.NewLRU[table.Key, *slot](1<<30, nil) // bounded by bytes instead of slots
	if err != nil {
		panic("pebbletable: " + err.Error()) // only for a size below 1
	}
	return &cache{slots: slots, limit: limit}
}

// slot returns the current slot of a key. It adds an empty one if there is none.
func (c *cache) slot(key table.Key) (s *slot, filled bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s, ok := c.slots.Get(key)
	if !ok {
		s = &slot{item: table.Item{Key: key}}
		c.add(s)
	}
	return s, s.filled
}

// fill fills a slot with the item that was read after the slot was returned, unless it was replaced or filled
// meanwhile.
func (c *cache) fill(s *slot, it table.Item) { c.set(s, it, nil) }

func (c *cache) set(s *slot, it table.Item, l *list) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !s.removed && !s.filled {
		c.bytes -= s.size()
		s.item, s.list, s.filled = it, l, true
		c.bytes += s.size()
		c.evict()
	}
}

// unchanged reports whether all slots are current, at one instant. The items that were read with them have not changed
// since.
func (c *cache) unchanged(slots []*slot) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !slices.ContainsFunc(slots, func(s *slot) bool { return s.removed })
}

// put replaces the slots of items that were changed. It removes the slots of new items, because most of them are
// entries that are not read again soon, and would evict accounts. It also removes the lists that no longer have the
// same items.
func (c *cache) put(items []table.Item) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, it := range items {
		c.remove(it.Key)
		if it.Version <= 1 { // created or deleted
			c.remove(partition(it.Key.PK))
		}
		if it.Version != 1 {
			c.add(&slot{filled: true, item: it})
		}
	}
}

func (c *cache) remove(key table.Key) {
	if was, ok := c.slots.Peek(key); ok {
		c.bytes -= was.size()
		c.slots.Remove(key)
		was.removed = true
	}
}

func (c *cache) add(s *slot) {
	c.slots.Add(s.item.Key, s)
	c.bytes += s.size()
	c.evict()
}

func (c *cache) evict() {
	for c.bytes > c.limit {
		_, s, ok := c.slots.RemoveOldest()
		if !ok {
			return
		}
		c.bytes -= s.size()
		s.removed = true
	}
}

// size returns about the number of bytes that a slot occupies, with its place in the list and the map.
func (s *slot) size() int {
	const fixed = 400
	k, x := s.item.Key, s.item.Index
	n := fixed + len(k.PK) + len(k.SK) + len(x.PK) + len(x.SK) + len(s.item.Doc)
	if s.list != nil {
		n += s.list.size()
	}
	return n
}
