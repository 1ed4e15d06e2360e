package catalog

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Sources and snapshots that do not fit into one item are stored in parts: compressed, and split into several items of
// the program's partition. The item of the draft, version or snapshot contains a reference to them. The keys of the
// parts of a version contain the hash of the content, so that these parts never change, and repeated or concurrent
// publications of the same content write the same items.
//
// The parts of a version are written before the item that refers to them. A reader of that item therefore finds all of
// them. A draft has its own parts, which the transaction that replaces the draft overwrites, because no function may
// delete items of the program's partition. A reader that finds parts of another draft reads the draft again.

const (
	// inlineBytes is the maximum size of a source or snapshot in the item that it belongs to, in bytes of JSON.
	inlineBytes = 300 << 10

	// partBytes is the maximum size of a part. In a table without a binary type, base64 adds a third to the size.
	partBytes = 240 << 10

	// maxWhole is the maximum size of the content of all parts together. It bounds the memory of readers.
	maxWhole = 8 << 20

	partPrefix = "PART#"
	draftParts = "DRAFTPART" // replaces the hash in the keys of a draft's parts
)

// partsDoc is a stored form: a reference to content in parts. Only add fields.
type partsDoc struct {
	Hash  string `json:"sha256"` // SHA-256 of the content, in hexadecimal
	Count int    `json:"count"`  // the number of parts
}

// partDoc is a stored form: one part.
type partDoc struct {
	Packed string `json:"z"` // compressed bytes
}

// partKey returns the key of part n of a set of parts. A set is identified by the hash of its content, or by
// draftParts.
func partKey(program, set string, n int) table.Key {
	return stored.ProgramKey(program, partPrefix+set+"#"+stored.Padded(int64(n), 3))
}

// split returns the reference to the parts of the content, and their documents.
func split(program string, content []byte) (*partsDoc, [][]byte, error) {
	if len(content) > maxWhole {
		return nil, nil, fmt.Errorf("catalog: program %s: %d bytes are too many", program, len(content))
	}
	hash := sha256.Sum256(content)
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.DefaultCompression)
	if err != nil {
		return nil, nil, fmt.Errorf("catalog: compress: %w", err)
	}
	_, _ = w.Write(content) // a write to a buffer does not fail
	_ = w.Close()
	ref := &partsDoc{Hash: hex.EncodeToString(hash[:])}
	var docs [][]byte
	for ; packed.Len() > 0; ref.Count++ {
		docs = append(docs, stored.Encode(partDoc{table.Binary(packed.Next(partBytes))}))
	}
	return ref, docs, nil
}

// store writes the parts of the content for a version and returns the reference to them. Each part is written in a
// transaction of its own, because all of them can exceed the limit of one transaction. A part that exists already
// belongs to an interrupted, concurrent or earlier publication of the same content.
func (cs Catalog) store(ctx context.Context, program string, content []byte) (*partsDoc, error) {
	ref, docs, err := split(program, content)
	if err != nil {
		return nil, err
	}
	for n, doc := range docs {
		err := cs.Table.Transact(ctx, table.Put(table.Item{Key: partKey(program, ref.Hash, n), Doc: doc}))
		if err != nil && !errors.As(err, new(*table.ConflictError)) {
			return nil, ledger.Retryable(err)
		}
	}
	return ref, nil
}

// overwriteDraftParts returns the reference to the parts of a draft, and the operations that write them.
func (cs Catalog) overwriteDraftParts(
	ctx context.Context, program string, source []byte,
) (*partsDoc, []table.Op, error) {
	ref, docs, err := split(program, source)
	if err != nil {
		return nil, nil, err
	}
	items := make([]table.Item, ref.Count)
	n := 0
	for it, err := range cs.Table.Query(ctx, partsQuery(program, draftParts, ref.Count)) {
		if err != nil {
			return nil, nil, ledger.Retryable(err)
		}
		items[n] = it
		n++
	}
	var ops []table.Op
	for n, it := range items {
		it.Key, it.Doc = partKey(program, draftParts, n), docs[n]
		ops = append(ops, table.Put(it))
	}
	return ref, ops, nil
}

// partsQuery returns the query for the first parts of a set.
func partsQuery(program, set string, count int) table.Query {
	return table.Query{
		PK:   stored.ProgramPartition(program),
		From: partKey(program, set, 0).SK, To: partKey(program, set, count-1).SK,
	}
}

// errOtherParts reports that the parts in the table have another content.
var errOtherParts = errors.New("catalog: parts are missing or have another content")

// join reads the parts of the content. It returns errOtherParts if the parts in the table do not have the content of
// the reference.
func (cs Catalog) join(ctx context.Context, program, set string, ref *partsDoc) ([]byte, error) {
	var packed []byte
	for it, err := range cs.Table.Query(ctx, partsQuery(program, set, ref.Count)) {
		if err != nil {
			return nil, ledger.Retryable(err)
		}
		var d partDoc
		if err := json.Unmarshal(it.Doc, &d); err != nil {
			return nil, fmt.Errorf("catalog: read %s: %w", it.Key, err)
		}
		b, ok := table.Bytes(d.Packed)
		if !ok {
			return nil, fmt.Errorf("catalog: read %s: it has no bytes", it.Key)
		}
		packed = append(packed, b...)
	}
	content, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxWhole+1))
	if hash := sha256.Sum256(content); err != nil || hex.EncodeToString(hash[:]) != ref.Hash {
		return nil, fmt.Errorf("catalog: read program %s: %w: %s", program, errOtherParts, ref.Hash)
	}
	return content, nil
}

// snapshotDoc is a stored form: a snapshot that is stored in parts.
type snapshotDoc struct {
	Parts *partsDoc `json:"parts,omitempty"`
}

// wholeSnapshot returns the snapshot of an item. The item contains the snapshot or refers to its parts.
func (cs Catalog) wholeSnapshot(ctx context.Context, program string, it table.Item) ([]byte, error) {
	const maxReference = 200 // bytes; no snapshot is that short
	if len(it.Doc) > maxReference {
		return it.Doc, nil
	}
	var d snapshotDoc
	if err := json.Unmarshal(it.Doc, &d); err != nil || d.Parts == nil {
		return it.Doc, nil // the decoder of snapshots reports errors
	}
	return cs.join(ctx, program, d.Parts.Hash, d.Parts)
}
