package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/share"
)

type foundBody struct {
	Head string `json:"owner"`
}

type invitationBody struct {
	Member string `json:"member"`
	Role   string `json:"role"`
}

type housemateBody struct {
	Member string `json:"member"`
}

// someone returns the member that a field of the body names, or an error if the body has faults.
func someone(
	ctx context.Context, c *request.Call, faults *request.Check, field, named string,
) (loyalty.MemberID, error) {
	faults.RequiredID(request.At(field), named)
	if err := faults.Err(); err != nil {
		return "", err
	}
	return c.Member(ctx, named)
}

func createHousehold(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b foundBody
	if err := c.Decode(&b); err != nil {
		return request.Answer{}, err
	}
	p, err := c.Program(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	head, err := someone(ctx, c, &request.Check{}, "owner", b.Head)
	if err != nil {
		return request.Answer{}, err
	}
	by, err := request.By(c, head)
	if err != nil {
		return request.Answer{}, err
	}
	r, err := c.App.Households.Found(ctx, p, request.DerivedID(c, "hh_", head), head, by)
	if refused := (*loyalty.Error)(nil); errors.As(err, &refused) && refused.Pointer == "/member" {
		named := *refused
		named.Pointer = "/owner" // only this field of the request names the member
		err = &named
	}
	if err != nil {
		return request.Answer{}, err
	}
	a, err := household(ctx, c, p, r.Household)
	a.Status, a.Replayed = http.StatusCreated, r.Replayed
	return a, err
}

func retrieveHousehold(ctx context.Context, c *request.Call) (request.Answer, error) {
	p, err := c.Program(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	h, err := c.App.Households.Get(ctx, p.ID, c.Path("household"))
	if err != nil {
		return request.Answer{}, err
	}
	return household(ctx, c, p, h)
}

func inviteToHousehold(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b invitationBody
	if err := c.Decode(&b); err != nil {
		return request.Answer{}, err
	}
	var faults request.Check
	if b.Role != string(share.Adult) && b.Role != string(share.Child) {
		faults.Fault(request.At("role"), loyalty.ValidationFailed, "role must be adult or child.")
	}
	invite := func(
		ctx context.Context, p *loyalty.Program, id string, m loyalty.MemberID,
	) (share.Household, error) {
		return c.App.Households.Invite(ctx, p, id, m, share.Role(b.Role))
	}
	return changeHousehold(ctx, c, &faults, b.Member, invite)
}

func joinHousehold(ctx context.Context, c *request.Call) (request.Answer, error) {
	return changeHouseholdOf(ctx, c, c.App.Households.AcceptInvitation)
}

func leaveHousehold(ctx context.Context, c *request.Call) (request.Answer, error) {
	return changeHouseholdOf(ctx, c, c.App.Households.Leave)
}

func removeFromHousehold(ctx context.Context, c *request.Call) (request.Answer, error) {
	return changeHouseholdOf(ctx, c, c.App.Households.Remove)
}

type householdChange func(context.Context, *loyalty.Program, string, loyalty.MemberID) (share.Household, error)

// changeHouseholdOf changes the household in the path for the member that the body names.
func changeHouseholdOf(ctx context.Context, c *request.Call, change householdChange) (request.Answer, error) {
	var b housemateBody
	if err := c.Decode(&b); err != nil {
		return request.Answer{}, err
	}
	return changeHousehold(ctx, c, &request.Check{}, b.Member, change)
}

func changeHousehold(
	ctx context.Context, c *request.Call, faults *request.Check, named string, change householdChange,
) (request.Answer, error) {
	p, err := c.Program(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	m, err := someone(ctx, c, faults, "member", named)
	if err != nil {
		return request.Answer{}, err
	}
	h, err := change(ctx, p, c.Path("household"), m)
	if err != nil {
		return request.Answer{}, err
	}
	return household(ctx, c, p, h)
}

// household returns the answer for a household, with the points that its members can contribute.
func household(ctx context.Context, c *request.Call, p *loyalty.Program, h share.Household) (request.Answer, error) {
	accs, err := c.App.Households.Accounts(ctx, p, h.Joined())
	if err != nil {
		return request.Answer{}, err
	}
	out := wire.Household{ID: h.ID, Members: []wire.HouseholdMember{}}
	for _, m := range h.Members {
		one := wire.HouseholdMember{
			Member: string(m.Member), Role: wire.HouseholdMemberRole(m.Role), InvitedAt: m.Invited.UTC(),
			JoinedAt: request.Instant(m.Since),
		}
		for _, acc := range accs {
			if acc.Member == m.Member {
				one.Active, one.Shares = int64(acc.Balance().Active), int64(redeem.Shares(&p.Sharing, p.Rewards, acc))
			}
		}
		out.Active, out.Shared = out.Active+one.Active, out.Shared+one.Shares
		out.Members = append(out.Members, one)
	}
	return request.Answer{Body: out}, nil
}
