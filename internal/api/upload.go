package api

import (
	"context"
	"strconv"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

// maxCodes is the maximum number of codes that one request adds to a pool. That many fit into the function's time
// limit.
const maxCodes = 2_000

type codesBody struct {
	Codes []string `json:"codes"`
}

// check checks each code and returns all of them as a pool.
func (b codesBody) check(c *check) (pool redeem.CodePool) {
	if n := len(b.Codes); c.required(at("codes"), b.Codes != nil) && (n < 1 || n > maxCodes) {
		c.fault(at("codes"), loyalty.ValidationFailed, "codes must have 1 to %d entries.", maxCodes)
	}
	for i, code := range b.Codes {
		if redeem.ValidCode(code) {
			pool.Add(code)
		} else {
			c.fault(at("codes/"+strconv.Itoa(i)), loyalty.ValidationFailed,
				"A code must be 4 to 64 letters, digits and hyphens, including at least 4 letters or digits.")
		}
	}
	return pool
}

// addCodes adds codes to the pool of a reward. The same codes again are a replay of the first upload.
func addCodes(ctx context.Context, c *call) (answer, error) {
	var b codesBody
	var pool redeem.CodePool
	if err := c.take(&b, func(faults *check) { pool = b.check(faults) }); err != nil {
		return answer{}, err
	}
	p, err := c.program(ctx)
	if err != nil {
		return answer{}, err
	}
	reward, ok := redeem.FindReward(p, c.path("reward"))
	switch {
	case !ok:
		return answer{}, refuse(loyalty.NotFound, notFoundDetail)
	case reward.Codes.From != loyalty.UploadedCode:
		return answer{}, refuse(loyalty.ValidationFailed,
			"The reward does not use uploaded codes. Set codes: uploaded in the program file.")
	}
	if err := pool.Check(); err != nil {
		return answer{}, err
	}
	up, err := c.app.Ledger.UploadCodes(ctx, p.ID, reward.ID, b.Codes)
	if err != nil {
		return answer{}, err
	}
	return answer{body: wire.CodesAdded{Added: up.Added, Duplicates: up.Duplicate}, replayed: up.Replayed}, nil
}
