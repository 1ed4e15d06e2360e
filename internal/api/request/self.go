package request

import (
	"context"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/auth"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// authenticate returns the principal of the request: an API key, an operator with a session, or a member with a token.
func (c *Call) authenticate(ctx context.Context) (auth.Principal, error) {
	header := c.Event.Headers.Authorization
	if auth.IsSession(header) {
		return c.App.Operators.Verify(ctx, header)
	}
	if !auth.IsToken(header) {
		who, err := c.App.Keys.Verify(ctx, header, c.Event.SourceIP)
		if err == nil && c.App.KeyUse != nil {
			c.App.KeyUse.Record(ctx, who)
		}
		return who, err
	}
	who, err := c.App.Tokens.Verify(ctx, header)
	if err == nil && !ValidID(ExternalPrefix+who.Subject) {
		return auth.Principal{}, auth.TokenInvalid
	}
	return who, err
}

// FindSelf looks up the member who calls. The routes of members have no member in their path, so FindSelf adds it as
// the path parameter member. The operations of /v1/members/{member} can then serve these routes as well.
func (c *Call) FindSelf(ctx context.Context) error {
	m, err := c.externalMember(ctx, c.Who.Subject)
	if err != nil {
		return err
	}
	c.Who.ID = string(m)
	c.Event.Path = append(
		slices.DeleteFunc(c.Event.Path, func(p Parameter) bool { return p.Name == self }), Parameter{self, string(m)},
	)
	return nil
}

// self is the path parameter that names the member.
const self = "member"

// Self returns the member who calls. It is empty if the caller is not a member.
func (c *Call) Self() loyalty.MemberID {
	if c.Who.Kind != auth.Member {
		return ""
	}
	return loyalty.MemberID(c.Who.ID)
}

// withoutSelf removes the pointer to the caller's account, which is frozen or on hold, from a problem. The token names
// the member, so that the request has no such field.
func (c *Call) withoutSelf(p wire.Problem) wire.Problem {
	if c.Who.Kind == auth.Member {
		p.Errors = slices.DeleteFunc(p.Errors, func(e wire.ProblemError) bool {
			code := loyalty.Code(e.Code)
			return (code == loyalty.AccountFrozen || code == loyalty.AccountOnHold) && e.Pointer == At(self).String()
		})
	}
	return p
}

// ReadsMembers reports whether the caller may read the personal data of the member that the request is about: an API
// key with members:read, an operator whose role allows it, or the member.
func (c *Call) ReadsMembers() bool { return c.Self() != "" || c.Who.ReadsMembers() }

// OwnedBy returns not_found if the caller is a member and not the owner of the requested object. The answer is the same
// as for an unknown object.
func (c *Call) OwnedBy(owner loyalty.MemberID) error {
	if c.Who.Kind == auth.Member && c.Self() != owner {
		return Refuse(loyalty.NotFound, NotFoundDetail)
	}
	return nil
}
