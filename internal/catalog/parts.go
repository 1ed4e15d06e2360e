package catalog

import (
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

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
// them. See pending.go for the parts of publications that were interrupted. A draft has its own parts, which the
// transaction that replaces the draft overwrites, because no function may delete items of the program's partition. A
// reader that finds parts of another draft reads the draft again.

const (
	// inlineBytes is the maximum size of a source or snapshot in the item that it belongs to, in bytes of JSON.
	inlineBytes = 300 << 10

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

// partKey returns the key of part n of a set of parts. A set is identified by the hash of its content, or by
// draftParts.
func partKey(program, set string, n int) table.Key {
	return stored.ProgramKey(program, partPrefix+set+"#"+stored.Padded(int64(n), 3))
}

// A partSet is a source or snapshot in parts: the reference, and the documents of the parts.
type partSet struct {
	ref  *partsDoc
	docs [][]byte
}

// split divides a source or snapshot into parts.
func split(program string, content []byte) (partSet, error) {
	if len(content) > maxWhole {
		return partSet{}, fmt.Errorf("catalog: program %s: %d bytes are too many", program, len(content))
	}
	hash := sha256.Sum256(content)
	docs := stored.Split(content, flate.DefaultCompression)
	return partSet{&partsDoc{Hash: hex.EncodeToString(hash[:]), Count: len(docs)}, docs}, nil
}

// overwriteDraftParts returns the reference to the parts of a draft, and the operations that write them.
func (cs Catalog) overwriteDraftParts(
	ctx context.Context, program string, source []byte,
) (*partsDoc, []table.Op, error) {
	set, err := split(program, source)
	if err != nil {
		return nil, nil, err
	}
	items := make([]table.Item, len(set.docs))
	n := 0
	for it, err := range cs.Table.Query(ctx, partsQuery(program, draftParts, len(items))) {
		if err != nil {
			return nil, nil, ledger.Retryable(err)
		}
		items[n] = it
		n++
	}
	var ops []table.Op
	for n, it := range items {
		it.Key, it.Doc = partKey(program, draftParts, n), set.docs[n]
		ops = append(ops, table.Put(it))
	}
	return set.ref, ops, nil
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
	packed, err := ledger.ReadParts(ctx, cs.Table, partsQuery(program, set, ref.Count))
	if err != nil {
		return nil, err
	}
	content, err := stored.Join(packed, maxWhole)
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
