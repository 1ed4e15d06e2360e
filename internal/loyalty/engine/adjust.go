package engine

import (
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

// Adjust corrects the balance of a wallet manually, up or down, with a reason from the caller. Added points expire like
// points that members of the same level earn now. Removed points are those that expire first. Adjust returns
// loyalty.InsufficientPoints if the wallet has fewer points than it would remove, loyalty.AmountNotPositive for 0
// points and loyalty.AmountOutOfRange for more than loyalty.MaxPoints.
func Adjust(
	p *loyalty.Program, acc loyalty.Account, id, wallet string, n loyalty.Points, reason string, now time.Time,
) (posting.Outcome, error) {
	switch _, ok := posting.Wallet(p.Wallets, wallet); {
	case !ok && wallet != "":
		return posting.Outcome{}, posting.NoWallet(p.Wallets, "/wallet")
	case acc.Status != loyalty.Active:
		return posting.Outcome{}, loyalty.RefuseFrozen("")
	case n == 0:
		return posting.Outcome{}, loyalty.Refuse(loyalty.AmountNotPositive, "/points", "points must not be 0.")
	case n > loyalty.MaxPoints || n < -loyalty.MaxPoints:
		return posting.Outcome{}, loyalty.Refuse(
			loyalty.AmountOutOfRange, "/points", "points must be between -1000000000 and 1000000000.",
		)
	}
	d := posting.Decide(p, acc, now)
	e := loyalty.Entry{
		Kind: loyalty.KindAdjust, Cause: loyalty.Cause{Kind: loyalty.CauseAdjustment, ID: id, Revision: 1},
		Effective: now,
		Reasons:   []loyalty.Reason{loyalty.ReasonIn(wallet, "adjustment", n, loyalty.Says, reason)},
	}
	if n < 0 {
		var taken loyalty.Points
		if e.Postings, taken = d.Take(nil, wallet, -n); taken < -n {
			return posting.Outcome{}, RedeemRules(p).Insufficient(acc, wallet, -n, "The adjustment requires")
		}
		e.Postings = append(e.Postings, loyalty.Posting{Wallet: wallet, Bucket: loyalty.BucketAdjusted, Points: -n})
	} else {
		expiry := posting.WalletExpiry(&p.Earn, &p.Tiers, p.Wallets, wallet, acc.Tier.Level)
		given := []loyalty.Posting{{Wallet: wallet, Bucket: loyalty.BucketAdjusted, Points: -n}}
		e.Postings = d.Activate(given, wallet, n, expiry.Date(now, posting.AnniversaryStart(acc, expiry), p.Zone), now)
	}
	if err := d.Post(e); err != nil {
		return posting.Outcome{}, err
	}
	return redeem.Finish(d)
}
