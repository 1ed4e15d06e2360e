package redemptions

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

// uploadCodes adds codes to the pool of a reward. Sending the same codes again has no further effect.
func uploadCodes(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b request.CodesBody
	var pool redeem.CodePool
	if err := c.Take(&b, func(faults *request.Check) { pool = b.Check(faults) }); err != nil {
		return request.Answer{}, err
	}
	p, err := c.Program(ctx)
	if err != nil {
		return request.Answer{}, err
	}
	reward, ok := redeem.FindReward(p.Rewards, c.Path("reward"))
	switch {
	case !ok:
		return request.Answer{}, request.Refuse(loyalty.NotFound, request.NotFoundDetail)
	case reward.Codes.From != loyalty.UploadedCode:
		return request.Answer{}, request.Refuse(loyalty.ValidationFailed,
			"The reward does not use uploaded codes. Set codes: uploaded in the program file.")
	}
	if err := pool.Check(); err != nil {
		return request.Answer{}, err
	}
	up, err := c.App.Codes.Upload(ctx, p.ID, reward.ID, b.Codes)
	if err != nil {
		return request.Answer{}, err
	}
	return request.Answer{Body: wire.CodesAdded{Added: up.Added, Duplicates: up.Duplicate}, Replayed: up.Replayed}, nil
}
