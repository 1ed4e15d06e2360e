package translog

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// A Reader reads the log of a program as it was when the Reader was created. It is not safe for concurrent use.
type Reader struct {
	ctx   context.Context // a field, because the methods of tlog.HashReader have no context
	table table.Table
	head  head
	tiles map[tileID]tile
}

type tileID struct {
	level int
	n     int64
}

type tile struct {
	hashes         []tlog.Hash
	latest, before time.Time
}

var _ tlog.HashReader = (*Reader)(nil)

// Read returns a reader of a program's log.
func (l Log) Read(ctx context.Context, program string) (*Reader, error) {
	h, err := l.head(ctx, program)
	if err != nil {
		return nil, err
	}
	return l.reader(ctx, h), nil
}

func (l Log) reader(ctx context.Context, h head) *Reader {
	return &Reader{ctx: ctx, table: l.Table, head: h, tiles: map[tileID]tile{}}
}

// Size returns the number of leaves.
func (r *Reader) Size() int64 { return r.head.size }

// Epoch returns the epoch of the log. The first epoch is 1.
func (r *Reader) Epoch() int { return r.head.epoch }

// Latest returns the instant of the latest record.
func (r *Reader) Latest() time.Time { return r.head.latest }

// Checkpoint returns the latest signed checkpoint, or an empty string if there is none.
func (r *Reader) Checkpoint() string { return r.head.checkpoint }

// VerifierKey returns the public key of the checkpoint, in the format of package note.
func (r *Reader) VerifierKey() string { return r.head.verifierKey }

// Previous returns the checkpoint of the log that this epoch replaced, or an empty string in the first epoch.
func (r *Reader) Previous() string { return r.head.previous }

// Root returns the root of the tree over the first leaves.
func (r *Reader) Root(size int64) (tlog.Hash, error) { return tlog.TreeHash(size, r) }

// Leaves yields the hashes of all leaves in order. It recomputes the root of each tile, and yields an error for a tile
// that is missing or changed.
func (r *Reader) Leaves() iter.Seq2[tlog.Hash, error] {
	return func(yield func(tlog.Hash, error) bool) {
		filed := r.head.filed(0)
		for n := range filed / tileWidth {
			t, err := r.tile(0, n)
			if err != nil {
				yield(tlog.Hash{}, err)
				return
			}
			for _, h := range t.hashes {
				if !yield(h, nil) {
					return
				}
			}
			delete(r.tiles, tileID{0, n})
		}
		for _, h := range r.head.open(0) {
			if !yield(h, nil) {
				return
			}
		}
	}
}

// ReadHashes implements tlog.HashReader.
func (r *Reader) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		level, n := tlog.SplitStoredHashIndex(index)
		var err error
		if hashes[i], err = r.hash(level, n); err != nil {
			return nil, err
		}
	}
	return hashes, nil
}

// hash returns the root of the complete subtree n over 2^level leaves.
func (r *Reader) hash(level int, n int64) (tlog.Hash, error) {
	width := int64(1) << (level % tileBits)
	nodes, err := r.nodes(level/tileBits, n*width, (n+1)*width)
	if err != nil {
		return tlog.Hash{}, err
	}
	return rootOf(nodes), nil
}

// nodes returns hashes of a level of tiles. All of them must be in the same tile, or not in a tile yet.
func (r *Reader) nodes(level int, from, to int64) ([]tlog.Hash, error) {
	filed := r.head.filed(level)
	if from < filed {
		t, err := r.tile(level, from/tileWidth)
		if err != nil {
			return nil, err
		}
		first := from - from%tileWidth
		return t.hashes[from-first : to-first], nil
	}
	if open := r.head.open(level); to-filed <= int64(len(open)) {
		return open[from-filed : to-filed], nil
	}
	// The level below has full tiles that are still open.
	var nodes []tlog.Hash
	for n := from; n < to; n++ {
		node, err := r.full(level, n)
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, node)
	}
	return nodes, nil
}

// full returns a hash of a level: the root of a tile of the level below, which may be open.
func (r *Reader) full(level int, n int64) (tlog.Hash, error) {
	if i := n - r.head.filed(level); i < int64(len(r.head.open(level))) {
		nodes, err := r.nodes(level, n, n+1)
		if err != nil {
			return tlog.Hash{}, err
		}
		return nodes[0], nil
	}
	if level == 0 {
		return tlog.Hash{}, fmt.Errorf("translog: the log of %s has no leaf %d", r.head.program, n)
	}
	children, err := r.nodes(level-1, n*tileWidth, (n+1)*tileWidth)
	if err != nil {
		return tlog.Hash{}, err
	}
	return rootOf(children), nil
}

