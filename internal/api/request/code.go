package request

import (
	"context"
	"errors"

	"github.com/perennial-loyalty/perennial/internal/inventory"
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
	who := inventory.Guesser{Key: c.Who.ID}
	if who.Client, err = c.client(); err != nil {
		return r, err
	}
	err = c.App.Codes.Guarded(ctx, p.ID, who, func() (err error) {
		r, err = look()
		return err
	})
	if limit, ok := errors.AsType[*redeem.TooManyGuesses](err); ok && limit.PerKey {
		telemetry.Count(ctx, telemetry.CodeGuesses, 1)
	}
	return r, err
}

// client returns the POS terminal, session or address that the header Perennial-Client names. It returns the empty
// string if the request does not have this header.
func (c *Call) client() (string, error) {
	name := c.Event.Headers.Client
	for i := range len(name) {
		if len(name) > 128 || name[i] < 0x21 || name[i] > 0x7e {
			return "", RefuseAt(InvalidParameter, "Perennial-Client",
				"The header Perennial-Client must have 1 to 128 visible ASCII characters.")
		}
	}
	return name, nil
}
