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
// What tells is the guards. A Put of what was absent is one that nobody else would make alike, so the first such
// is enough. Without one all Puts have to be found exactly as they were sent; then even if another writer did it,
// nothing is left to do. Deletes and Adds leave nothing to recognise.
func (t *Table) settle(ctx context.Context, p *plan, answer error) error {
	unknown := fmt.Errorf("%w: %w", table.ErrUnknown, answer)
	guards := p.guards()
	if len(guards) == 0 {
		return unknown
	}
	for _, i := range guards {
		it := p.ops[i].Item
		now, err := t.get(ctx, it.Key)
		if err != nil {
			return unknown
		}
		switch {
		case same(now, it):
			continue
		case now.Version == it.Version+1: // somebody else's, and so is every version after it
			return p.first(answer, failure{i, now})
		case now.Version == it.Version && p.hopeless(answer):
			return p.first(answer, failure{i, now})
		}
		return unknown
	}
	return nil
}

// guards are the operations by which a plan can be recognised in the table.
func (p *plan) guards() []int {
	var puts []int
	for i, op := range p.ops {
		if op.Kind != table.OpPut {
			continue
		}
		if op.Item.Version == 0 {
			return []int{i}
		}
		puts = append(puts, i)
	}
	return puts
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
