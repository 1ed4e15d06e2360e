package translog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/perennial-loyalty/perennial/internal/table"
)

const (
	tileBits  = 4
	tileWidth = 1 << tileBits // the number of hashes in a tile

	// slack is the time by which a record may be older than the latest record of the log without being late. The
	// shards of a stream are read independently of each other, and with different delays.
	slack = 30 * time.Second

	// maxPositions is the number of shards whose latest position HEAD stores.
	maxPositions = 8

	// minTiles is the maximum number of full tiles that a batch of fewer than largeBatch records writes. A larger batch
	// may write more.
	minTiles   = 4
	largeBatch = 50
)

// A head is the state of a program's log.
type head struct {
	program    string
	version    int64 // the version of the item
	epoch      int
	size       int64         // the number of leaves
	edges      [][]tlog.Hash // for each level, the hashes that are not in a tile yet
	latest     time.Time     // the instant of the latest record
	positions  []position    // the last read positions; the shard that was read last comes first
	checkpoint string        // the latest signed checkpoint; empty if there is none
	previous   string        // the checkpoint of the old log that is the first leaf of this epoch; empty in epoch 1

	verifierKey string // the public key of the checkpoint
}

// headDoc is stored. Fields may only be added.
type headDoc struct {
	Epoch      int        `json:"epoch"`
	Size       int64      `json:"size"`
	Edges      []string   `json:"edges"`
	Latest     int64      `json:"latest"`
	Positions  []position `json:"pos,omitempty"`
	Checkpoint string     `json:"note,omitzero"`
	Previous   string     `json:"prev,omitzero"`

	VerifierKey string `json:"key,omitzero"`
}

// A position is the last record that was read in a shard of the table's stream.
type position struct {
	Shard    string `json:"s"` // a hash of the shard's ID
	Sequence string `json:"q"`
}

// errDamaged reports that a stored item of a log is invalid.
var errDamaged = errors.New("the stored log is damaged")

func partition(program string) string { return "P#" + program + "#LOG" }

func headKey(program string) table.Key { return table.Key{PK: partition(program), SK: "HEAD"} }

func (l Log) head(ctx context.Context, program string) (head, error) {
	it, err := l.Table.Get(ctx, headKey(program))
	if err != nil {
		return head{}, fmt.Errorf("translog: read the log of %s: %w", program, err)
	}
	return readHead(program, it)
}

func readHead(program string, it table.Item) (head, error) {
	h := head{program: program, version: it.Version, epoch: 1}
	if it.Version == 0 {
		return h, nil
	}
	var d headDoc
	if err := json.Unmarshal(it.Doc, &d); err != nil {
		return h, fmt.Errorf("translog: read the log of %s: %w", program, err)
	}
	h.epoch, h.size, h.latest = d.Epoch, d.Size, time.UnixMilli(d.Latest).UTC()
	h.positions, h.checkpoint, h.previous, h.verifierKey = d.Positions, d.Checkpoint, d.Previous, d.VerifierKey
	for _, text := range d.Edges {
		hashes, err := readHashes(text)
		if err != nil {
			return h, fmt.Errorf("translog: read the log of %s: %w", program, err)
		}
		h.edges = append(h.edges, hashes)
	}
	return h, nil
}

func (h *head) encode() table.Item {
	d := headDoc{
		Epoch: h.epoch, Size: h.size, Latest: h.latest.UnixMilli(), Positions: h.positions, Checkpoint: h.checkpoint,
		Previous: h.previous, VerifierKey: h.verifierKey,
	}
	for _, hashes := range h.edges {
		d.Edges = append(d.Edges, textOf(hashes))
	}
	return table.Item{Key: headKey(h.program), Version: h.version, Doc: encode(d)}
}

func encode(v any) []byte {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic("translog: " + err.Error()) // a bug: stored forms have only plain fields
	}
	return b
}

func textOf(hashes []tlog.Hash) string {
	var b bytes.Buffer
	for _, h := range hashes {
		b.Write(h[:])
	}
	return table.Binary(b.Bytes())
}

func readHashes(text string) ([]tlog.Hash, error) {
	b, ok := table.Bytes(text)
	if !ok || len(b)%tlog.HashSize != 0 {
		return nil, errDamaged
	}
	hashes := make([]tlog.Hash, 0, len(b)/tlog.HashSize)
	for part := range slices.Chunk(b, tlog.HashSize) {
		hashes = append(hashes, tlog.Hash(part))
	}
	return hashes, nil
}

// open returns the hashes of a level that are not in a tile yet.
func (h *head) open(level int) []tlog.Hash {
	if level >= len(h.edges) {
		return nil
	}
	return h.edges[level]
}

// filed returns the number of hashes of a level that are in tiles.
func (h *head) filed(level int) int64 {
	if level >= len(h.edges) {
		return 0
	}
	total := h.size
	for l := range level {
		total = (total - int64(len(h.edges[l]))) / tileWidth
	}
	return total - int64(len(h.edges[level]))
}

// position returns the last sequence number that was read in a shard, or "" if the shard is unknown.
func (h *head) position(shard string) string {
	for _, p := range h.positions {
		if shard != "" && p.Shard == shardName(shard) {
			return p.Sequence
		}
	}
	return ""
}

