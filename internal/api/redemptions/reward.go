package redemptions

import (
	"context"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/members"
	"github.com/perennial-loyalty/perennial/internal/parallel"
)

// listRewards lists the rewards, in general or for one member. The unmet requirements of a member reveal the member's
// balance, so a list for a member requires the scope members:read.
func listRewards(ctx context.Context, c *request.Call) (request.Answer, error) {
	member, given := c.Event.Query["member"]
	switch {
	case given && !c.Who.ReadsMembers():
		return request.Answer{}, auth.ScopeMissing
	case given && !request.ValidID(member):
		return request.Answer{}, request.RefuseAt(request.InvalidParameter, "member",
			"member must be a member ID, or external: followed by an external ID.")
	}
	return rewards(ctx, c, member)
}

// rewardsFreshFor is the time for which anyone may cache the list of rewards. Stock and publications change it.
const rewardsFreshFor = time.Minute

// listGuestRewards lists the rewards for anyone, in a form that shared caches may store.
func listGuestRewards(ctx context.Context, c *request.Call) (request.Answer, error) {
	out, err := rewards(ctx, c, "")
	out.FreshFor = rewardsFreshFor
	return out, err
}

func listMemberRewards(ctx context.Context, c *request.Call) (request.Answer, error) {
	return rewards(ctx, c, c.Path("member"))
}

// rewards lists the rewards that are visible now. If member is not empty, the list includes the unmet requirements of
// that member.
func rewards(ctx context.Context, c *request.Call, member string) (request.Answer, error) {
	p, err := c.Program(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	var id loyalty.MemberID
	if member != "" {
		if id, err = c.Member(ctx, member); err != nil {
			return request.Answer{}, err
		}
	}
	m, left, err := memberAndStock(ctx, c, p, id)
	if err != nil {
		return request.Answer{}, err
	}
	acc := m.Account
	list, now := wire.RewardList{Data: []wire.Reward{}}, c.App.Now()
	for _, r := range p.Rewards {
		if !r.Visible.Has(now) {
			continue
		}
		one := wireReward(r)
		for _, o := range r.Dates {
			if o.At.After(now) {
				one.Dates = append(one.Dates, wire.RewardDate{
					ID: o.ID, At: o.At.UTC(), Name: wire.Text(o.Name), Capacity: o.Capacity,
					Remaining: redeem.RemainingCapacity(&r, o, left),
				})
			}
		}
		if len(r.StockBatches) > 0 {
			one.Stock = &wire.Stock{Quantity: int64(redeem.StockUntil(&r, now)), Remaining: int64(left[r.Key()])}
		}
		if member != "" {
			q := engine.Available(p, acc, r, loyalty.Redemption{}, left, now)
			can := len(q.Unmet) == 0
			one.Points, one.Available, one.UnmetRequirements = int64(q.Cost), &can, request.WireUnmet(q.Unmet)
		}
		list.Data = append(list.Data, one)
	}
	return request.Answer{Body: list}, nil
}

// memberAndStock reads the member and the remaining stock of the rewards in parallel. If the ID is empty, it reads only
// the stock.
func memberAndStock(
	ctx context.Context, c *request.Call, p *loyalty.Program, id loyalty.MemberID,
) (m members.Member, left earn.Budgets, err error) {
	err = parallel.Do(func() (err error) {
		if id != "" {
			m, err = c.App.Members.Get(ctx, p, id)
		}
		return err
	}, func() (err error) {
		left, err = c.App.Stock.CountsFor(ctx, p, id)
		return err
	})
	return m, left, err
}

func wireReward(r loyalty.Reward) wire.Reward {
	out := wire.Reward{
		ID: r.ID, Type: wire.RewardType(r.Type), Name: wire.Text(r.Name), Description: wire.Text(r.Description),
		Points: int64(r.Cost),
		Sku:    r.SKU, Partner: r.Partner, Tiers: r.Tiers, From: r.Active.From.UTC(), Until: r.Active.Until.UTC(),
		Value: wireMoney(r.Value), MaxValue: wireMoney(r.MaxValue),
	}
	if r.Percent != nil {
		out.Percent = decimal(r.Percent)
	}
	if len(r.Prices) > 0 {
		out.Prices = map[string]int64{}
	}
	for level, n := range r.Prices {
		out.Prices[level] = int64(n)
	}
	if len(r.Wallets) > 0 {
		out.Wallets = map[string]int64{}
	}
	for wallet, n := range r.Wallets {
		out.Wallets[wallet] = int64(n)
	}
	if r.Wallet != "" {
		out.Earns = &wire.WalletPoints{Wallet: r.Wallet, Points: int64(r.Points)}
	}
	for _, currency := range slices.Sorted(maps.Keys(r.MinOrder)) {
		out.MinOrder = append(out.MinOrder, wire.Money{Amount: r.MinOrder[currency], Currency: string(currency)})
	}
	out.Waitlist = r.HasWaitlist()
	if r.Manual {
		out.Fulfillment = wire.RewardFulfillmentManual
	}
	if r.Address {
		out.Address = wire.RewardAddressRequired
	}
	if from := string(r.Codes.From); from != "" {
		out.Codes = &from
	}
	return out
}

// wireMoney returns an amount of money, or nil if it is zero.
func wireMoney(m loyalty.Money) *wire.Money {
	if m == (loyalty.Money{}) {
		return nil
	}
	return &wire.Money{Amount: m.Amount, Currency: string(m.Currency)}
}

// decimal formats a percentage without trailing zeros: 10, 12.5.
func decimal(r *big.Rat) string {
	s := r.FloatString(6)
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}
