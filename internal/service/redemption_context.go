package service

import (
	"context"
	"errors"

	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
)

// A redemptionContext contains the inputs of the decision about a redemption. The reward, the code and the household
// are read before the decision. The waitlist and the stock on other dates are loaded only if the decision needs them.
type redemptionContext struct {
	*ledger.Ledger
	p          *loyalty.Program
	in         RedemptionRequest
	reward     loyalty.Reward
	redemption loyalty.Redemption
	// The household whose points the member may use; it has no members if there is none.
	household share.Household
	expired   inventory.ExpiredHolds // expired reservations that still reduced the stock of the reward
	call      redeem.Call            // the waitlisted members who may claim the remaining stock now
	stock     *loyalty.Points        // the stock with which the field call was determined; nil if unknown
	dates     earn.Budgets           // the remaining stock on each date; nil if unknown
}

// decide decides about the redemption.
func (c *redemptionContext) decide(x ledger.Inputs) ([]posting.Outcome, error) {
	if err := redeem.CheckAddress(&c.reward, c.in.Address != ""); err != nil && c.reward.ID != "" {
		return nil, err
	}
	outs, err := c.redeem(x)
	switch n, waits := c.waitlisted(x, outs); {
	case err == nil && waits && c.stock != nil && *c.stock == n:
		return outs, c.call.Refuses(c.in.Member)
	case c.dates != nil && c.fullDate(err):
		return outs, redeem.NoCapacity(&c.reward, c.in.Date, c.dates, x.Now)
	}
	return outs, err
}

func (c *redemptionContext) redeem(x ledger.Inputs) ([]posting.Outcome, error) {
	if c.in.Household {
		return share.RedeemTogether(
			engine.BeginAll(c.p, x.Accounts, x.Now), c.household, c.redemption, c.in.Commit, x.Left,
		)
	}
	out, err := redeem.Redeem(engine.Begin(c.p, x.Accounts[0], x.Now), c.redemption, c.in.Commit, x.Left)
	return []posting.Outcome{out}, err
}

// waitlisted returns the remaining stock, and whether the redemption uses up stock of a reward that has a waitlist.
func (c *redemptionContext) waitlisted(x ledger.Inputs, outs []posting.Outcome) (loyalty.Points, bool) {
	n, known := x.Left[c.reward.Key()]
	return n, known && len(outs) > 0 && c.reward.HasWaitlist() && redeem.ItemsTaken(&c.reward, outs[0]) > 0
}

// fullDate reports whether the redemption is rejected because its date has no capacity.
func (c *redemptionContext) fullDate(err error) bool {
	var rejection *loyalty.Error
	return c.in.Date != "" && errors.As(err, &rejection) && rejection.Code == loyalty.RewardOutOfStock &&
		rejection.Pointer == "/date"
}

func (c *redemptionContext) Reset() { c.call, c.stock, c.dates = redeem.Call{}, nil, nil }

// Load reads the waitlist if the redemption uses up stock of a reward that has one. If the redemption is rejected
// because the reward is out of stock, Load first looks for expired reservations, then for other dates with capacity.
func (c *redemptionContext) Load(
	ctx context.Context, x ledger.Inputs, outs []posting.Outcome, err error,
) (bool, error) {
	if n, waits := c.waitlisted(x, outs); err == nil && waits && c.stock == nil {
		call, failed := inventory.Waitlists{Ledger: c.Ledger}.Called(
			c.p, &c.reward,
			inventory.Waitlists{Ledger: c.Ledger}.Entries(ctx, c.p.ID, c.reward.ID, inventory.CallsAtOnce), n,
		)
		c.call, c.stock = call, &n
		return true, failed
	}
	if errors.Is(err, loyalty.RewardOutOfStock) && !c.expired.All {
		return false, inventory.Stock{Ledger: c.Ledger}.Expired(ctx, c.p.ID, &c.reward, c.expired)
	}
	if c.dates != nil || !c.fullDate(err) {
		return false, nil
	}
	c.dates, err = ledger.Budgets{Ledger: c.Ledger}.Remaining(ctx, c.p.ID, redeem.Counters(&c.reward, x.Now))
	return true, err
}
