package api

import (
	"context"
	"errors"
	"net/http"

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

// someone returns the member that a field of the body names. It first returns any faults of the body.
func (c *call) someone(ctx context.Context, faults *check, field, named string) (loyalty.MemberID, error) {
	faults.requiredID(at(field), named)
	if err := faults.err(); err != nil {
		return "", err
	}
	return c.member(ctx, named)
}

func foundHousehold(ctx context.Context, c *call) (answer, error) {
	var b foundBody
	if err := c.decode(&b); err != nil {
		return answer{}, err
	}
	p, err := c.program(ctx)
	if err != nil {
		return answer{}, err
	}
	head, err := c.someone(ctx, &check{}, "owner", b.Head)
	if err != nil {
		return answer{}, err
	}
	by, err := c.by(head)
	if err != nil {
		return answer{}, err
	}
	r, err := c.app.Ledger.Found(ctx, p, c.derivedID("hh_", head), head, by)
	if refused := (*loyalty.Error)(nil); errors.As(err, &refused) && refused.Pointer == "/member" {
		named := *refused
		named.Pointer = "/owner" // the only member of the request
		err = &named
	}
	if err != nil {
		return answer{}, err
	}
	a, err := c.household(ctx, p, r.Household)
	a.status, a.replayed = http.StatusCreated, r.Replayed
	return a, err
}

func getHousehold(ctx context.Context, c *call) (answer, error) {
	p, err := c.program(ctx)
	if err != nil {
		return answer{}, err
	}
	h, err := c.app.Ledger.Household(ctx, p.ID, c.path("household"))
	if err != nil {
		return answer{}, err
	}
	return c.household(ctx, p, h)
}

func inviteToHousehold(ctx context.Context, c *call) (answer, error) {
	var b invitationBody
	if err := c.decode(&b); err != nil {
		return answer{}, err
	}
	var faults check
	if b.Role != string(share.Adult) && b.Role != string(share.Child) {
		faults.fault(at("role"), loyalty.ValidationFailed, "role must be adult or child.")
	}
	return c.changeHousehold(ctx, &faults,
		b.Member, func(
			ctx context.Context, p *loyalty.Program, id string, m loyalty.MemberID,
		) (share.Household, error) {
			return c.app.Ledger.Invite(ctx, p, id, m, share.Role(b.Role))
		})
}

func joinHousehold(ctx context.Context, c *call) (answer, error) {
	return c.changeHouseholdOf(ctx, c.app.Ledger.AcceptInvitation)
}

func leaveHousehold(ctx context.Context, c *call) (answer, error) {
	return c.changeHouseholdOf(ctx, c.app.Ledger.LeaveHousehold)
}

func removeFromHousehold(ctx context.Context, c *call) (answer, error) {
	return c.changeHouseholdOf(ctx, c.app.Ledger.RemoveFromHousehold)
}

type householdChange func(context.Context, *loyalty.Program, string, loyalty.MemberID) (share.Household, error)

// changeHouseholdOf changes the household in the path for the member that the body names.
func (c *call) changeHouseholdOf(ctx context.Context, change householdChange) (answer, error) {
	var b housemateBody
	if err := c.decode(&b); err != nil {
		return answer{}, err
	}
	return c.changeHousehold(ctx, &check{}, b.Member, change)
}

func (c *call) changeHousehold(
	ctx context.Context, faults *check, named string, change householdChange,
) (answer, error) {
	p, err := c.program(ctx)
	if err != nil {
		return answer{}, err
	}
	m, err := c.someone(ctx, faults, "member", named)
	if err != nil {
		return answer{}, err
	}
	h, err := change(ctx, p, c.path("household"), m)
	if err != nil {
		return answer{}, err
	}
	return c.household(ctx, p, h)
}

// household answers with a household and the points that its members can contribute.
func (c *call) household(ctx context.Context, p *loyalty.Program, h share.Household) (answer, error) {
	accs, err := c.app.Ledger.Accounts(ctx, p, h.Joined())
	if err != nil {
		return answer{}, err
	}
	out := wire.Household{ID: h.ID, Members: []wire.HouseholdMember{}}
	for _, m := range h.Members {
		one := wire.HouseholdMember{
			Member: string(m.Member), Role: wire.HouseholdMemberRole(m.Role), InvitedAt: m.Invited.UTC(),
			JoinedAt: instant(m.Since),
		}
		for _, acc := range accs {
			if acc.Member == m.Member {
				one.Active, one.Shares = int64(acc.Balance().Active), int64(redeem.Shares(p, acc))
			}
		}
		out.Active, out.Shared = out.Active+one.Active, out.Shared+one.Shares
		out.Members = append(out.Members, one)
	}
	return answer{body: out}, nil
}
