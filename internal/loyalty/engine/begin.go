package engine

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
	"github.com/perennial-loyalty/perennial/internal/loyalty/remind"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// Begin starts a decision about an account under the rules of a program version. The commands of the rule packages
// complete it. A decision is used for one command.
func Begin(p *loyalty.Program, acc loyalty.Account, now time.Time) *posting.Decision {
	return posting.Decide(p, acc, now)
}

// BeginAll starts a decision about each account, for a command that changes several accounts.
func BeginAll(p *loyalty.Program, accs []loyalty.Account, now time.Time) []*posting.Decision {
	ds := make([]*posting.Decision, len(accs))
	for i, acc := range accs {
		ds[i] = Begin(p, acc, now)
	}
	return ds
}

// RedeemRules returns the rules that decide whether a member can redeem, and at which price.
func RedeemRules(p *loyalty.Program) redeem.Rules {
	return redeem.Rules{Spending: &p.Spending, Sharing: &p.Sharing, Tiers: &p.Tiers, Unit: p.Unit, Zone: p.Zone}
}

// RemindRules returns the rules that decide which messages to send.
func RemindRules(p *loyalty.Program) remind.Rules {
	return remind.Rules{
		Rules: RedeemRules(p), Earning: &p.Earning, Messaging: &p.Messaging, Levels: tier.Of(p), Program: p.ID,
	}
}

// EarnRules returns the rules that decide which orders and events give points, and how many.
func EarnRules(p *loyalty.Program) earn.Rules {
	return earn.Rules{
		Earning: &p.Earning, Levels: &p.Levels, Wallets: p.Wallets, Payments: &p.Payments, Zone: p.Zone,
		Version: p.Version,
	}
}

// Redecide decides again the orders or levels that an outcome requests; see award.Redecide.
func Redecide(p *loyalty.Program, out posting.Outcome, h tier.History, now time.Time) (posting.Outcome, error) {
	return award.Redecide(&posting.Decision{P: p, Now: now, Recorded: now, Outcome: out}, h)
}