// seen updates the position of a batch's shard.
func (h *head) seen(b Batch) {
	if b.Shard == "" || len(b.Records) == 0 {
		return
	}
	p := position{shardName(b.Shard), h.position(b.Shard)}
	if last := b.Records[len(b.Records)-1].Position; after(last, p.Sequence) {
		p.Sequence = last
	}
	others := slices.DeleteFunc(h.positions, func(q position) bool { return q.Shard == p.Shard })
	h.positions = slices.Insert(others, 0, p)
	h.positions = h.positions[:min(len(h.positions), maxPositions)]
}

// shardName returns a short name for a shard.
func shardName(shard string) string {
	f := fnv.New64a()
	f.Write([]byte(shard))
	return base64.RawURLEncoding.EncodeToString(f.Sum(nil))
}

// add appends records to the tree and returns the tiles that must be written. The number of tiles is limited: a full
// tile above the limit remains open until a later batch.
func (h *head) add(records []Record, late bool) (tiles []table.Item) {
	if len(h.edges) == 0 {
		h.edges = [][]tlog.Hash{nil}
	}
	before := h.latest
	for _, rec := range records {
		h.edges[0] = append(h.edges[0], leafHash(rec.Hash))
		h.latest = latest(h.latest, rec.Recorded)
	}
	h.size += int64(len(records))
	limit := minTiles
	if len(records) >= largeBatch {
		limit = len(records) / 8 // twice the number of tiles that the records fill
	}
	if late {
		limit--
	}
	for level := 0; level < len(h.edges); level++ {
		for len(h.edges[level]) >= tileWidth && len(tiles) < limit {
			tiles = append(tiles, h.file(level, before))
		}
	}
	return tiles
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// file moves the first hashes of a level to a tile and adds the root of the tile to the next level. The latest
// record before the batch was recorded at the instant before.
func (h *head) file(level int, before time.Time) table.Item {
	n := h.filed(level) / tileWidth
	hashes := h.edges[level][:tileWidth]
	root := rootOf(hashes)
	h.edges[level] = slices.Clone(h.edges[level][tileWidth:])
	if level+1 == len(h.edges) {
		h.edges = append(h.edges, nil)
	}
	h.edges[level+1] = append(h.edges[level+1], root)
	d := tileDoc{Hashes: textOf(hashes), Latest: h.latest.UnixMilli(), Before: before.UnixMilli()}
	return table.Item{Key: tileKey(h.program, h.epoch, level, n, root), Doc: encode(d)}
}

// rootOf returns the root of the subtree over the hashes. Their number must be a power of two.
func rootOf(hashes []tlog.Hash) tlog.Hash {
	if len(hashes) == 1 {
		return hashes[0]
	}
	half := len(hashes) / 2
	return tlog.NodeHash(rootOf(hashes[:half]), rootOf(hashes[half:]))
}

// tileDoc is stored. Fields may only be added.
type tileDoc struct {
	Hashes string `json:"h"`
	// Latest and Before are instants of the log's latest record: Latest after the batch that wrote the tile, and Before
	// before this batch.
	Latest int64 `json:"latest"`
	Before int64 `json:"before"`
}

func tileKey(program string, epoch, level int, n int64, root tlog.Hash) table.Key {
	return table.Key{PK: partition(program), SK: fmt.Sprintf(
		"TILE#%04d#%02d#%012d#%s", epoch, level, n, base64.RawURLEncoding.EncodeToString(root[:]),
	)}
}

// lateDoc is stored. Fields may only be added. It states that some leaves of a range were recorded in a period that
// ended long before the log's latest record at that time.
type lateDoc struct {
	First int64 `json:"first"`
	Count int64 `json:"n"`
	From  int64 `json:"from"`
	To    int64 `json:"to"`
}

func latePrefix(epoch int) string { return fmt.Sprintf("LATE#%04d#", epoch) }

// late returns the item that lists the late records among records that will be appended. It reports false if none of
// them is late.
func (h *head) late(records []Record) (table.Item, bool) {
	d := lateDoc{First: h.size, Count: int64(len(records)), From: math.MaxInt64}
	for _, rec := range records {
		if rec.Recorded.Before(h.latest.Add(-slack)) {
			at := rec.Recorded.UnixMilli()
			d.From, d.To = min(d.From, at), max(d.To, at)
		}
	}
	doc := encode(d)
	sum := sha256.Sum256(doc)
	key := fmt.Sprintf("%s%012d#%s", latePrefix(h.epoch), d.First, base64.RawURLEncoding.EncodeToString(sum[:9]))
	return table.Item{Key: table.Key{PK: partition(h.program), SK: key}, Doc: doc}, d.To != 0
}

// HeadAt returns the stored state of the log when it had the given number of leaves, without a checkpoint. Drills use
// it to restore a table whose log is older than its entries.
func (r *Reader) HeadAt(size int64) (table.Item, error) {
	h := r.head
	h.size, h.edges, h.checkpoint, h.verifierKey = size, nil, "", ""
	for level, total := 0, size; level == 0 || total > 0; level++ {
		filed := min(total/tileWidth*tileWidth, r.head.filed(level))
		var open []tlog.Hash
		for n := filed; n < total; n++ {
			nodes, err := r.nodes(level, n, n+1)
			if err != nil {
				return table.Item{}, err
			}
			open = append(open, nodes...)
		}
		h.edges = append(h.edges, open)
		total = filed / tileWidth
	}
	return h.encode(), nil
}
