package earn

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// Rules are the sections of a program that decide which orders and events give points, and how many.
type Rules struct {
	*loyalty.Earning
	*loyalty.Levels
	Wallets  []loyalty.Wallet
	Payments *loyalty.PaymentTerms
	Zone     *time.Location // the program's time zone
	Version  int            // the program's version; zero for a draft
}
