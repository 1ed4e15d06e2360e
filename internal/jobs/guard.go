package jobs

import (
	"context"
	"fmt"
	"math/big"

	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// sample is the number of members in each shard that the guard checks before a worker changes any member. fewest is the
// minimum number of checked members in all shards together. With fewer, a share is not meaningful.
const (
	sample = 64
	fewest = 20
)

// guard returns an error if more of the sampled members would move to a lower level than the program allows. The sample
// covers all shards of the run, so that every worker decides from the same members, and small programs are guarded too.
//
// guard writes nothing, and runs once per shard: a message that continues a shard from a cursor has already passed it.
// A rejected message finally moves to the dead-letter queue, which raises the alarm, and the next schedule runs the
// check again. To resolve the alarm, publish a corrected program or, if the change is intended, increase the program's
// max_downgrades. The guard stops only scheduled runs. A member's own command still applies the new rules.
func (w *settleRun) guard(ctx context.Context, m shardTask) error {
	most := w.program.Tiers.MaxDowngrades
	if most == nil || m.From != "" {
		return nil
	}
	looked, down := int64(0), int64(0)
	for m.Shard = range stored.Shards {
		here := 0
		for d, err := range w.listed(ctx, m) {
			if err != nil {
				return fmt.Errorf("jobs: reassess %s: list shard %d: %w", m.Program, m.Shard, err)
			}
			lower, err := w.movesDown(ctx, d.Account)
			if err != nil {
				continue // the run itself reports this error
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
	w.Log.ErrorContext(ctx, "run stopped because too many members would move down", "program", m.Program,
		"looked_at", looked, "down", down, "guard", most.RatString())
	return fmt.Errorf("jobs: reassess %s: %[3]d of %[2]d members would move down", m.Program, looked, down)
}

// movesDown reports whether settling an account would move the member to a lower level.
func (w *settleRun) movesDown(ctx context.Context, account func() (loyalty.Account, error)) (bool, error) {
	acc, err := account()
	if err != nil {
		return false, err
	}
	out, err := w.Ledger.Present(ctx, w.program, acc)
	if err != nil {
		return false, err
	}
	_, from, _ := w.program.Tiers.Level(acc.Tier.Level)
	_, to, _ := w.program.Tiers.Level(out.Account.Tier.Level)
	return to < from, nil
}
