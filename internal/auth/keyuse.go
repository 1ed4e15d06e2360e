package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// KeyUse records when API keys were last used, at most once an hour per key. It writes in the background, so that no
// caller waits. On Lambda, a write may be suspended with the process and continue with the next request. A failed write
// is repeated with a later request. Functions cannot write the partitions of the keys, so the uses of a program's keys
// have a separate partition.
//
// The methods are safe for concurrent use.
type KeyUse struct {
	Table table.Table
	Now   func() time.Time

	mu      sync.Mutex
	known   map[string]*lastUse // by the ID of the key
	pending sync.WaitGroup
}

// These constants limit how often the use of a key is recorded, and how long a write may take.
const (
	useInterval = time.Hour
	useRetry    = time.Minute
	useTimeout  = 2 * time.Second
)

// A lastUse is what a process knows about the last use of a key.
type lastUse struct {
	item    table.Item // the item as it was last written or read
	due     time.Time  // when the next use is recorded
	writing bool
}

// lastUseDoc is the document that the table stores for the last use of a key.
type lastUseDoc struct {
	Used time.Time `json:"used"`
}

func usesOf(program string) string { return "P#" + program + "#KEYUSE" }

// Record records that a key was used, unless it was recorded during the last hour. It does not wait for the write.
func (u *KeyUse) Record(ctx context.Context, who Principal) {
	now := u.Now()
	u.mu.Lock()
	defer u.mu.Unlock()
	last := u.known[who.ID]
	if last != nil && (last.writing || now.Before(last.due) && last.due.Sub(now) <= useInterval) {
		return
	}
	if last == nil {
		if u.known == nil || len(u.known) >= rememberAt {
			u.known = make(map[string]*lastUse)
		}
		last = &lastUse{item: table.Item{Key: table.Key{PK: usesOf(who.Program), SK: who.ID}}}
		u.known[who.ID] = last
	}
	last.writing = true
	item := last.item
	u.pending.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), useTimeout)
		defer cancel()
		written, due := u.write(ctx, item, now)
		u.mu.Lock()
		defer u.mu.Unlock()
		last.item, last.due, last.writing = written, due, false
	})
}

// write stores the time of a use. It returns the item for the next write and the time of the next write. If another
// process wrote the item, the item of that process counts.
func (u *KeyUse) write(ctx context.Context, item table.Item, now time.Time) (table.Item, time.Time) {
	var err error
	if item.Doc, err = json.Marshal(lastUseDoc{now.UTC()}); err != nil {
		return item, now.Add(useRetry)
	}
	err = u.Table.Transact(ctx, table.Put(item))
	if conflict, ok := errors.AsType[*table.ConflictError](err); ok {
		var doc lastUseDoc
		if json.Unmarshal(conflict.Current.Doc, &doc) != nil {
			return conflict.Current, now
		}
		return conflict.Current, doc.Used.Add(useInterval)
	}
	if err != nil {
		return item, now.Add(useRetry)
	}
	item.Version++
	return item, now.Add(useInterval)
}

// Wait waits until no write is pending.
func (u *KeyUse) Wait() { u.pending.Wait() }

// lastUses returns when the keys of a program were last used, by the IDs of the keys.
func lastUses(ctx context.Context, tab table.Table, program string) (map[string]time.Time, error) {
	used := map[string]time.Time{}
	for item, err := range tab.Query(ctx, table.Query{PK: usesOf(program)}) {
		if err != nil {
			return nil, fmt.Errorf("auth: read the uses of the keys of %s: %w", program, err)
		}
		var doc lastUseDoc
		if err := json.Unmarshal(item.Doc, &doc); err != nil {
			return nil, fmt.Errorf("auth: decode the use of key %s: %w", item.Key.SK, err)
		}
		used[item.Key.SK] = doc.Used
	}
	return used, nil
}
