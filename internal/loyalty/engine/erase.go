package engine

import (
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

// Erase closes the account of a member whose personal data is erased. It cancels the open reservations and offers. Then
// one entry forfeits all points of all wallets and writes off all debt, removes the member's traits, and sets the
// status erased, with which the account no longer changes. The traits retain the referral, which contains only IDs.
// Erase returns no entry if the account is already erased. The account must have been advanced to now.
func Erase(p *loyalty.Program, acc loyalty.Account, now time.Time) (posting.Outcome, error) {
	d := posting.Decide(p, acc, now)
	if acc.Status == loyalty.Erased {
		return d.Outcome, nil
	}
	for len(d.Account.Holds) > 0 {
		if err := redeem.ReleaseHold(d, d.Account.Holds[0], loyalty.Canceled, now); err != nil {
			return posting.Outcome{}, err
		}
	}
	traits := loyalty.Traits{Revision: acc.Traits.Revision + 1, Referral: acc.Traits.Referral}
	e := loyalty.Entry{
		Kind: loyalty.KindForfeit, Cause: d.OwnCause(loyalty.CauseForfeit, "erasure"), Effective: now,
		Detail: loyalty.Detail{Subject: loyalty.Subject{Traits: &traits, Status: loyalty.Erased}},
	}
	forfeitAll(&e, &d.Account)
	err := d.Post(e)
	return d.Outcome, err
}

// forfeitAll adds the postings that empty an account, and a reason for each wallet whose points they change.
func forfeitAll(e *loyalty.Entry, acc *loyalty.Account) {
	post := func(from loyalty.Posting, to loyalty.Bucket) {
		e.Postings = append(e.Postings, from, loyalty.Posting{
			Wallet: from.Wallet, Bucket: to, Lot: from.Lot, Points: -from.Points,
		})
		at := slices.IndexFunc(e.Wallets, func(w loyalty.WalletChange) bool { return w.Wallet == from.Wallet })
		if at < 0 {
			at, e.Wallets = len(e.Wallets), append(e.Wallets, loyalty.WalletChange{Wallet: from.Wallet})
		}
		e.Wallets[at].Points += from.Points
	}
	for purse := range posting.AllPurses(acc) {
		for _, l := range purse.Lots {
			post(loyalty.Posting{
				Wallet: purse.Wallet, Bucket: loyalty.BucketActive, Lot: l.Expires, Points: -l.Points,
			}, loyalty.BucketExpired)
		}
		if purse.Debt > 0 {
			post(loyalty.Posting{
				Wallet: purse.Wallet, Bucket: loyalty.BucketDebt, Points: purse.Debt,
			}, loyalty.BucketAdjusted)
		}
	}
	for _, x := range acc.Pending {
		post(loyalty.Posting{
			Wallet: x.Wallet, Bucket: loyalty.BucketPending, Lot: x.Expires, ActiveAt: x.ActiveAt, GiveUp: x.GiveUp,
			Cause: x.Cause, Points: -x.Points,
		}, loyalty.BucketIssued)
	}
	for _, w := range e.Wallets {
		e.Reasons = append(e.Reasons, loyalty.ReasonIn(w.Wallet, "member", w.Points, loyalty.WasErased))
	}
	if e.Reasons == nil {
		e.Reasons = []loyalty.Reason{loyalty.NewReason("member", "0", loyalty.WasErased)}
	}
}
