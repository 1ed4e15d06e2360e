package award

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
)

// earnRules returns the rules of a program for orders and events.
func earnRules(p *loyalty.Program) earn.Rules {
	return earn.Rules{
		Earning: &p.Earning, Levels: &p.Levels, Wallets: p.Wallets, Payments: &p.Payments, Zone: p.Zone,
		Version: p.Version,
	}
}
