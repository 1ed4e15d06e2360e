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
		"The reward has no price in that wallet. It can be had for "+strings.Join(names, ", ")+".",
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

// drain takes back what a redemption credited to another wallet because n of its points are returned. The share is n of
// the points that were not returned before. That wallet's clawback policy limits how much is taken.
func (d *decision) drain(e Entry, n Points) Entry {
	r := e.Redemption
	if r.Credit == nil {
		return e
	}
	g := *r.Credit
	g.Taken = slices.Clone(g.Taken)
	take, _ := share(int64(n), int64(r.Points-r.Restored)).mul(whole(int64(g.Worth))).round(Up)
	before := len(e.Postings)
	e.Reasons = append(e.Reasons, reasonIn(g.Wallet, r.rule(), -take, WasReturned, string(Reversed)))
	e = d.clawBack(e, take, &g)
	g.Worth -= take
	r.Credit = &g
	back := Points(0)
	for _, p := range e.Postings[before:] {
		back -= p.Points
	}
	if back > 0 {
		e.Postings = append(e.Postings, Posting{Wallet: g.Wallet, Bucket: BucketConverted, Points: back})
	}
	return e
}
