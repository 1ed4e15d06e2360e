package dynamotable

import (
	"context"
	"fmt"

	"github.com/perennial-loyalty/perennial/internal/table"
)

// settle finds out what became of a plan of which an answer was lost, by reading back what it would have left. It
// returns nil if the plan was applied, a conflict if it was not and never can be, and table.ErrUnknown otherwise:
// what is not there yet may still arrive, since DynamoDB may be at work on a request whose connection is gone.
//
// A plan is recognised by a Put of what was absent, if the table holds just that, or else by all its Puts; and only
// if no Put contradicts it, for all were done together. Others may have written since, so an item may have moved
// on. Two writers of the very same document cannot be told apart: whoever wants a lone Put to decide between them
// has each write something of its own. A Delete and an Add leave nothing to recognise.
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
		case now.Version == op.Item.Version+1: // somebody else's, and so is every version after it
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

// puts are the keys of the plan's Puts.
func (p *plan) puts() []table.Key {
	var keys []table.Key
	for _, op := range p.ops {
		if op.Kind == table.OpPut {
			keys = append(keys, op.Item.Key)
		}
	}
	return keys
}

// hopeless reports whether an answer shows a version past the one that the plan rests on. Versions do not come
// back, so a plan that was not applied by then never will be.
func (p *plan) hopeless(answer error) bool {
	fs, _ := p.failures(answer)
	for _, f := range fs {
		if p.ops[f.op].Kind != table.OpAdd && f.current.Version != p.ops[f.op].Item.Version {
			return true
		}
	}
	return false
}

// first is the conflict that an answer names, or else this one.
func (p *plan) first(answer error, f failure) *table.ConflictError {
	if fs, err := p.failures(answer); err == nil && len(fs) > 0 {
		return p.conflict(fs[0])
	}
	return p.conflict(f)
}
