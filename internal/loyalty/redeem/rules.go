package redeem

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// Rules are the sections of a program that decide whether a member can redeem, and at which price.
type Rules struct {
	*loyalty.Spending
	*loyalty.Sharing
	Tiers *loyalty.Tiers
	Unit  loyalty.Units
	Zone  *time.Location // the program's time zone
}

// Of returns the rules of a decision.
func Of(d *posting.Decision) Rules {
	return Rules{&d.P.Spending, &d.P.Sharing, &d.P.Tiers, d.P.Unit, d.P.Zone}
}

// rule returns the key of the redemption's reward, or the key of transfers. Reasons use it.
func rule(r loyalty.Redemption) string {
	if r.To != "" {
		return loyalty.Transfers{}.Key()
	}
	return "rewards." + r.Reward
}
