package api

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/auth"
)

// listRewards lists the rewards, in general or for one member. The unmet requirements of a member reveal the member's
// balance, so a list for a member requires the scope members:read.
func listRewards(ctx context.Context, c *request.Call) (request.Answer, error) {
	member, given := c.Event.Query["member"]
	switch {
	case given && !c.Who.May(auth.MembersRead):
		return request.Answer{}, auth.ScopeMissing
	case given && !request.ValidID(member):
		return request.Answer{}, request.RefuseAt(request.InvalidParameter, "member",
			"member must be a member ID, or external: followed by an external ID.")
	}
	return c.Rewards(ctx, member)
}

func listMemberRewards(ctx context.Context, c *request.Call) (request.Answer, error) {
	return c.Rewards(ctx, c.Path("member"))
}
