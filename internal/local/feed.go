package local

import (
	"context"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/perennial-loyalty/perennial/internal/listing"
	"github.com/perennial-loyalty/perennial/internal/table"
	"github.com/perennial-loyalty/perennial/internal/translog"
	"github.com/perennial-loyalty/perennial/internal/translog/source"
)

// feedPeriod is the time after which new entries are appended to the transparency logs. A crash loses the signed
// checkpoint of the entries since then, but not the entries: the next start appends them.
const feedPeriod = 500 * time.Millisecond

// feedBatch is the maximum number of entries that are appended at once.
const feedBatch = 1_000

// A feed replaces the table's stream and the function relay if the functions run in this process. It wraps the table,
// collects the entries and the actions that are committed, and appends them to the transparency logs and the audit
// lists of their programs. It also refreshes the lists of members (package listing).
type feed struct {
	table.Table
	journal    journal // nil if the table has no journal
	translog   translog.Log
	lists      listing.List
	log        *slog.Logger
	checkpoint func(program, text string) error // publishes a checkpoint; may be nil

	shard    string     // differs from the shards of earlier processes
	flushing sync.Mutex // held while entries are appended
	first    bool       // true until entries were appended; the first ones may be in the log already
	caughtUp bool       // whether the entries of earlier processes were appended

	mu       sync.Mutex
	pending  []committed
	position int // the position of the latest committed entry
}

// A committed operation has a position in the feed.
type committed struct {
	table.Op
	position int
}

// A journal is a table that lists the operations of earlier processes that were not processed (see pebbletable). A
// stack whose functions run as binaries has no feed and does not clear the journal. The next stack that has a feed then
// looks up these entries in the log.
type journal interface {
	Journal(wanted func(table.Op) bool)
	Journaled(ctx context.Context) iter.Seq2[table.Op, error]
	ClearJournal(ops []table.Op) error
}

func newFeed(o Options) *feed {
	f := &feed{
		Table: o.Table, log: o.Log, checkpoint: o.Checkpoint,
		translog: translog.Log{Table: o.Table, Secret: o.CheckpointSecret},
		lists:    listing.List{Table: o.Table, Now: o.Clock.Now},
		shard:    "process-" + strconv.FormatInt(time.Now().UnixNano(), 10), first: true,
	}
	if f.translog.Secret == nil {
		f.translog.Secret = []byte(secret)
	}
	if j, ok := o.Table.(journal); ok {
		f.journal = j
		j.Journal(source.IsChangeOp)
	}
	return f
}

// Transact implements table.Table.
func (f *feed) Transact(ctx context.Context, ops ...table.Op) error {
	err := f.Table.Transact(ctx, ops...)
	if err != nil {
		return err
	}
	for _, op := range ops {
		if !source.IsChangeOp(op) {
			continue
		}
		f.mu.Lock()
		f.position++
		f.pending = append(f.pending, committed{op, f.position})
		f.mu.Unlock()
	}
	return nil
}

// run appends entries until ctx ends. It begins with the entries that an earlier process did not append.
func (f *feed) run(ctx context.Context) {
	f.catchUp()
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(feedPeriod):
			f.flush(context.WithoutCancel(ctx))
		}
	}
}

// catchUp appends the entries in the journal, which earlier processes committed and did not append. It does so once,
// and only if the table has a journal. Its duration depends on the number of these entries, and not on the size of the
// table.
func (f *feed) catchUp() {
	f.flushing.Lock()
	defer f.flushing.Unlock()
	if f.journal == nil || f.caughtUp {
		return
	}
	f.caughtUp = true
	f.mu.Lock()
	f.pending = nil // the journal lists them
	f.mu.Unlock()
	ctx := context.Background() // a stack that stops waits until its logs are complete
	var missed []committed
	for op, err := range f.journal.Journaled(ctx) {
		if err != nil {
			f.log.Error("entries of earlier processes could not be read", "err", err)
			return
		}
		missed = append(missed, committed{Op: op})
	}
	for batch := range slices.Chunk(sorted(missed), feedBatch) {
		if err := f.append(ctx, "", batch); err != nil {
			f.log.Error("entries could not be appended to the transparency log", "err", err)
		}
	}
}

// sorted sorts operations by the time of their entries or actions.
func sorted(ops []committed) []committed {
	slices.SortStableFunc(ops, func(a, b committed) int { return recorded(a).Compare(recorded(b)) })
	return ops
}

// recorded returns the time of an operation. It is zero if the operation is not an entry or an action.
func recorded(op committed) time.Time {
	c, ok, err := source.ChangeOf(op.Item)
	switch {
	case !ok || err != nil:
		return time.Time{}
	case c.Action != nil:
		return c.Action.At
	}
	return c.Entry.Recorded
}

// close appends all entries that are not in the logs.
func (f *feed) close() {
	f.catchUp()
	f.flush(context.Background())
}

// flush appends the collected entries. After an error, they remain collected for the next call.
func (f *feed) flush(ctx context.Context) {
	f.flushing.Lock()
	defer f.flushing.Unlock()
	f.mu.Lock()
	items := f.pending
	f.pending = nil
	f.mu.Unlock()
	for batch := range slices.Chunk(items, feedBatch) {
		shard := f.shard
		if f.first {
			shard = ""
		}
		if err := f.append(ctx, shard, batch); err != nil {
			f.log.Error("entries could not be appended to the transparency log", "err", err)
			f.mu.Lock()
			f.pending = append(slices.Clone(batch), f.pending...)
			f.mu.Unlock()
			continue
		}
		f.first = false
	}
}

// append appends the entries of a batch to the logs, and then removes them from the journal. Without a shard, it looks
// up each entry in the log.
func (f *feed) append(ctx context.Context, shard string, entries []committed) error {
	changes := map[string][]source.Change{}
	for _, e := range entries {
		if e.Kind == table.OpDelete && !source.IsChangeOp(e.Op) {
			continue // the item was removed after its change
		}
		c, ok, err := source.ChangeOf(e.Item)
		if err != nil {
			return err
		}
		if ok {
			c.Entry.Position = strconv.Itoa(e.position)
			changes[c.Program] = append(changes[c.Program], c)
		}
	}
	for _, program := range slices.Sorted(maps.Keys(changes)) {
		checkpoint, err := source.Append(ctx, f.translog, program, shard, changes[program])
		if err != nil {
			return err
		}
		f.publish(program, len(changes[program]), checkpoint)
		if err := f.lists.RefreshEach(ctx, program, source.Members(changes[program])); err != nil {
			return err
		}
	}
	if f.journal == nil {
		return nil
	}
	ops := make([]table.Op, len(entries))
	for i, e := range entries {
		ops[i] = e.Op
	}
	return f.journal.ClearJournal(ops)
}

// publish publishes a checkpoint outside the table.
func (f *feed) publish(program string, entries int, checkpoint string) {
	if checkpoint == "" {
		return
	}
	f.log.Info("checkpoint", "program", program, "entries", entries, "checkpoint", checkpoint)
	if f.checkpoint == nil {
		return
	}
	if err := f.checkpoint(program, checkpoint); err != nil {
		f.log.Error("a checkpoint could not be published", "program", program, "err", err)
	}
}
