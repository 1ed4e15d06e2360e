package describe

import (
	"math/big"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// wallets describes the wallets other than the main wallet, and how members earn points for each wallet.
func (e explainer) wallets() {
	for _, w := range e.p.Wallets {
		e.say(
			"There are also %s (%s): they can be spent %s and %s.", w.Unit.Other.In("en"), w.ID, starts(w.Pending),
			ends(w.Expires),
		)
		if len(w.Rates) > 0 {
			in := writer{p: &loyalty.Program{Unit: w.Unit}}
			e.say("- Orders also earn %s, on the paid amount of items that earn points.", in.rates(w.Rates, "or"))
		}
		most := ""
		if w.MaxDebt > 0 {
			most = ", up to " + e.in(w.ID, int64(w.MaxDebt))
		}
		e.say("- %s", map[loyalty.ClawbackPolicy]string{
			loyalty.ClawbackDebt: "If a refund deducts more than the balance, " +
				"newly earned points repay the rest" + most + ".",
			loyalty.ClawbackUnlimited: "If a refund deducts more than the balance, " +
				"newly earned points repay the rest, without limit.",
			loyalty.ClawbackWithinBalance: "A refund deducts at most the available points.",
			loyalty.ClawbackPendingOnly:   "A refund deducts them only while they are pending.",
		}[w.Clawback])
	}
	for _, c := range e.p.Conversions {
		e.conversion(c)
	}
}

func (e explainer) conversion(c loyalty.Conversion) {
	e.say(
		"%s can be converted to %s (%s).", e.in(c.From, c.Rate.Denom().Int64()), e.in(c.To, c.Rate.Num().Int64()),
		c.ID,
	)
	var bounds []string
	if c.Min > 0 {
		bounds = append(bounds, "at least "+e.in(c.From, int64(c.Min))+" at a time")
	}
	if c.Step > 1 {
		bounds = append(bounds, "in steps of "+e.in(c.From, int64(c.Step)))
	}
	bounds = append(bounds, often(c.Limits)...)
	if len(bounds) > 0 {
		e.say("- That is %s.", Series(bounds, "and"))
	}
	if c.ReversibleWithin.IsZero() {
		e.say("- It cannot be reversed.")
		return
	}
	e.say("- It can be reversed for %s, as far as the received points remain.", Period(c.ReversibleWithin))
}

// in formats a number of points with a wallet's name for points.
func (w *writer) in(wallet string, n int64) string {
	unit := w.p.Unit
	if w, ok := posting.Wallet(w.p.Wallets, wallet); ok {
		unit = w.Unit
	}
	in := writer{p: &loyalty.Program{Unit: unit}}
	return in.points(big.NewRat(n, 1))
}
