package redemptions

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/inventory"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

// A WaitBody requests to put a member on the waitlist of a reward.
type WaitBody struct {
	Member string `json:"member"`
}

func joinWaitlist(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b WaitBody
	err := c.Take(&b, func(faults *request.Check) {
		faults.RequiredID(request.At("member"), b.Member)
	})
	if err != nil {
		return request.Answer{}, err
	}
	return place(ctx, c, b.Member, c.App.Waitlists.Join)
}

func retrieveWaitlistEntry(ctx context.Context, c *request.Call) (request.Answer, error) {
	return place(ctx, c, c.Path("member"), c.App.Waitlists.Place)
}

func leaveWaitlist(ctx context.Context, c *request.Call) (request.Answer, error) {
	return place(ctx, c, c.Path("member"), c.App.Waitlists.Leave)
}

// place answers a request about a member's entry in the waitlist of the reward in the path. The function do changes or
// reads the entry, and the answer contains the entry.
func place(
	ctx context.Context, c *request.Call, member string,
	do func(context.Context, *loyalty.Program, string, loyalty.MemberID) (inventory.Place, error),
) (request.Answer, error) {
	p, m, err := c.ProgramAndMember(ctx, member)
	if err != nil {
		return request.Answer{}, err
	}
	if _, ok := redeem.FindReward(p.Rewards, c.Path("reward")); !ok {
		return request.Answer{}, request.Refuse(loyalty.NotFound, request.NotFoundDetail)
	}
	if _, err := c.App.Members.Get(ctx, p, m); err != nil {
		return request.Answer{}, err
	}
	at, err := do(ctx, p, c.Path("reward"), m)
	if err != nil {
		return request.Answer{}, err
	}
	out := wire.WaitlistEntry{
		Member: string(at.Member), Reward: at.Reward, Waitlisted: at.Waits, Position: at.Position,
		Since: at.Since.UTC(), ClaimBy: at.CallEnds.UTC(),
	}
	return request.Answer{Body: out, Replayed: at.Replayed}, nil
}
