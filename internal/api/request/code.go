package request

import (
	"context"
	"errors"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/limits"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/telemetry"
)

// GuardedLookup looks up a code with the function look, and limits the number of wrong guesses. The limit does not
// apply to codes in the form of generated codes, which cannot be guessed, or to shared reward codes, which are public.
func (c *Call) GuardedLookup(
	ctx context.Context, code string, look func() (inventory.CodeResult, error),
) (r inventory.CodeResult, err error) {
	p, err := c.Program(ctx)
	if err != nil {
		return r, err
	}
	if reward, shared := redeem.SharedBy(p.Rewards, code); shared {
		if r, err = look(); errors.Is(err, loyalty.NotFound) {
			r, err = inventory.CodeResult{Reward: reward.ID}, nil
		}
		return r, err
	}
	if redeem.WellFormed(code) {
		return look()
	}
	client, err := c.LimitOfClient(limits.CodeLookupClient)
	if err != nil {
		return r, err
	}
	err = c.App.Limits.Misses(ctx, func() (err error) {
		r, err = look()
		return err
	}, c.Limit(limits.CodeLookup, c.Who.ID), client)
	if limit, ok := errors.AsType[*limits.ExceededError](err); ok && limit.Purpose == limits.CodeLookup {
		telemetry.Count(ctx, telemetry.CodeGuesses, 1)
	}
	return r, err
}
