package jobs

import (
	"context"
	"fmt"
	"math/big"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// sample is how many members of each shard the guard looks at before a worker moves anybody, and fewest how many there must
// be of all for a share of them to say something.
const (
	sample = 64
	fewest = 20
)

// guard refuses a message if, of the first members of all shards that the run is about, more would move down than the
// program allows: so every worker of a run decides by the same members, and a small program is guarded too. It writes
// nothing, and is asked once for a shard: what goes on from a cursor has passed it. The message then ends among
// the dead letters, which raises the alarm, and the next schedule asks again. Whoever published by mistake publishes
// anew; whoever meant it raises the program's guard. A member who comes by meanwhile is decided by the rules as they
// are: the guard stops a run, and suspends no rule.
func (w *walk) guard(ctx context.Context, m shardful) error {
	most := w.program.Tiers.Guard
	if most == nil || m.From != "" {
		return nil
	}
	looked, down := int64(0), int64(0)
	for m.Shard = range ledger.Shards {
		here := 0
		for d, err := range w.listed(ctx, m) {
			if err != nil {
				return fmt.Errorf("jobs: reassess %s: list shard %d: %w", m.Program, m.Shard, err)
			}
			lower, err := w.falls(ctx, d.Account)
			if err != nil {
				continue // the walk reports it, and keeps nobody else from it
			}
			if looked++; lower {
				down++
			}
			if here++; here == sample {
				break
			}
		}
	}
	if looked < fewest || big.NewRat(down, looked).Cmp(most) <= 0 {
		return nil
	}
	w.Log.ErrorContext(ctx, "a run was stopped: too many members would move down", "program", m.Program,
		"looked_at", looked, "down", down, "guard", most.RatString())
	return fmt.Errorf("jobs: reassess %s: of %d members %d would move down", m.Program, looked, down)
}

// falls reports whether bringing an account up to date would move it down.
func (w *walk) falls(ctx context.Context, account func() (loyalty.Account, error)) (bool, error) {
	acc, err := account()
	if err != nil {
		return false, err
	}
	out, err := w.Ledger.Present(ctx, w.program, acc)
	if err != nil {
		return false, err
	}
	_, from, _ := w.program.Level(acc.Tier.Level)
	_, to, _ := w.program.Level(out.Account.Tier.Level)
	return to < from, nil
}
