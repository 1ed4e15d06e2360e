package tier

import (
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// welcome awards the entry bonuses of the levels that an account has just reached: of the highest level only, or of
// every level that was passed, as the program defines. Each bonus may cause an automatic redemption.
func welcome(d *posting.Decision, from, to int) error {
	for i := from + 1; i <= to; i++ {
		l := d.P.Tiers.Levels[i]
		if l.EntryBonus == 0 || i < to && d.P.Tiers.SkippedLevels == loyalty.HighestOnly {
			continue
		}
		if err := greet(d, l); err != nil {
			return err
		}
	}
	return nil
}

// greet awards the entry bonus of a level. It awards the bonus only the first time that the member reaches the level,
// or each time if the program says so.
func greet(d *posting.Decision, l loyalty.Level) error {
	b := bonus(d, l)
	given := func(r loyalty.Reached) bool { return r.Grant.Rule == b.Key && r.Grant.Worth > 0 }
	if !d.P.Tiers.RepeatEntryBonus && slices.ContainsFunc(d.Account.Reached, given) {
		return nil
	}
	if d.Trial != nil {
		d.Trial.Bonuses = append(d.Trial.Bonuses, b)
		r := loyalty.Reached{Grant: loyalty.Grant{Rule: b.Key, Worth: b.Points}, At: b.At}
		d.Account.Reached = append(slices.Clip(d.Account.Reached), r)
		return nil
	}
	return payBonus(d, Vacant(d, b), b)
}

// bonus returns the entry bonus of a level that is reached at this instant. The bonus of a level in a tier group
// expires like other points at the member's level in Tiers.
func bonus(d *posting.Decision, l loyalty.Level) posting.Bonus {
	b := posting.Bonus{Level: l.ID, Key: Of(d.P).LevelKey(l.ID), Points: l.EntryBonus, At: d.Now}
	whole, acc := main(d), d.Account
	if d.Trial != nil {
		whole = d.Trial.Whole
	}
	level := l.ID
	if d.P.Tiers.Group != "" {
		acc = whole.Account
		acc.Tier = posting.StandingAt(&acc, d.Now)
		level = acc.Tier.Level
	}
	expiry := posting.WalletExpiry(&whole.P.Earn, &whole.P.Tiers, whole.P.Wallets, "", level)
	b.Expires = expiry.Date(d.Now, posting.AnniversaryStart(acc, expiry), d.P.Zone)
	return b
}
