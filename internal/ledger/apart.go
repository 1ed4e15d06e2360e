package ledger

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/perennial-loyalty/perennial/internal/ledger/columns"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// whole returns an entry together with the parts of its order that are stored separately.
func whole(ctx context.Context, t table.Table, program string, e loyalty.Entry) (loyalty.Entry, error) {
	if e.Order == nil {
		return e, nil
	}
	s := *e.Order
	err := WholeOrder(ctx, t, program, &s)
	e.Order = &s
	return e, err
}

// WholeOrder reads the separately stored parts of an order, unless they were already read.
func WholeOrder(ctx context.Context, t table.Table, program string, s *loyalty.OrderState) error {
	if s.LinesSince > 0 && len(s.Order.Lines) == 0 {
		var lines []stored.LineDoc
		if err := readPart(ctx, t, program, s.Order.ID, stored.LinesPart, s.LinesSince, &lines); err != nil {
			return err
		}
		for _, d := range lines {
			s.Order.Lines = append(s.Order.Lines, d.Line())
		}
	}
	if s.RefundsSince > 0 && len(s.Order.Refunds) == 0 {
		var refunds []stored.RefundDoc
		if err := readPart(ctx, t, program, s.Order.ID, stored.RefundsPart, s.RefundsSince, &refunds); err != nil {
			return err
		}
		for _, d := range refunds {
			s.Order.Refunds = append(s.Order.Refunds, d.Refund())
		}
	}
	return nil
}

// readPart reads a separately stored part of an order, such as its line items, and decodes it into v. The given
// revision is the one with which the part was stored.
func readPart(
	ctx context.Context, t table.Table, program, order, part string, revision int, v any,
) error {
	prefix := part + stored.Padded(int64(revision), 6) + "#"
	q := table.Query{PK: stored.CausePartition(program, loyalty.CauseOrder, order), From: prefix, To: prefix + "~"}
	packed, err := ReadParts(ctx, t, q)
	if err != nil {
		return err
	}
	doc, err := stored.Join(packed, stored.MaxParts)
	if err == nil {
		err = json.Unmarshal(doc, v)
	}
	if err != nil {
		return fmt.Errorf("ledger: read %sof order %s: %w", part, order, err)
	}
	return nil
}

// ReadParts reads the items of a query, which contain the documents that stored.Split returned, and returns their
// joined bytes for stored.Join.
func ReadParts(ctx context.Context, t table.Table, q table.Query) (packed []byte, err error) {
	for it, err := range t.Query(ctx, q) {
		if err != nil {
			return nil, Retryable(err)
		}
		var d stored.PartDoc
		if err := json.Unmarshal(it.Doc, &d); err != nil {
			return nil, fmt.Errorf("ledger: read %s: %w", it.Key, err)
		}
		z, ok := table.Bytes(d.Packed)
		if !ok {
			return nil, fmt.Errorf("ledger: read %s: %w", it.Key, columns.ErrDamaged)
		}
		packed = append(packed, z...)
	}
	return packed, nil
}
