package stored

import (
	"bytes"
	"compress/flate"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// DynamoDB limits an item to 400 KB. Therefore the lines of an order with more than posting.InlineLines lines are
// stored outside its entry, compressed, in separate items that sort after the revisions in the order's partition. The
// same applies to its refunds if they name more lines than that. A revision that does not change these parts names the
// revision that last changed them and does not store them again. The hash of an entry covers the parts as if they were
// stored in the entry.

const (
	LinesPart   = "LINES#"
	RefundsPart = "REFUNDS#"

	// LastRevision is the greatest sort key that a revision can have.
	LastRevision = "999999"

	// partSize is the maximum number of bytes of compressed JSON in one item. In a table without a binary type, base64
	// adds a third to the size.
	partSize = 240 << 10

	// MaxParts bounds the number of bytes that are unpacked for an order. The data of the largest request, 1 MB, fits.
	MaxParts = 16 << 20
)

// PartDoc is stored. Fields may only be added.
type PartDoc struct {
	Packed string `json:"z"` // compressed bytes
}

// Apart returns the stored document of an entry and the operations that write its separate parts. The stored document
// is packed if it is large, and omits the separate parts. doc is the complete document.
func Apart(program string, e loyalty.Entry, doc []byte) ([]byte, []table.Op) {
	if len(doc) <= packAbove {
		return doc, nil
	}
	d := StoredEntry(e)
	if e.Order == nil || e.Order.LinesSince == 0 && e.Order.RefundsSince == 0 {
		return packed(d), nil
	}
	var parts []table.Op
	put := func(part string, since int, v any) {
		if since == e.Cause.Revision {
			parts = append(parts, partOps(program, e.Cause, part, v)...)
		}
	}
	if since := e.Order.LinesSince; since > 0 {
		put(LinesPart, since, d.Order.Lines)
		d.Order.Lines = nil
	}
	if since := e.Order.RefundsSince; since > 0 {
		put(RefundsPart, since, d.Order.Refunds)
		d.Order.Refunds = nil
	}
	return packed(d), parts
}

// partOps returns the operations that write a separate part of an order for a revision.
func partOps(program string, c loyalty.Cause, part string, v any) (ops []table.Op) {
	prefix := part + Padded(int64(c.Revision), 6) + "#"
	for n, doc := range Split(Encode(v), flate.BestSpeed) {
		key := table.Key{PK: CausePartition(program, c.Kind, c.ID), SK: prefix + Padded(int64(n), 3)}
		ops = append(ops, table.Put(table.Item{Key: key, Doc: doc}))
	}
	return ops
}

// Split compresses content with a level of package flate and divides the result into documents (PartDoc) that each fit
// into one item.
func Split(content []byte, level int) (docs [][]byte) {
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, level)
	if err != nil {
		panic("ledger: " + err.Error()) // cannot happen: the level is valid
	}
	_, _ = w.Write(content) // a write to a buffer does not fail
	_ = w.Close()
	for packed.Len() > 0 {
		docs = append(docs, Encode(PartDoc{table.Binary(packed.Next(partSize))}))
	}
	return docs
}

// Join returns the content of the documents that Split returned, from their joined compressed bytes. It returns an
// error if the bytes are damaged or the content has more than limit bytes.
func Join(packed []byte, limit int64) ([]byte, error) { return inflated(packed, "", limit) }
