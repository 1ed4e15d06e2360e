package redeem

import (
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// Indebted returns a spendable wallet in which a member owes points, and the debt, which is 0 if there is no such
// wallet. While there is a debt, the member cannot redeem, transfer or convert points of any wallet. Otherwise a debtor
// could spend from another wallet.
func Indebted(p *loyalty.Program, acc loyalty.Account) (wallet string, debt loyalty.Points) {
	for purse := range posting.AllPurses(&acc) {
		if purse.Debt > 0 && spendable(p, purse.Wallet) {
			return purse.Wallet, purse.Debt
		}
	}
	return "", 0
}

// InDebt reports whether a member owes points in a spendable wallet.
func InDebt(p *loyalty.Program, acc loyalty.Account) bool {
	_, debt := Indebted(p, acc)
	return debt > 0
}

// spendable reports whether points of a wallet buy rewards or can be converted.
func spendable(p *loyalty.Program, wallet string) bool {
	return wallet == "" ||
		slices.ContainsFunc(p.Rewards, func(r loyalty.Reward) bool { return r.Wallets[wallet] > 0 }) ||
		slices.ContainsFunc(p.Conversions, func(c loyalty.Conversion) bool { return c.From == wallet })
}

// CreditedWallet returns the usage of limits by a transfer, times sign: 1 when it is made, -1 when it is declined,
// canceled or expired.
func CreditedWallet(p *loyalty.Program, r loyalty.Redemption, sign int64) (out []loyalty.Usage) {
	key, day := p.Transfers.Key(), loyalty.DateOf(r.At, p.Zone)
	for _, l := range p.Transfers.Limits {
		out = append(out, earn.LimitUsage(l, key, day, sign))
	}
	for _, c := range p.Transfers.AtMost {
		out = append(out, earn.CapUsage(c, key, day, loyalty.Points(sign)*r.Points))
	}
	return out
}
