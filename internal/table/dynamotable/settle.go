package dynamotable

import (
	"context"
	"fmt"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// settle determines the outcome of a plan after a response was lost. For this, it reads the items of the plan's Puts.
// It returns nil if the plan was applied, a conflict if the plan can never be applied, and table.ErrUnknown otherwise.
// An unchanged item does not prove that the plan failed, because DynamoDB may still be processing a request after its
// connection was closed.
//
// The plan was applied if the table contains exactly the item of a Put that creates an item, or exactly the items of
// all Puts. No other Put may contradict this, because all operations are applied together. Other writers may have
// changed an item since then, so a later version proves nothing. If two writers write identical documents, they cannot
// be distinguished. If a single Put must decide between two writers, each must therefore write a unique value. A Delete
// or an Add writes no item that could be recognized.
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
		case now.Version == op.Item.Version+1: // another writer wrote this version, so the plan was not applied
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

// hopeless reports whether the response shows that an item has another version than the plan requires. Versions never
// decrease. A plan that was not applied before can therefore never be applied.
func (p *plan) hopeless(answer error) bool {
	fs, _ := p.failures(answer)
	for _, f := range fs {
		if p.ops[f.op].Kind != table.OpAdd && f.current.Version != p.ops[f.op].Item.Version {
			return true
		}
	}
	return false
}

// first returns the conflict of the first failed operation in the response. If the response contains none, it returns
// the conflict of f.
func (p *plan) first(answer error, f failure) *table.ConflictError {
	if fs, err := p.failures(answer); err == nil && len(fs) > 0 {
		return p.conflict(fs[0])
	}
	return p.conflict(f)
}
