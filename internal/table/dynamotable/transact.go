package dynamotable

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/perennial-loyalty/perennial/internal/random"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// Transact sends several ops with DynamoDB's TransactWriteItems, a single Put or Delete as a plain conditional write,
// and a single Check as a consistent read. If an attempt was refused temporarily or its response was lost, Transact
// makes another attempt with the same client token after a random pause, within the caller's deadline.
func (t *Table) Transact(ctx context.Context, ops ...table.Op) error {
	err := t.transact(ctx, ops)
	var conflict *table.ConflictError
	if errors.As(err, &conflict) {
		return conflict
	}
	if err != nil {
		return fmt.Errorf("dynamotable: transact: %w", err)
	}
	return nil
}

func (t *Table) transact(ctx context.Context, ops []table.Op) error {
	if err := checkOps(ops); err != nil {
		return err
	}
	p, err := t.newPlan(ops)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(ops) == 1 && ops[0].Kind == table.OpCheck {
		return t.check(ctx, p)
	}
	return t.commit(ctx, p)
}

// check evaluates a plan that consists of a single Check.
func (t *Table) check(ctx context.Context, p *plan) error {
	read := p.ops[0].Item
	now, err := t.get(ctx, read.Key)
	if err != nil {
		return err
	}
	if now.Version != read.Version {
		return p.conflict(failure{0, now})
	}
	return nil
}

// commit repeats the plan until its outcome is known or the time Patience is over. After a lost response, only a
// successful attempt makes the outcome certain. A failed condition does not, because the plan's own earlier attempt may
// have changed the item.
func (t *Table) commit(ctx context.Context, p *plan) error {
	unsure, limit := false, t.limit()
	for attempt := 1; ; attempt++ {
		answer := t.attempt(ctx, limit, func(ctx context.Context) error { return t.send(ctx, p) })
		v := judge(answer)
		unsure = unsure || v == lost
		switch {
		case v == done:
			return nil
		case v == failed && !unsure:
			fs, err := p.failures(answer)
			if err != nil {
				return err
			}
			if err := p.replan(fs); err != nil {
				return err
			}
			if attempt < maxAttempts {
				continue
			}
		case v == failed, v == rejected && unsure:
			return t.settle(ctx, p, answer)
		case v == rejected:
			return answer
		}
		spent := t.pause(ctx, limit, attempt)
		switch {
		case spent == nil:
		case unsure:
			return t.settle(ctx, p, answer)
		default:
			return fmt.Errorf("%w: %w: %w", table.ErrBusy, spent, answer)
		}
	}
}

// replan changes the plan if all failures are Adds whose item unexpectedly exists or unexpectedly is absent. For any
// other failure, it returns the error.
func (p *plan) replan(fs []failure) error {
	for _, f := range fs {
		if !p.turn(f) {
			return p.refusal(f)
		}
	}
	p.token = random.Text(p.random)
	return nil
}

// turn changes an Add so that it creates an absent item, or updates an existing one. It reports false if the failure
// has another cause.
func (p *plan) turn(f failure) bool {
	op, there := p.ops[f.op], f.current.Version > 0
	switch {
	case op.Kind != table.OpAdd:
		return false
	case there && p.stored[f.op] != nil:
		p.stored[f.op] = nil
		return true
	case !there && op.Delta >= op.Floor:
		p.stored[f.op] = made(op)
		return true
	}
	return false
}

func (p *plan) refusal(f failure) error {
	op := p.ops[f.op]
	if op.Kind == table.OpAdd && f.current.Version > 0 {
		if err := countable(f.current, op); err != nil {
			return fmt.Errorf("operation %d (%s): %w", f.op, op.Item.Key, err)
		}
	}
	return p.conflict(f)
}

func (p *plan) conflict(f failure) *table.ConflictError {
	return &table.ConflictError{Op: f.op, Key: p.ops[f.op].Item.Key, Current: f.current}
}

// countable returns an error if an Add cannot be applied to an item for a reason other than the floor.
func countable(it table.Item, op table.Op) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(it.Doc, &fields); err != nil {
		return err
	}
	value, ok := fields[op.Field]
	if !ok {
		return nil
	}
	var n *int64
	if err := json.Unmarshal(value, &n); err != nil || n == nil {
		return fmt.Errorf("field %q is %.40s, not a whole number of 64 bits", op.Field, value)
	}
	if sum := *n + op.Delta; (sum < *n) != (op.Delta < 0) {
		return fmt.Errorf("field %q would exceed 64 bits", op.Field)
	}
	return nil
}
