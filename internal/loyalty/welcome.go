package loyalty

import "slices"

// welcome gives the points of the levels that an account has just reached: of the highest alone, or of each on the way.
// Each is a cause of its own, so that nobody is welcomed twice to a level but where the program says so. Whatever moves
// the account up, what it gives may be enough for the reward that is redeemed by itself.
func (d *decision) welcome(from, to int) error {
	for i := from + 1; i <= to; i++ {
		l := d.p.Tiers.Levels[i]
		if l.Points == 0 || i < to && d.p.Tiers.Welcome == HighestOnly {
			continue
		}
		if err := d.greet(l); err != nil {
			return err
		}
	}
	return nil
}

func (d *decision) greet(l Level) error {
	r := Reached{Grant: Grant{Rule: d.p.levelKey(l.ID)}}
	if at := slices.IndexFunc(d.Account.Reached, func(x Reached) bool { return x.Grant.Rule == r.Grant.Rule }); at >= 0 {
		if !d.p.Tiers.Again {
			return nil
		}
		r = d.Account.Reached[at]
	}
	r.Revision++
	main := d.main()
	level := l.ID
	if d.whole != nil {
		level = main.Account.Tier.Level
	}
	expiry := main.p.expiry("", level)
	r.Grant.Worth += l.Points
	r.Grant.ActiveAt, r.Grant.Expires = d.now, expiry.Date(d.now, main.Account.since(expiry), d.p.Zone)
	e := Entry{
		Kind: KindEarn, Effective: d.now, Cause: Cause{CauseLevel, string(d.Account.Member) + ":" + d.p.levelID(l.ID), r.Revision},
		Because: []Because{Reason(r.Grant.Rule, points(l.Points), IsWelcome, l.ID)}, Reached: &r,
	}
	e.Postings = d.credit(nil, e.Cause, l.Points, r.Grant, d.now)
	if err := d.post(lostToExpiry(issued(e))); err != nil {
		return err
	}
	err := main.autoRedeem(d.now)
	if d.whole != nil {
		d.Account = d.p.view(main.Account)
	}
	return err
}
