package catalog

import (
	"context"
	"iter"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
)

// A LevelChange compares a member's present level with the expected level at a later instant. The level may change
// because time passes or because another version of the program takes effect.
type LevelChange struct {
	Member   loyalty.MemberID
	Place    string // the member's position in the due queue, from which a list can continue
	From, To string // the present and the expected level; equal if the level does not change
	At       time.Time
	Because  loyalty.Reason // the reason for the last change
}

// A LevelPreview compares the present levels of members with their levels at a later instant, under the same or another
// version of the program. Another version must take effect after Now, because changes until Now were already decided
// under the present version.
type LevelPreview struct {
	Live, Next *loyalty.Program
	Now, Until time.Time
}

// LevelChanges compares the levels of the members of a shard. It includes only members with accounts that will change
// without a command (see ledger.DueQueue.Dated). It starts at the given place and writes nothing.
func (cs Catalog) LevelChanges(
	ctx context.Context, v LevelPreview, shard int, place string,
) iter.Seq2[LevelChange, error] {
	return func(yield func(LevelChange, error) bool) {
		for d, err := range (ledger.DueQueue{Ledger: cs.Ledger}).Dated(ctx, v.Live.ID, shard, place) {
			if err != nil {
				yield(LevelChange{}, err)
				return
			}
			c, err := cs.levelChange(ctx, d, v)
			if !yield(c, err) || err != nil {
				return
			}
		}
	}
}

func (cs Catalog) levelChange(ctx context.Context, d ledger.Due, v LevelPreview) (LevelChange, error) {
	acc, err := d.Account()
	if err != nil {
		return LevelChange{}, err
	}
	now, err := cs.PresentAt(ctx, v.Live, acc, v.Now)
	if err != nil {
		return LevelChange{}, err
	}
	present := now.Account
	present.Ran = acc.Ran // v.Next takes effect now, so no change was decided under its rules yet
	then, err := engine.Advance(v.Next, present, v.Until)
	if err != nil {
		return LevelChange{}, err
	}
	c := LevelChange{Member: d.Member, Place: d.Place, From: now.Account.Tier.Level, To: then.Account.Tier.Level}
	for _, e := range then.Entries {
		if e.Kind == loyalty.KindMoveTier && e.TierGroup == "" {
			c.At, c.Because = e.Effective, e.Reasons[0]
		}
	}
	return c, nil
}
