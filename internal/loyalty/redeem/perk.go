package redeem

import (
	"slices"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// Perk is the type of rewards that cost nothing. Levels and segments entitle members to them.
const Perk = "perk"

// claimPerk gives a perk to the member immediately, without a reservation. It cancels the reservation for the same
// cart.
func claimPerk(
	d *posting.Decision, reward *loyalty.Reward, in loyalty.Redemption, left earn.Budgets,
) (posting.Outcome, error) {
	acc, now := d.Account, d.Now
	if _, err := replace(d, in); err != nil {
		return posting.Outcome{}, err
	}
	if lacks := Of(d).UnmetRequirements(d.Account, reward, in, now); len(lacks) > 0 {
		return posting.Outcome{}, unavailable(lacks)
	}
	if reward.Codes.From == loyalty.UploadedCode && in.Code == "" {
		return posting.Outcome{}, OutOfStock(reward, now)
	}
	if err := takeUnit(d, reward, "", left, now); err != nil {
		return posting.Outcome{}, err
	}
	in.At, in.Stocked = now, reward.Limited()
	IssueCode(&d.P.Redemption, d.P.Zone, &in, reward, nil, now)
	e := loyalty.Entry{
		Kind: loyalty.KindRedeem, Cause: loyalty.Cause{Kind: loyalty.CauseRedemption, ID: in.ID, Revision: 1},
		Effective: now,
		Detail: loyalty.Detail{
			Subject:    loyalty.Subject{Redemption: &in},
			Remembered: loyalty.Remembered{Usage: uses(&d.P.Redemption, d.P.Zone, reward, in, 1)},
		},
		Reasons: []loyalty.Reason{loyalty.NewReason(reward.Key(), "0", loyalty.IsFree)},
	}
	RedemptionActivity(d, &e)
	if err := d.Post(e); err != nil {
		return posting.Outcome{}, err
	}
	return freed(d, acc)
}

// A PerkQuote is a perk, with the requirements that the member does not meet.
type PerkQuote struct {
	TierGroup string // the tier group of Level; empty for Tiers
	Level     string // the lowest level with the perk; empty if the perk is a reward
	ID        string // the name of the perk in the level, or the reward's ID
	Reward    loyalty.Reward
	Unmet     []loyalty.UnmetRequirement // the unmet requirements; empty if the member has the perk or can claim it
}

// LevelPerks returns the perks of the levels in p.Tiers. For a tier group, the program and the account are the copies
// that TierGroupStanding of package tier returns.
func LevelPerks(tiers *loyalty.Tiers, acc loyalty.Account) (out []PerkQuote) {
	levels := map[string][]string{}
	mine, _, _ := tiers.Level(acc.Tier.Level)
	for _, l := range tiers.Levels {
		for _, perk := range l.Perks {
			if levels[perk] = append(levels[perk], l.ID); len(levels[perk]) == 1 {
				out = append(out, PerkQuote{TierGroup: tiers.Group, Level: l.ID, ID: perk})
			}
		}
	}
	for i, q := range out {
		if !slices.Contains(mine.Perks, q.ID) {
			out[i].Unmet = []loyalty.UnmetRequirement{{
				Requirement: loyalty.RequirementTier, Required: strings.Join(levels[q.ID], ", "),
				Available: acc.Tier.Level,
			}}
		}
	}
	return out
}
