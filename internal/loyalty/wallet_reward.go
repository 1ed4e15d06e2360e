package loyalty

import (
	"maps"
	"slices"
	"strings"
)

// notFrom returns the error for a wallet in which a reward has no price.
func (p *Program) notFrom(reward *Reward, wallet string) error {
	if _, ok := p.Wallet(wallet); !ok {
		return p.noWallet("/wallet")
	}
	names := append([]string{MainWallet}, slices.Sorted(maps.Keys(reward.Wallets))...)
	return refuse(
		ValidationFailed, "/wallet",
		"The reward has no price in that wallet. Use one of "+strings.Join(names, ", ")+".",
	)
}

// fill credits the points of a reward that consists of points in another wallet. It credits all of them, or the share
// that corresponds to the spent part of the reserved points (held).
func (d *decision) fill(e *Entry, reward *Reward, held Points) {
	if reward.Wallet == "" {
		return
	}
	r := e.Redemption
	n, _ := share(int64(r.Points), int64(held)).mul(whole(int64(reward.Points))).round(Down)
	if n == 0 {
		return
	}
	expiry := d.p.expiry(reward.Wallet, "")
	r.Credit = &Grant{
		Wallet: reward.Wallet, Worth: n, ActiveAt: d.now,
		Expires: expiry.Date(d.now, d.Account.since(expiry), d.p.Zone),
	}
	e.Postings = append(e.Postings, Posting{Wallet: reward.Wallet, Bucket: BucketConverted, Points: -n})
	e.Postings = d.activate(e.Postings, reward.Wallet, n, r.Credit.Expires, d.now)
	e.Reasons = append(e.Reasons, reasonIn(reward.Wallet, reward.Key(), n, IsFixed, points(n)))
}

// drain takes back what a redemption credited to another wallet because points of it are returned. back is the total of
// the points that are returned, including earlier reversals. That wallet's clawback policy limits how much is taken.
func (d *decision) drain(e Entry, back Points) Entry {
	r := e.Redemption
	if r.Credit == nil {
		return e
	}
	take := r.takenBack(back) - r.takenBack(r.Restored)
	if take == 0 {
		return e
	}
	g := *r.Credit
	g.Taken = slices.Clone(g.Taken)
	before := len(e.Postings)
	e.Reasons = append(e.Reasons, reasonIn(g.Wallet, r.rule(), -take, WasReturned, string(Reversed)))
	e = d.clawBack(e, take, &g)
	r.Credit = &g
	taken := Points(0)
	for _, p := range e.Postings[before:] {
		taken -= p.Points
	}
	if taken > 0 {
		e.Postings = append(e.Postings, Posting{Wallet: g.Wallet, Bucket: BucketConverted, Points: taken})
	}
	return e
}

// takenBack returns how many of the points that a redemption credited to another wallet are taken back in total, if
// restored of its own points are returned in total. It depends on the totals alone, so that several partial reversals
// take as much as one. It rounds down, in the member's favor, until all points are returned.
func (r Redemption) takenBack(restored Points) Points {
	if restored == r.Points {
		return r.Credit.Worth
	}
	n, _ := share(int64(restored), int64(r.Points)).mul(whole(int64(r.Credit.Worth))).round(Down)
	return n
}
