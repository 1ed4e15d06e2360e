package api

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// listCampaigns lists current and future campaigns. It omits shadow campaigns, which members must not see.
func listCampaigns(ctx context.Context, c *call) (answer, error) {
	p, err := c.program(ctx)
	if err != nil {
		return answer{}, err
	}
	var budgets []posting.Spend
	for _, r := range p.Campaigns {
		if r.Budget > 0 {
			budgets = append(budgets, posting.Spend{Rule: "campaigns." + r.ID, Budget: r.Budget})
		}
	}
	uses, err := c.app.Ledger.BudgetUses(ctx, p.ID, budgets)
	if err != nil {
		return answer{}, err
	}
	list := wire.CampaignList{Data: []wire.Campaign{}}
	for _, r := range p.Campaigns {
		if r.Shadow || !c.app.Now().Before(r.Match.Until) {
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
	return answer{body: list}, nil
}

func registerForCampaign(ctx context.Context, c *call) (answer, error) {
	p, err := c.nothingBut(ctx)
	if err != nil {
		return answer{}, err
	}
	m, err := c.member(ctx, c.path("member"))
	if err != nil {
		return answer{}, err
	}
	campaign := c.path("campaign")
	already, err := c.app.Ledger.OptIn(ctx, p, m, campaign, ledger.By{Actor: c.who.ID})
	if err != nil {
		return answer{}, err
	}
	return answer{
		status: createdIf(!already), body: wire.Registration{Member: string(m), Campaign: campaign}, replayed: already,
	}, nil
}
