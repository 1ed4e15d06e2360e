package request

import (
	"context"
	"strconv"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

// MaxCodes is the maximum number of codes that one request adds to a pool. That many fit into the function's time
// limit.
const MaxCodes = 2_000

type CodesBody struct {
	Codes []string `json:"codes"`
}

// check checks each code and returns all of them as a pool.
func (b CodesBody) check(c *Check) (pool redeem.CodePool) {
	if n := len(b.Codes); c.Required(At("codes"), b.Codes != nil) && (n < 1 || n > MaxCodes) {
		c.Fault(At("codes"), loyalty.ValidationFailed, "codes must have 1 to %d entries.", MaxCodes)
	}
	for i, code := range b.Codes {
		if redeem.ValidCode(code) {
			pool.Add(code)
		} else {
			c.Fault(At("codes/"+strconv.Itoa(i)), loyalty.ValidationFailed,
				"A code must be 4 to 64 letters, digits and hyphens, including at least 4 letters or digits.")
		}
	}
	return pool
}

// AddCodes adds codes to the pool of a reward. The same codes again are a replay of the first upload.
func AddCodes(ctx context.Context, c *Call) (Answer, error) {
	var b CodesBody
	var pool redeem.CodePool
	if err := c.Take(&b, func(faults *Check) { pool = b.check(faults) }); err != nil {
		return Answer{}, err
	}
	p, err := c.Program(ctx)
	if err != nil {
		return Answer{}, err
	}
	reward, ok := redeem.FindReward(p, c.Path("reward"))
	switch {
	case !ok:
		return Answer{}, Refuse(loyalty.NotFound, NotFoundDetail)
	case reward.Codes.From != loyalty.UploadedCode:
		return Answer{}, Refuse(loyalty.ValidationFailed,
			"The reward does not use uploaded codes. Set codes: uploaded in the program file.")
	}
	if err := pool.Check(); err != nil {
		return Answer{}, err
	}
	up, err := c.App.Ledger.UploadCodes(ctx, p.ID, reward.ID, b.Codes)
	if err != nil {
		return Answer{}, err
	}
	return Answer{Body: wire.CodesAdded{Added: up.Added, Duplicates: up.Duplicate}, Replayed: up.Replayed}, nil
}
