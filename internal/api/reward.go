package api

import (
	"context"
	"math/big"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

func listRewards(ctx context.Context, c *call) (answer, error) {
	p, err := c.program(ctx)
	if err != nil {
		return answer{}, err
	}
	list := wire.RewardList{Data: make([]wire.Reward, len(p.Rewards))}
	for i, r := range p.Rewards {
		list.Data[i] = wireReward(r)
	}
	return answer{body: list}, nil
}

func wireReward(r loyalty.Reward) wire.Reward {
	out := wire.Reward{ID: r.ID, Type: wire.RewardType(r.Type), Name: wire.Text(r.Name), Points: int64(r.Cost), Sku: r.SKU}
	if r.Value != (loyalty.Money{}) {
		out.Value = &wire.Money{Amount: r.Value.Amount, Currency: string(r.Value.Currency)}
	}
	if r.Percent != nil {
		out.Percent = decimal(r.Percent)
	}
	return out
}

// decimal writes a percentage, which has few decimals: 10, 12.5.
func decimal(r *big.Rat) string {
	s := r.FloatString(6)
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}
