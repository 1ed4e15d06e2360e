package earn

import (
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// walletWorth adds the points that an order earns in the other wallets. The points are the wallet's rate times the
// amount that was paid for earning goods with earning tenders, less refunds. They are rounded down.
func (w *Worth) walletWorth(compiled *loyalty.Compiled, wallets []loyalty.Wallet, v *Valuation) error {
	for i := range wallets {
		wallet := &wallets[i]
		rate, ok := compiled.Wallets[wallet.ID][v.currency]
		if !ok {
			continue
		}
		if slices.Contains(v.S.Missing, posting.Key(wallet)) {
			w.Reasons = append(w.Reasons, MissingReason(posting.Key(wallet), posting.Key(wallet)))
			continue
		}
		v.prepare()
		n, fits := loyalty.RoundPoints(rate.Gives(v.all.Amount), loyalty.Down)
		if !fits && v.all.Amount.Sign() > 0 {
			return loyalty.Refuse(
				loyalty.AmountOutOfRange, "", "The order would earn more points than one operation may move.",
			)
		}
		n = max(0, n)
		w.InWallets = append(w.InWallets, owned{posting.Key(wallet), n})
		why := func(x exact.Number, what loyalty.ReasonKind, args ...string) {
			if x.Sign() != 0 {
				w.Reasons = append(w.Reasons, loyalty.Reason{
					Wallet: wallet.ID, Rule: posting.Key(wallet), Kind: what, Args: args, Points: x.String(),
				})
			}
		}
		gives := rate.Gives(v.all.Amount)
		why(gives, loyalty.IsRated, loyalty.AmountText(v.all.Amount, v.currency), rate.Text)
		why(exact.Whole(int64(n)).Sub(gives), loyalty.IsRounded, loyalty.Down.String())
	}
	return nil
}
