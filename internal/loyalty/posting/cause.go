package posting

import "github.com/perennial-loyalty/perennial/internal/loyalty"

// CauseTimeLayout is the format of an instant in the ID of a cause.
const CauseTimeLayout = "20060102T150405.999999999Z"

// CauseOfGrant returns the cause under which the points of a grant are pending.
func CauseOfGrant(c loyalty.Cause, g loyalty.Grant) loyalty.Cause {
	if g.Rule != "" {
		c.ID += "~" + g.Rule
	}
	return loyalty.Cause{Kind: c.Kind, ID: c.ID}
}
