package ledger

import (
	"context"
	"iter"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A LevelChange is what time, and another version of the program, will have made of a member's level at an instant, if
// nothing else happens.
type LevelChange struct {
	Member   loyalty.MemberID
	Place    string // in its shard, to continue behind
	From, To string // the same where the level does not change
	At       time.Time
	Because  loyalty.Reason // of the last move
}

// Down reports whether the level of next is a lower one.
func (c LevelChange) Down(next *loyalty.Program) bool {
	_, from, _ := next.Level(c.From)
	_, to, _ := next.Level(c.To)
	return to < from
}

// A LevelPreview compares the levels of members now with those at a later instant, by another version of the program or
// by the same one. A version that takes over must do so after Now: time that has passed for an account under one version
// does not pass again under another one.
type LevelPreview struct {
	Live, Next *loyalty.Program
	Now, Until time.Time
}

// LevelChanges looks at all members of a shard for whom time will do something (see Dated), from a place on. It writes
// nothing.
func (l *Ledger) LevelChanges(ctx context.Context, v LevelPreview, shard int, place string) iter.Seq2[LevelChange, error] {
	return func(yield func(LevelChange, error) bool) {
		for d, err := range l.Dated(ctx, v.Live.ID, shard, place) {
			if err != nil {
				yield(LevelChange{}, err)
				return
			}
			c, err := l.levelChange(ctx, d, v)
			if !yield(c, err) || err != nil {
				return
			}
		}
	}
}

func (l *Ledger) levelChange(ctx context.Context, d Due, v LevelPreview) (LevelChange, error) {
	acc, err := d.Account()
	if err != nil {
		return LevelChange{}, err
	}
	now, err := l.present(ctx, v.Live, acc, v.Now)
	if err != nil {
		return LevelChange{}, err
	}
	present := now.Account
	present.Ran = acc.Ran // next takes over now, so it has not run yet
	then, err := v.Next.Advance(present, v.Until)
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
