package operators

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/auth"
)

func retrieveSession(ctx context.Context, c *request.Call) (request.Answer, error) {
	s, err := c.App.Operators.Session(ctx, c.Who.Session)
	if err != nil {
		return request.Answer{}, err
	}
	return request.Answer{Body: wireSession(s)}, nil
}

// revokeSession ends the session of the caller.
func revokeSession(ctx context.Context, c *request.Call) (request.Answer, error) {
	s, err := c.App.Operators.Session(ctx, c.Who.Session)
	if err != nil {
		return request.Answer{}, err
	}
	if err := c.App.Operators.RevokeSession(ctx, s.ID); err != nil {
		return request.Answer{}, err
	}
	return request.Answer{Body: wireSession(s)}, nil
}

func wireSession(s auth.Session) wire.Session {
	return wire.Session{
		ID: s.ID, Program: s.Operator.Program, Operator: wireOperator(s.Operator), CreatedAt: s.CreatedAt.UTC(),
		ExpiresAt: s.ExpiresAt.UTC(),
	}
}
