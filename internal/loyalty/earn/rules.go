package earn

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// Rules are the sections of a program that decide how many points an order gives.
type Rules struct {
	*loyalty.Earning
	*loyalty.Levels
	Wallets []loyalty.Wallet
	Zone    *time.Location // the program's time zone
}
