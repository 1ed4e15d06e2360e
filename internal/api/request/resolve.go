package request

import (
	"context"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// NothingBut returns the live program. It is for routes whose body must be omitted or an empty object.
func (c *Call) NothingBut(ctx context.Context) (*loyalty.Program, error) {
	var nothing struct{}
	if err := c.Decode(&nothing); err != nil {
		return nil, err
	}
	return c.Program(ctx)
}
