package dynamodbapi

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// maxWrites is the maximum number of items in a transaction.
const maxWrites = 100

// attempts is the maximum number of attempts of a write if other writers change the items. The writes of one API
// exclude each other. A second attempt is therefore necessary only if another program writes to the same table
// directly.
const attempts = 10

type nothing struct{}

func (a *API) putItem(ctx context.Context, in *writeInput) (any, error) {
	return a.writeItem(ctx, put, in)
}

func (a *API) deleteItem(ctx context.Context, in *writeInput) (any, error) {
	return a.writeItem(ctx, remove, in)
}

// writeItem performs PutItem or DeleteItem.
func (a *API) writeItem(ctx context.Context, kind string, in *writeInput) (any, error) {
	if err := a.named(in.TableName); err != nil {
		return nil, err
	}
	w, err := parseWrite(kind, in)
	if err != nil {
		return nil, err
	}
	reasons, err := a.commit(ctx, []write{w})
	if err != nil {
		return nil, err
	}
	switch reasons[0].Code {
	case noReason:
		return nothing{}, nil
	case conflict:
		return nil, fail("TransactionConflictException", "Transaction is ongoing for the item")
	}
	e := fail("ConditionalCheckFailedException", conditionMessage)
	e.Item = reasons[0].Item
	return nil, e
}

func (a *API) transactWriteItems(ctx context.Context, in *transactInput) (any, error) {
	if len(in.TransactItems) == 0 || len(in.TransactItems) > maxWrites {
		return nil, invalid("Member must have length less than or equal to %d", maxWrites)
	}
	writes := make([]write, len(in.TransactItems))
	seen := map[table.Key]bool{}
	for i, part := range in.TransactItems {
		kind, one, err := part.write()
		if err != nil {
			return nil, err
		}
		if err := a.named(one.TableName); err != nil {
			return nil, err
		}
		if writes[i], err = parseWrite(kind, one); err != nil {
			return nil, err
		}
		if seen[writes[i].key] {
			return nil, invalid("Transaction request cannot include multiple operations on one item")
		}
		seen[writes[i].key] = true
	}
	return nothing{}, a.tokens.once(in, a.now(), func() error { return a.transact(ctx, writes) })
}

func (a *API) transact(ctx context.Context, writes []write) error {
	reasons, err := a.commit(ctx, writes)
	if err != nil {
		return err
	}
	canceled := false
	var codes []string
	for _, r := range reasons {
		canceled = canceled || r.Code != noReason
		codes = append(codes, r.Code)
	}
	if !canceled {
		return nil
	}
	e := fail("TransactionCanceledException",
		"Transaction canceled, please refer cancellation reasons for specific reasons [%s]", strings.Join(codes, ", "))
	e.Reasons = reasons
	return e
}

// commit applies all writes or none. It returns a reason for each write. If all writes were applied, every reason is
// noReason.
func (a *API) commit(ctx context.Context, writes []write) ([]reason, error) {
	ctx = context.WithoutCancel(ctx) // DynamoDB completes a write even if the client disconnects
	unlock := a.locks.lock(writes)
	defer unlock()
	for attempt := 1; ; attempt++ {
		ops, changes, reasons, err := a.decide(ctx, writes)
		if ops == nil || err != nil {
			return reasons, err
		}
		err = a.Table.Transact(ctx, ops...)
		var met *table.ConflictError
		if errors.As(err, &met) {
			if attempt < attempts {
				continue
			}
			reasons[met.Op] = reason{Code: conflict, Message: "Transaction is ongoing for the item"}
			return reasons, nil
		}
		if err != nil {
			return nil, failed(err)
		}
		a.changed(changes)
		return reasons, nil
	}
}

// decide reads the items and evaluates the conditions. If a condition is false, it returns the reasons and no
// operations.
func (a *API) decide(
	ctx context.Context, writes []write,
) (ops []table.Op, changes []Change, reasons []reason, err error) {
	reasons = make([]reason, len(writes))
	canceled := false
	for i, w := range writes {
		now, err := a.Table.Get(ctx, w.key)
		if err != nil {
			return nil, nil, nil, failed(err)
		}
		item, err := toAttributes(now)
		if err != nil {
			return nil, nil, nil, err
		}
		if reasons[i].Code = noReason; !w.condition(item) {
			canceled = true
			reasons[i] = reason{Code: conditionFailed, Message: conditionMessage}
			if w.returnOld {
				reasons[i].Item = item
			}
			continue
		}
		op, next, err := w.operation(now, item)
		if err != nil {
			return nil, nil, nil, err
		}
		ops = append(ops, op)
		if w.kind != conditionCheck && (item != nil || next != nil) {
			changes = append(changes, Change{Key: keyAttributes(w.key), Old: item, New: next})
		}
	}
	if canceled {
		return nil, nil, reasons, nil
	}
	return ops, changes, reasons, nil
}

// operation returns the table operation for a write whose condition is true, and the item after the write.
func (w write) operation(now table.Item, item attributes) (table.Op, attributes, error) {
	switch w.kind {
	case remove:
		return table.Delete(now), nil, nil
	case conditionCheck:
		return table.Check(now), item, nil
	}
	next := w.item
	if w.kind == modify {
		if item == nil {
			item = keyAttributes(w.key)
		}
		var err error
		if next, err = w.update(item); err != nil {
			return table.Op{}, nil, err
		}
	}
	it, err := fromAttributes(next)
	if err != nil {
		return table.Op{}, nil, err
	}
	if it.Version != now.Version+1 {
		return table.Op{}, nil, invalid(
			"The attribute %s must be %d, one more than that of the stored item", versionName, now.Version+1,
		)
	}
	it.Version = now.Version
	return table.Put(it), next, nil
}

// failed converts an error of the table to an error of DynamoDB.
func failed(err error) error {
	switch {
	case errors.Is(err, table.ErrBusy):
		return fail("ThrottlingException", "%v", err)
	case errors.Is(err, table.ErrUnknown), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return internal(fmt.Errorf("dynamodbapi: %w", err))
	}
	return invalid("%v", err)
}
