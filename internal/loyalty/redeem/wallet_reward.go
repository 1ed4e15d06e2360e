package redeem

import (
	"maps"
	"slices"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// notFrom returns the error for a wallet in which a reward has no price.
func notFrom(wallets []loyalty.Wallet, reward *loyalty.Reward, wallet string) error {
	if _, ok := posting.Wallet(wallets, wallet); !ok {
		return posting.NoWallet(wallets, "/wallet")
	}
	names := append([]string{posting.MainWallet}, slices.Sorted(maps.Keys(reward.Wallets))...)
	return loyalty.Refuse(
		loyalty.ValidationFailed, "/wallet",
		"The reward has no price in that wallet. Use one of "+strings.Join(names, ", ")+".",
	)
}

// CreditWallet credits the points of a reward that gives points of another wallet. The parameter held is the number of
// points that the redemption reserved. If only some of them are spent, CreditWallet credits the same share of the
// reward's points.
func CreditWallet(d *posting.Decision, e *loyalty.Entry, reward *loyalty.Reward, held loyalty.Points) {
	if reward.Wallet == "" {
		return
	}
	r := e.Redemption
	n, _ := loyalty.RoundPoints(
		exact.Fraction(int64(r.Points), int64(held)).Mul(exact.Whole(int64(reward.Points))), loyalty.Down,
	)
	if n == 0 {
		return
	}
	expiry := posting.WalletExpiry(&d.P.Earn, &d.P.Tiers, d.P.Wallets, reward.Wallet, "")
	r.Credit = &loyalty.Grant{
		Wallet: reward.Wallet, Worth: n, ActiveAt: d.Now,
		Expires: expiry.Date(d.Now, posting.AnniversaryStart(d.Account, expiry), d.P.Zone),
	}
	e.Postings = append(e.Postings, loyalty.Posting{Wallet: reward.Wallet, Bucket: loyalty.BucketConverted, Points: -n})
	e.Postings = d.Activate(e.Postings, reward.Wallet, n, r.Credit.Expires, d.Now)
	e.Reasons = append(
		e.Reasons, loyalty.ReasonIn(reward.Wallet, reward.Key(), n, loyalty.IsFixed, loyalty.FormatPoints(n)),
	)
}

// drain takes back points that a redemption credited to another wallet, because points of the redemption are returned.
// The caller passes the total of the points that are returned, including earlier reversals. The clawback policy of the
// other wallet limits how much is taken.
func drain(d *posting.Decision, e loyalty.Entry, back loyalty.Points) loyalty.Entry {
	r := e.Redemption
	if r.Credit == nil {
		return e
	}
	take := takenBack(*r, back) - takenBack(*r, r.Restored)
	if take == 0 {
		return e
	}
	g := *r.Credit
	g.Taken = slices.Clone(g.Taken)
	before := len(e.Postings)
	e.Reasons = append(
		e.Reasons, loyalty.ReasonIn(g.Wallet, rule(*r), -take, loyalty.WasReturned, string(loyalty.Reversed)),
	)
	e = posting.ClawBack(d, e, take, &g)
	r.Credit = &g
	taken := loyalty.Points(0)
	for _, p := range e.Postings[before:] {
		taken -= p.Points
	}
	if taken > 0 {
		e.Postings = append(
			e.Postings, loyalty.Posting{Wallet: g.Wallet, Bucket: loyalty.BucketConverted, Points: taken},
		)
	}
	return e
}

// takenBack returns how many of the points that a redemption credited to another wallet are taken back in total. The
// parameter restored is the total number of the redemption's points that are returned. Only these totals matter, so
// several partial reversals take as much as one. The result is rounded down, in the member's favor, until all points
// are returned.
func takenBack(r loyalty.Redemption, restored loyalty.Points) loyalty.Points {
	if restored == r.Points {
		return r.Credit.Worth
	}
	n, _ := loyalty.RoundPoints(exact.Fraction(int64(restored), int64(r.Points)).Mul(
		exact.Whole(int64(r.Credit.Worth)),
	), loyalty.Down)
	return n
}
