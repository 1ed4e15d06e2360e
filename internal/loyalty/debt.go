package loyalty

import (
	"math/big"
	"slices"
)

// indebted returns a spendable wallet in which a member owes points, and how many; the debt is 0 if there is none.
// While there is a debt, no wallet can redeem, transfer or convert points. Otherwise a debtor could spend from the next
// wallet.
func (p *Program) indebted(acc Account) (wallet string, debt Points) {
	for purse := range acc.purses() {
		if purse.Debt > 0 && p.spendable(purse.Wallet) {
			return purse.Wallet, purse.Debt
		}
	}
	return "", 0
}

// inDebt reports whether a member owes points in a spendable wallet.
func (p *Program) inDebt(acc Account) bool {
	_, debt := p.indebted(acc)
	return debt > 0
}

// spendable reports whether points of a wallet buy rewards or can be converted.
func (p *Program) spendable(wallet string) bool {
	return wallet == "" ||
		slices.ContainsFunc(p.Rewards, func(r Reward) bool { return r.Wallets[wallet] > 0 }) ||
		slices.ContainsFunc(p.Conversions, func(c Conversion) bool { return c.From == wallet })
}

// settles returns the conversion by which points of one wallet pay a debt in another. It is the program's conversion,
// or the opposite one at the inverse rate. ok is false if the program has neither.
func (p *Program) settles(from, to string) (c Conversion, ok bool) {
	if c, ok = p.Conversion(from, to); ok {
		return Conversion{ID: c.ID, From: from, To: to, Rate: c.Rate}, true
	}
	back, ok := p.Conversion(to, from)
	if !ok {
		return c, false
	}
	return Conversion{ID: back.ID, From: from, To: to, Rate: new(big.Rat).Inv(back.Rate)}, true
}

// settlement returns how n points of a wallet pay a debt in another. It returns AmountOutOfRange if n is more than the
// debt requires. It rounds in the member's favor. Limits, steps and minimums of the conversion do not apply.
func (p *Program) settlement(acc Account, from, to string, n Points) (c Conversion, received Points, err error) {
	c, ok := p.settles(from, to)
	debt := acc.In(to).Debt
	switch {
	case acc.Status != Active:
		return c, 0, frozen("")
	case !ok:
		return c, 0, p.noWay(from, to)
	}
	most, fits := whole(int64(debt)).quo(exactOf(c.Rate)).round(Up)
	if n > most || !fits {
		return c, 0, refuse(AmountOutOfRange, "/points", "The member owes "+points(debt)+" "+p.units(to)+": "+
			points(most)+" "+p.units(from)+
			" repay that. Do not convert more until the debt is repaid.")
	}
	received, _ = exactOf(c.Rate).mul(whole(int64(n))).round(Up)
	return c, min(received, debt), nil
}
