package redeem

import (
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// Indebted returns a spendable wallet in which a member owes points, and the debt. The debt is 0 if there is no such
// wallet. While there is a debt, the member cannot redeem, transfer or convert points of any wallet. Otherwise a debtor
// could spend from another wallet.
func Indebted(
	conversions []loyalty.Conversion, rewards []loyalty.Reward, acc loyalty.Account,
) (wallet string, debt loyalty.Points) {
	for purse := range posting.AllPurses(&acc) {
		if purse.Debt > 0 && spendable(conversions, rewards, purse.Wallet) {
			return purse.Wallet, purse.Debt
		}
	}
	return "", 0
}

// InDebt reports whether a member owes points in a spendable wallet.
func InDebt(conversions []loyalty.Conversion, rewards []loyalty.Reward, acc loyalty.Account) bool {
	_, debt := Indebted(conversions, rewards, acc)
	return debt > 0
}

// spendable reports whether points of a wallet can buy rewards or be converted.
func spendable(conversions []loyalty.Conversion, rewards []loyalty.Reward, wallet string) bool {
	return wallet == "" ||
		slices.ContainsFunc(rewards, func(r loyalty.Reward) bool { return r.Wallets[wallet] > 0 }) ||
		slices.ContainsFunc(conversions, func(c loyalty.Conversion) bool { return c.From == wallet })
}

// CreditedWallet returns the usage of the limits on transfers by one transfer, multiplied by sign. The sign is 1 when
// the transfer is made and -1 when it is declined, canceled or expired.
func CreditedWallet(
	terms *loyalty.Transfers, zone *time.Location, r loyalty.Redemption, sign int64,
) (out []loyalty.Usage) {
	key, day := terms.Key(), calendar.DateOf(r.At, zone)
	for _, l := range terms.Limits {
		out = append(out, earn.LimitUsage(l, key, day, sign))
	}
	for _, c := range terms.AtMost {
		out = append(out, earn.CapUsage(c, key, day, loyalty.Points(sign)*r.Points))
	}
	return out
}
