package request

import (
	"strconv"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

// MaxCodes is the maximum number of codes that one request adds to a pool, so that the function finishes in time.
const MaxCodes = 2_000

// A CodesBody is the body of an upload of codes.
type CodesBody struct {
	Codes []string `json:"codes"`
}

// Check checks each code and returns all of them as a pool.
func (b CodesBody) Check(c *Check) (pool redeem.CodePool) {
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
