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

// A feed replaces the table's stream and the function relay if the functions run in this process. It wraps the table,
// collects the entries and the actions that are committed, and appends them to the transparency logs and the audit
// lists of their programs. It also refreshes the lists of members (package listing).
type feed struct {
	table.Table
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

// A committed entry has a position in the feed.
type committed struct {
	table.Item
	position int
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
	return f
}

// Transact implements table.Table.
func (f *feed) Transact(ctx context.Context, ops ...table.Op) error {
	err := f.Table.Transact(ctx, ops...)
	if err != nil {
		return err
	}
	for _, op := range ops {
		_, _, isProfile := listing.Changed(op.Item.Key)
		if op.Kind != table.OpPut && (op.Kind != table.OpDelete || !isProfile) ||
			!source.IsChange(op.Item.Key, op.Item.Version == 0) {
			continue
		}
		f.mu.Lock()
		f.position++
		f.pending = append(f.pending, committed{op.Item, f.position})
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

// catchUp appends the entries in the table that the logs do not contain. It does so once, and only if the table can
// list its items.
func (f *feed) catchUp() {
	f.flushing.Lock()
	defer f.flushing.Unlock()
	all, ok := f.Table.(interface {
		Items(context.Context) iter.Seq2[table.Item, error]
	})
	if !ok || f.caughtUp {
		return
	}
	f.caughtUp = true
	f.mu.Lock()
	f.pending = nil // the table contains them
	f.mu.Unlock()
	ctx := context.Background() // a stack that stops waits until its logs are complete
	if err := source.AppendMissing(ctx, f.translog, all.Items(ctx), f.shard+"-start", f.publish); err != nil {
		f.log.Error("entries could not be appended to the transparency log", "err", err)
	}
	if _, err := f.lists.RefreshAll(ctx, all.Items(ctx)); err != nil {
		f.log.Error("the lists of members could not be completed", "err", err)
	}
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
	for batch := range slices.Chunk(items, 1_000) {
		if err := f.append(ctx, batch); err != nil {
			f.log.Error("entries could not be appended to the transparency log", "err", err)
			f.mu.Lock()
			f.pending = append(slices.Clone(batch), f.pending...)
			f.mu.Unlock()
			continue
		}
		f.first = false
	}
}

func (f *feed) append(ctx context.Context, entries []committed) error {
	shard := f.shard
	if f.first {
		shard = "" // looks up each entry
	}
	changes := map[string][]source.Change{}
	for _, e := range entries {
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
	return nil
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
