package api

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
)

func checkProgram(ctx context.Context, c *request.Call) (request.Answer, error) {
	source, err := c.ToCheck(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	p, errs, warnings := c.Checked(source)
	out := wire.ValidationResult{Valid: len(errs) == 0}
	for _, p := range errs {
		out.Problems = append(out.Problems, request.Finding(p, wire.FindingSeverityError))
	}
	for _, p := range warnings {
		out.Problems = append(out.Problems, request.Finding(p, wire.FindingSeverityWarning))
	}
	if out.Valid {
		out.RulesText = c.Explained(p)
		if out.Changes, err = c.Changes(ctx, source); err != nil {
			return request.Answer{}, err
		}
	}
	return request.Answer{Body: out}, nil
}
