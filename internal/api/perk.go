package api

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
)

func listPerks(ctx context.Context, c *call) (answer, error) {
	p, id, err := c.meant(ctx, c.path("member"))
	if err != nil {
		return answer{}, err
	}
	m, left, err := c.memberAndStock(ctx, p, id)
	if err != nil {
		return answer{}, err
	}
	list := wire.PerkList{Data: []wire.Perk{}}
	for _, q := range engine.Perks(p, m.Account, left, c.app.Now()) {
		one := wire.Perk{
			Kind: wire.PerkKindLevel, ID: q.ID, Name: wire.Text{}, TierGroup: q.TierGroup,
			Available: len(q.Unmet) == 0, UnmetRequirements: wireLacks(q.Unmet),
		}
		if q.Level == "" {
			one.Kind, one.Name, one.Description = wire.PerkKindReward, wire.Text(q.Reward.Name), wire.Text(q.Reward.Description)
		}
		list.Data = append(list.Data, one)
	}
	return answer{body: list}, nil
}
