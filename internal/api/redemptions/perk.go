package redemptions

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
)

func listPerks(ctx context.Context, c *request.Call) (request.Answer, error) {
	p, id, err := c.ProgramAndMember(ctx, c.Path("member"))
	if err != nil {
		return request.Answer{}, err
	}
	m, left, err := memberAndStock(ctx, c, p, id)
	if err != nil {
		return request.Answer{}, err
	}
	list := wire.PerkList{Data: []wire.Perk{}}
	for _, q := range engine.Perks(p, m.Account, left, c.App.Now()) {
		one := wire.Perk{
			Kind: wire.PerkKindLevel, ID: q.ID, Name: wire.Text{}, TierGroup: q.TierGroup,
			Available: len(q.Unmet) == 0, UnmetRequirements: request.WireUnmet(q.Unmet),
		}
		if q.Level == "" {
			one.Kind, one.Name = wire.PerkKindReward, wire.Text(q.Reward.Name)
			one.Description = wire.Text(q.Reward.Description)
		}
		list.Data = append(list.Data, one)
	}
	return request.Answer{Body: list}, nil
}
