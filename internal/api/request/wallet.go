package request

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// Wallet checks a wallet ID and returns it in the form that programs use, in which the main wallet is the empty string.
func Wallet(c *Check, p Place, id string) string {
	c.ID(p, id)
	if id == posting.MainWallet {
		return ""
	}
	return id
}

// OptionalWallet checks an optional wallet ID. It returns the empty string, which stands for the main wallet, if the
// ID is omitted.
func OptionalWallet(c *Check, p Place, id *string) string {
	if id == nil {
		return ""
	}
	return Wallet(c, p, *id)
}

// AtLeastOne checks a required amount of money, which must be 1 minor unit or more.
func AtLeastOne(c *Check, p Place, w Whole) int64 {
	if c.Required(p, w.Given) && w.N == 0 {
		c.Fault(p, loyalty.AmountNotPositive, "This must be 1 or more.")
	}
	return c.Amount(p, w)
}
