package loyalty

import "slices"

// welcome awards the entry bonuses of the levels that an account has just reached: of the highest level only, or of
// each one on the way. Any of these bonuses may suffice for an automatic redemption.
func (d *decision) welcome(from, to int) error {
	for i := from + 1; i <= to; i++ {
		l := d.p.Tiers.Levels[i]
		if l.EntryBonus == 0 || i < to && d.p.Tiers.SkippedLevels == HighestOnly {
			continue
		}
		if err := d.greet(l); err != nil {
			return err
		}
	}
	return nil
}

// greet awards the entry bonus of a level: once, or each time that the level is reached if the program says so.
func (d *decision) greet(l Level) error {
	b := d.bonus(l)
	given := func(r Reached) bool { return r.Grant.Rule == b.key && r.Grant.Worth > 0 }
	if !d.p.Tiers.RepeatEntryBonus && slices.ContainsFunc(d.Account.Reached, given) {
		return nil
	}
	if d.trial != nil {
		d.trial.bonuses = append(d.trial.bonuses, b)
		r := Reached{Grant: Grant{Rule: b.key, Worth: b.points}, At: b.at}
		d.Account.Reached = append(slices.Clip(d.Account.Reached), r)
		return nil
	}
	return d.payBonus(d.vacant(b), b)
}

// bonus returns the entry bonus of a level that is reached at this instant. The bonus of a level in a tier group lives
// as long as points of the member's level in Tiers.
func (d *decision) bonus(l Level) bonus {
	b := bonus{level: l.ID, key: d.p.levelKey(l.ID), points: l.EntryBonus, at: d.now}
	whole, acc := d.main(), d.Account
	if d.trial != nil {
		whole = d.trial.whole
	}
	level := l.ID
	if d.p.compiled.ladder != "" {
		acc = whole.Account
		acc.Tier = acc.standingAt(d.now)
		level = acc.Tier.Level
	}
	expiry := whole.p.expiry("", level)
	b.expires = expiry.Date(d.now, acc.since(expiry), d.p.Zone)
	return b
}