// tile reads a tile and checks that it has the root that the tree states.
func (r *Reader) tile(level int, n int64) (tile, error) {
	id := tileID{level, n}
	if t, ok := r.tiles[id]; ok {
		return t, nil
	}
	parent, err := r.nodes(level+1, n, n+1)
	if err != nil {
		return tile{}, err
	}
	it, err := r.table.Get(r.ctx, tileKey(r.head.program, r.head.epoch, level, n, parent[0]))
	if err != nil {
		return tile{}, fmt.Errorf("translog: read tile %d of level %d: %w", n, level, err)
	}
	var d tileDoc
	t := tile{}
	if it.Version > 0 && json.Unmarshal(it.Doc, &d) == nil {
		t.hashes, _ = readHashes(d.Hashes) // a damaged tile has no hashes
	}
	if len(t.hashes) != tileWidth || rootOf(t.hashes) != parent[0] {
		return tile{}, &TileError{Level: level, Tile: n}
	}
	t.latest, t.before = time.UnixMilli(d.Latest), time.UnixMilli(d.Before)
	r.tiles[id] = t
	return t, nil
}

// A TileError reports a tile that is missing or changed.
type TileError struct {
	Level int
	Tile  int64
}

// Leaf returns the first leaf below the tile.
func (e *TileError) Leaf() int64 { return e.Tile << (tileBits * (e.Level + 1)) }

func (e *TileError) Error() string {
	return fmt.Sprintf("translog: tile %d of level %d is missing or changed; the first leaf below it is %d",
		e.Tile, e.Level, e.Leaf())
}

// locate returns the index of the leaf of a record. It finds the tiles from the time of the record by binary search,
// and then searches them.
func (r *Reader) locate(record [32]byte, recorded time.Time) (index int64, found bool, err error) {
	leaf, tiles := leafHash(record), r.head.filed(0)/tileWidth
	if i := slices.Index(r.head.open(0), leaf); i >= 0 {
		return tiles*tileWidth + int64(i), true, nil
	}
	recorded = recorded.Truncate(time.Millisecond)
	first, err := r.firstTile(tiles, recorded)
	if err != nil {
		return 0, false, err
	}
	// Records of one batch can be in two more tiles, which later batches wrote.
	for n, rest := first, 3; n < tiles && rest > 0; n++ {
		t, err := r.tile(0, n)
		if err != nil {
			return 0, false, err
		}
		if i := slices.Index(t.hashes, leaf); i >= 0 {
			return n*tileWidth + int64(i), true, nil
		}
		if t.before.After(recorded.Add(slack)) {
			rest--
		}
	}
	return r.locateLate(leaf, recorded.UnixMilli())
}

// firstTile returns the first tile of level 0 that can contain a record of the given time.
func (r *Reader) firstTile(tiles int64, recorded time.Time) (int64, error) {
	low, high := int64(0), tiles
	for low < high {
		middle := low + (high-low)/2
		t, err := r.tile(0, middle)
		if err != nil {
			return 0, err
		}
		if t.latest.Before(recorded) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, nil
}

// locateLate searches the batches with late records.
func (r *Reader) locateLate(leaf tlog.Hash, recorded int64) (index int64, found bool, err error) {
	prefix := latePrefix(r.head.epoch)
	q := table.Query{PK: partition(r.head.program), From: prefix, To: prefix + "~", Reverse: true}
	for it, err := range r.table.Query(r.ctx, q) {
		if err != nil {
			return 0, false, fmt.Errorf("translog: list late records: %w", err)
		}
		var d lateDoc
		if err := json.Unmarshal(it.Doc, &d); err != nil {
			return 0, false, fmt.Errorf("translog: read %s: %w", it.Key, err)
		}
		if recorded < d.From || recorded > d.To {
			continue
		}
		for index := d.First; index < min(d.First+d.Count, r.head.size); index++ {
			nodes, err := r.nodes(0, index, index+1)
			if err != nil {
				return 0, false, err
			}
			if nodes[0] == leaf {
				return index, true, nil
			}
		}
	}
	return 0, false, nil
}
