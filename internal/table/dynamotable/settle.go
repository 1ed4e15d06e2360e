package dynamotable

import (
	"context"
	"fmt"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// settle determines the outcome of a plan after a lost response, by reading its items back. It returns nil if the
// plan was applied, a conflict if it was not and never can be, and table.ErrUnknown otherwise. An absent item does
// not prove that the plan failed: DynamoDB may still be processing a request after its connection has closed.
//
// settle recognizes a plan by a Put of a new item, if the table holds exactly that item, or else by all its Puts.
// No other Put may contradict the result, because all operations are applied together. Other writers may have
// changed an item since then, so a later version proves nothing. The identical documents of two writers cannot be
// distinguished: if a single Put must decide between two writers, each must write a unique value. A Delete or an
// Add leaves nothing that could be recognized.
func (t *Table) settle(ctx context.Context, p *plan, answer error) error {
	unknown := fmt.Errorf("%w: %w", table.ErrUnknown, answer)
	puts := p.puts()
	found, err := t.getAll(ctx, puts)
	if err != nil || len(puts) == 0 {
		return unknown
	}
	recognised, every := false, true
	for i, op := range p.ops {
		if op.Kind != table.OpPut {
			continue
		}
		now := found[op.Item.Key]
		now.Key = op.Item.Key
		switch {
		case same(now, op.Item):
			recognised = recognised || op.Item.Version == 0
		case now.Version == op.Item.Version+1: // another writer wrote this version, and every later one
			return p.first(answer, failure{i, now})
		case now.Version == op.Item.Version && p.hopeless(answer):
			return p.first(answer, failure{i, now})
		case now.Version <= op.Item.Version:
			return unknown
		default:
			every = false
		}
	}
	if recognised || every {
		return nil
	}
	return unknown
}

// puts returns the keys of the plan's Puts.
func (p *plan) puts() []table.Key {
	var keys []table.Key
	for _, op := range p.ops {
		if op.Kind == table.OpPut {
			keys = append(keys, op.Item.Key)
		}
	}
	return keys
}

// hopeless reports whether the response shows a version later than the one that the plan requires. Versions only
// grow, so a plan that was not applied by then can never be applied.
func (p *plan) hopeless(answer error) bool {
	fs, _ := p.failures(answer)
	for _, f := range fs {
		if p.ops[f.op].Kind != table.OpAdd && f.current.Version != p.ops[f.op].Item.Version {
			return true
		}
	}
	return false
}

// first returns the first conflict in the response, or f if the response has none.
func (p *plan) first(answer error, f failure) *table.ConflictError {
	if fs, err := p.failures(answer); err == nil && len(fs) > 0 {
		return p.conflict(fs[0])
	}
	return p.conflict(f)
}
