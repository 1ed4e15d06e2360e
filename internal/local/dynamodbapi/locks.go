package dynamodbapi

import (
	"hash/fnv"
	"maps"
	"slices"
	"sync"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// locks ensures that writes to one item do not run at the same time. The changes of an item are therefore reported in
// the order of the writes.
type locks [256]sync.Mutex

// lock locks all items of a transaction and returns a function that unlocks them. It locks them in an order that
// prevents deadlocks.
func (l *locks) lock(writes []write) (unlock func()) {
	wanted := map[int]bool{}
	for _, w := range writes {
		wanted[place(w.key)] = true
	}
	places := slices.Sorted(maps.Keys(wanted))
	for _, i := range places {
		l[i].Lock()
	}
	return func() {
		for _, i := range places {
			l[i].Unlock()
		}
	}
}

func place(k table.Key) int {
	h := fnv.New32a()
	h.Write([]byte(k.PK))
	h.Write([]byte{0})
	h.Write([]byte(k.SK))
	return int(h.Sum32() % 256)
}
