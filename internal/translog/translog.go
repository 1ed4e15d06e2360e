// Package translog stores an append-only transparency log of each program: a Merkle tree over the hashes of the
// program's ledger entries and audit records, like the logs of certificates and Go modules.
//
// The tree is the one of RFC 6962, as golang.org/x/mod/sumdb/tlog implements it. The data of a leaf are the 32 bytes of
// a record's hash, so the log contains no personal data. After each batch, the writer signs a checkpoint: the size and
// the root of the tree, as a signed note (C2SP tlog-checkpoint and signed-note). A checkpoint that is stored outside
// the table proves later whether a logged record was changed or removed.
//
// # Storage
//
// The partition P#<program>#LOG contains one item HEAD, full tiles, and an item for each batch with late records:
//
//   - A tile has 16 hashes (512 bytes), so that it costs one write unit. Tile n of level 0 contains the leaves from
//     16n. A tile of a higher level contains the roots of 16 tiles of the level below. C2SP tlog-tiles uses 256
//     hashes, but the open part of such tiles alone would exceed the write budget of a small batch.
//   - HEAD contains the size, the open tile of each level, the latest position in each shard of the table's stream,
//     and the checkpoint. The conditional put of HEAD commits a batch.
//
// Tiles are written before HEAD, and the key of a tile contains the root of its hashes. If two writers compete, the one
// that loses may leave tiles that HEAD does not refer to. Readers never find them, because they derive the key of each
// tile from HEAD.
//
// Append uses at most 8 write units for a batch of fewer than 50 records and at most 0.2 units for each record of a
// larger batch, up to 16 million records in a program. To stay within this budget, it may leave a full tile in HEAD
// until a later batch.
//
// # Guarantees and limits
//
// Every record is appended at least once. A record that is delivered again is skipped if its position in the stream
// shows that it was seen, and if the log contains it. HEAD stores the positions in the eight shards that were read
// last. If a batch of an older shard is delivered twice, its records are in the log twice, which does no harm.
//
// After a restore of the table, the log may be shorter than a published checkpoint. NewEpoch then starts an empty log
// whose first leaf is the old checkpoint. The package does not decide when this is necessary, and it does not publish
// checkpoints.
package translog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// A Log reads and writes the logs of programs.
type Log struct {
	Table table.Table
	// Secret is the secret from which the keys that sign checkpoints are derived. If it is nil, Append signs no
	// checkpoints.
	Secret []byte
}

// A Record is a ledger entry or an audit record.
type Record struct {
	Hash     [32]byte
	Recorded time.Time // the instant at which the record was written
	Position string    // the sequence number in the batch's shard; empty if there is no shard
}

// A Batch contains records of one program, in the order of the stream.
type Batch struct {
	Shard   string // the shard of the stream; empty if the records do not come from a stream
	Records []Record
}

// attempts is the maximum number of attempts to append a batch while other writers append batches.
const attempts = 10

// Append appends the records of a batch that the log does not contain yet, and signs a checkpoint. It returns the
// checkpoint, or an empty string if the log already contains all records. It returns table.ErrBusy if other writers
// won all attempts.
func (l Log) Append(ctx context.Context, program string, b Batch) (checkpoint string, err error) {
	for range attempts {
		checkpoint, err = l.append(ctx, program, b)
		if !errors.As(err, new(*table.ConflictError)) {
			return checkpoint, err
		}
	}
	return "", fmt.Errorf("translog: append to the log of %s: %w", program, table.ErrBusy)
}

func (l Log) append(ctx context.Context, program string, b Batch) (string, error) {
	h, err := l.head(ctx, program)
	if err != nil {
		return "", err
	}
	fresh, err := l.fresh(ctx, h, b)
	if err != nil || len(fresh) == 0 {
		return "", err
	}
	late, isLate := h.late(fresh)
	h.seen(b)
	tiles := h.add(fresh, isLate)
	if err := l.sign(&h); err != nil {
		return "", err
	}
	if isLate {
		if err := l.putNew(ctx, late); err != nil {
			return "", err
		}
	}
	for _, it := range tiles {
		if err := l.putNew(ctx, it); err != nil {
			return "", err
		}
	}
	return h.checkpoint, l.Table.Transact(ctx, table.Put(h.encode()))
}

// putNew stores an item whose key determines its content. It does nothing if the item exists.
func (l Log) putNew(ctx context.Context, it table.Item) error {
	err := l.Table.Transact(ctx, table.Put(it))
	if errors.As(err, new(*table.ConflictError)) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("translog: write %s: %w", it.Key, err)
	}
	return nil
}

// fresh returns the records of a batch that the log does not contain yet, each only once.
func (l Log) fresh(ctx context.Context, h head, b Batch) ([]Record, error) {
	last, fresh := h.position(b.Shard), []Record(nil)
	added := map[[32]byte]bool{}
	r := l.reader(ctx, h)
	for _, rec := range b.Records {
		if added[rec.Hash] || slices.Contains(h.open(0), leafHash(rec.Hash)) {
			continue
		}
		// A position above the last one of the shard shows that the record was not delivered before.
		if b.Shard == "" || !after(rec.Position, last) {
			_, found, err := r.locate(rec.Hash, rec.Recorded)
			if err != nil {
				return nil, err
			}
			if found {
				continue
			}
		}
		added[rec.Hash] = true
		fresh = append(fresh, rec)
	}
	return fresh, nil
}

// after reports whether a sequence number of a shard is greater than another one. Sequence numbers are decimal numbers
// of up to 40 digits without leading zeros.
func after(position, last string) bool {
	if len(position) != len(last) {
		return len(position) > len(last)
	}
	return position > last
}

// leafHash returns the hash of a leaf.
func leafHash(record [32]byte) tlog.Hash { return tlog.RecordHash(record[:]) }

// NewEpoch replaces the log of a program with an empty log whose first leaf is a checkpoint of the old log. The next
// Append signs a checkpoint of the new log. All records must be appended again.
func (l Log) NewEpoch(ctx context.Context, program, checkpoint string) error {
	c, err := ParseCheckpoint(checkpoint)
	if err != nil {
		return err
	}
	old, err := l.head(ctx, program)
	if err != nil {
		return err
	}
	h := head{program: program, version: old.version, epoch: max(old.epoch, c.Epoch) + 1, previous: checkpoint}
	h.edges = [][]tlog.Hash{{tlog.RecordHash([]byte(checkpoint))}}
	h.size = 1
	if err := l.Table.Transact(ctx, table.Put(h.encode())); err != nil {
		return fmt.Errorf("translog: start a new epoch of %s: %w", program, err)
	}
	return nil
}
