package api

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

type waitBody struct {
	Member string `json:"member"`
}

func joinWaitingList(ctx context.Context, c *call) (answer, error) {
	var b waitBody
	err := c.take(&b, func(faults *check) {
		faults.requiredID(at("member"), b.Member)
	})
	if err != nil {
		return answer{}, err
	}
	return c.place(ctx, b.Member, c.app.Ledger.Wait)
}

func getPlace(ctx context.Context, c *call) (answer, error) {
	return c.place(ctx, c.path("member"), c.app.Ledger.Place)
}

func leaveWaitingList(ctx context.Context, c *call) (answer, error) {
	return c.place(ctx, c.path("member"), c.app.Ledger.Leave)
}

// place performs an operation on a member's waitlist entry for the reward in the path, and answers with the entry.
func (c *call) place(ctx context.Context, member string,
	do func(context.Context, *loyalty.Program, string, loyalty.MemberID) (ledger.Place, error),
) (answer, error) {
	p, m, err := c.meant(ctx, member)
	if err != nil {
		return answer{}, err
	}
	if _, ok := redeem.FindReward(p, c.path("reward")); !ok {
		return answer{}, refuse(loyalty.NotFound, notFoundDetail)
	}
	if _, err := c.app.Ledger.Member(ctx, p, m); err != nil {
		return answer{}, err
	}
	at, err := do(ctx, p, c.path("reward"), m)
	if err != nil {
		return answer{}, err
	}
	out := wire.WaitlistEntry{
		Member: string(at.Member), Reward: at.Reward, Waitlisted: at.Waits, Position: at.Position,
		Since: at.Since.UTC(), ClaimBy: at.CallEnds.UTC(),
	}
	return answer{body: out, replayed: at.Replayed}, nil
}
