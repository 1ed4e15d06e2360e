package ledger

import (
	"bytes"
	"compress/flate"
	"context"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"

	"github.com/perennial-loyalty/perennial/internal/ledger/columns"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// DynamoDB limits an item to 400 KB. Therefore the lines of an order with more than loyalty.InlineLines lines are
// stored outside its entry, compressed, in separate items that sort after the revisions in the order's partition. The
// same applies to its refunds if they name more lines than that. A revision that does not change these parts names the
// revision that last changed them and does not store them again. The hash of an entry covers the parts as if they were
// stored in the entry.

const (
	linesPart   = "LINES#"
	refundsPart = "REFUNDS#"

	// lastRevision is the greatest sort key that a revision can have.
	lastRevision = "999999"

	// partSize is the maximum number of bytes of compressed JSON in one item. In a table without a binary type, base64
	// adds a third to the size.
	partSize = 240 << 10

	// maxParts bounds the number of bytes that are unpacked for an order. The facts of a request of at most 1 MB fit.
	maxParts = 16 << 20
)

// partDoc is a stored form: changed only by addition.
type partDoc struct {
	Packed string `json:"z"` // compressed bytes
}

// apart returns the stored document of an entry and the operations that write its separate parts. The stored document
// is packed if it is large, and omits the separate parts. doc is the complete document.
func apart(program string, e loyalty.Entry, doc []byte) ([]byte, []table.Op) {
	if len(doc) <= packAbove {
		return doc, nil
	}
	d := storedEntry(e)
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
		put(linesPart, since, d.Order.Lines)
		d.Order.Lines = nil
	}
	if since := e.Order.RefundsSince; since > 0 {
		put(refundsPart, since, d.Order.Refunds)
		d.Order.Refunds = nil
	}
	return packed(d), parts
}

// partOps returns the operations that write a separate part of an order for a revision.
func partOps(program string, c loyalty.Cause, part string, v any) (ops []table.Op) {
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestSpeed)
	if err != nil {
		panic("ledger: " + err.Error()) // cannot happen: the level is valid
	}
	_, _ = w.Write(encode(v)) // a write to a buffer does not fail
	_ = w.Close()
	prefix := part + padded(int64(c.Revision), 6) + "#"
	for n := 0; packed.Len() > 0; n++ {
		key := table.Key{PK: causePartition(program, c.Kind, c.ID), SK: prefix + padded(int64(n), 3)}
		ops = append(ops, table.Put(table.Item{Key: key, Doc: encode(partDoc{table.Binary(packed.Next(partSize))})}))
	}
	return ops
}

// whole returns an entry with the separately stored parts of its order.
func (l *Ledger) whole(ctx context.Context, program string, e loyalty.Entry) (loyalty.Entry, error) {
	if e.Order == nil {
		return e, nil
	}
	s := *e.Order
	err := l.wholeOrder(ctx, program, &s)
	e.Order = &s
	return e, err
}

// wholeOrder reads the separately stored parts of an order, unless they were already read.
func (l *Ledger) wholeOrder(ctx context.Context, program string, s *loyalty.OrderState) error {
	if s.LinesSince > 0 && len(s.Order.Lines) == 0 {
		var lines []lineDoc
		if err := l.part(ctx, program, s.Order.ID, linesPart, s.LinesSince, &lines); err != nil {
			return err
		}
		for _, d := range lines {
			s.Order.Lines = append(s.Order.Lines, loyalty.Line(d))
		}
	}
	if s.RefundsSince > 0 && len(s.Order.Refunds) == 0 {
		var refunds []refundDoc
		if err := l.part(ctx, program, s.Order.ID, refundsPart, s.RefundsSince, &refunds); err != nil {
			return err
		}
		for _, d := range refunds {
			s.Order.Refunds = append(s.Order.Refunds, d.refund())
		}
	}
	return nil
}

// part reads a separate part of an order that was stored with a revision.
func (l *Ledger) part(ctx context.Context, program, order, part string, revision int, v any) error {
	prefix := part + padded(int64(revision), 6) + "#"
	q := table.Query{PK: causePartition(program, loyalty.CauseOrder, order), From: prefix, To: prefix + "~"}
	var packed bytes.Buffer
	for it, err := range l.Table.Query(ctx, q) {
		if err != nil {
			return retryable(err)
		}
		var d partDoc
		if err := json.Unmarshal(it.Doc, &d); err != nil {
			return fmt.Errorf("ledger: read %s: %w", it.Key, err)
		}
		z, ok := table.Bytes(d.Packed)
		if !ok {
			return fmt.Errorf("ledger: read %s: %w", it.Key, columns.ErrDamaged)
		}
		packed.Write(z)
	}
	doc, err := io.ReadAll(io.LimitReader(flate.NewReader(&packed), maxParts))
	if err == nil {
		err = json.Unmarshal(doc, v)
	}
	if err != nil {
		return fmt.Errorf("ledger: read %sof order %s: %w", part, order, err)
	}
	return nil
}
