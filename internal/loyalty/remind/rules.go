package remind

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// Rules are the sections of a program that decide which messages to send.
type Rules struct {
	redeem.Rules
	*loyalty.Earning
	*loyalty.Messaging
	Levels  tier.Rules
	Program string // the program's ID
}
