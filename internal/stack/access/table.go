package access

import (
	"context"
	"iter"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// Table returns a table that checks the policies and then performs the operation on t. It checks the calls that
// dynamotable would make for the operation. These include calls that dynamotable makes only after a lost response or
// for an absent counter. A missing permission for such calls is therefore found even if these cases do not occur.
func (g *Guard) Table(t table.Table) table.Table { return guarded{g, t} }

type guarded struct {
	guard *Guard
	next  table.Table
}

func (t guarded) Get(ctx context.Context, key table.Key) (table.Item, error) {
	if err := t.check(ctx, t.guard.onTable("GetItem", Op{"GetItem", key.PK})); err != nil {
		return table.Item{}, err
	}
	return t.next.Get(ctx, key)
}

func (t guarded) Query(ctx context.Context, q table.Query) iter.Seq2[table.Item, error] {
	return func(yield func(table.Item, error) bool) {
		query := t.guard.onTable("Query", Op{"Query", q.PK})
		if q.Index {
			query.Resource += "/index/index"
		}
		if err := t.check(ctx, query); err != nil {
			yield(table.Item{}, err)
			return
		}
		for it, err := range t.next.Query(ctx, q) {
			if err == nil && q.Index { // dynamotable reads each item that the index lists by its key
				err = t.check(ctx, t.guard.onTable("BatchGetItem", Op{"BatchGetItem", it.Key.PK}))
			}
			if err != nil {
				yield(table.Item{}, err)
				return
			}
			if !yield(it, nil) {
				return
			}
		}
	}
}

func (t guarded) Transact(ctx context.Context, ops ...table.Op) error {
	for _, c := range t.guard.writes(ops) {
		if err := t.check(ctx, c); err != nil {
			return err
		}
	}
	return t.next.Transact(ctx, ops...)
}

func (t guarded) check(ctx context.Context, c Call) error {
	if function := functionOf(ctx); function != "" {
		return t.guard.Check(function, c)
	}
	return nil
}

func (g *Guard) onTable(operation string, ops ...Op) Call {
	return Call{Operation: "dynamodb:" + operation, Resource: g.TableARN, Ops: ops}
}

var actionOf = map[table.OpKind]string{
	table.OpPut: "PutItem", table.OpDelete: "DeleteItem", table.OpCheck: "ConditionCheckItem",
	table.OpAdd: "UpdateItem",
}

// writes returns the calls that dynamotable may make for a Transact.
func (g *Guard) writes(ops []table.Op) []Call {
	if len(ops) == 1 && ops[0].Kind == table.OpCheck {
		return []Call{g.onTable("GetItem", Op{"GetItem", ops[0].Item.Key.PK})}
	}
	operation := "TransactWriteItems"
	if len(ops) == 1 && ops[0].Kind != table.OpAdd {
		operation = actionOf[ops[0].Kind]
	}
	var first, made, read []Op // made contains the operations of the second attempt, which creates absent counters
	for _, op := range ops {
		key, action := op.Item.Key.PK, actionOf[op.Kind]
		first = append(first, Op{action, key})
		switch op.Kind {
		case table.OpAdd:
			if op.Delta >= op.Floor {
				action = "PutItem"
			}
		case table.OpPut:
			read = append(read, Op{"BatchGetItem", key}) // needed after a lost response
		}
		made = append(made, Op{action, key})
	}
	calls := []Call{g.onTable(operation, first...)}
	if operation == "TransactWriteItems" {
		calls = append(calls, g.onTable(operation, made...))
	}
	if len(read) > 0 {
		calls = append(calls, g.onTable("BatchGetItem", read...))
	}
	return calls
}
