package api

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// listCampaigns lists current and future campaigns. It omits shadow campaigns, which members must not see.
func listCampaigns(ctx context.Context, c *request.Call) (request.Answer, error) {
	p, err := c.Program(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	var budgets []posting.Spend
	for _, r := range p.Campaigns {
		if r.Budget > 0 {
			budgets = append(budgets, posting.Spend{Rule: "campaigns." + r.ID, Budget: r.Budget})
		}
	}
	uses, err := c.App.Budgets.Uses(ctx, p.ID, budgets)
	if err != nil {
		return request.Answer{}, err
	}
	list := wire.CampaignList{Data: []wire.Campaign{}}
	for _, r := range p.Campaigns {
		if r.Shadow || !c.App.Now().Before(r.Match.Until) {
			continue
		}
		one := wire.Campaign{
			ID: r.ID, Name: wire.Text(r.Name), OptIn: r.OptIn,
			From: r.Match.From.UTC(), Until: r.Match.Until.UTC(),
		}
		if r.Budget > 0 {
			use := uses["campaigns."+r.ID]
			one.Budget = &wire.Budget{Points: int64(r.Budget), Remaining: int64(use.Left), Overrun: int64(use.Overrun)}
		}
		list.Data = append(list.Data, one)
	}
	return request.Answer{Body: list}, nil
}

func registerForCampaign(ctx context.Context, c *request.Call) (request.Answer, error) {
	p, err := c.ProgramWithoutBody(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	m, err := c.Member(ctx, c.Path("member"))
	if err != nil {
		return request.Answer{}, err
	}
	campaign := c.Path("campaign")
	already, err := c.App.Adjustments.OptIn(ctx, p, m, campaign, ledger.By{
		Actor: c.Who.Actor(), Switch: c.Route.Switch,
	})
	if err != nil {
		return request.Answer{}, err
	}
	return request.Answer{
		Status: request.CreatedIf(!already), Body: wire.Registration{Member: string(m), Campaign: campaign},
		Replayed: already,
	}, nil
}
