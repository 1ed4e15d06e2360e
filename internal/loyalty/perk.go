package loyalty

import (
	"slices"
	"strings"
	"time"
)

// Perk is the type of rewards that cost nothing. Levels and segments entitle members to them.
const Perk = "perk"

// claimPerk gives a perk to the member immediately, without a reservation. It cancels the reservation for the same
// cart.
func (p *Program) claimPerk(acc Account, reward *Reward, in Redemption, left Budgets, now time.Time) (Outcome, error) {
	d := p.decide(acc, now)
	if _, err := d.replace(in); err != nil {
		return Outcome{}, err
	}
	if lacks := p.lacks(d.Account, reward, in, now); len(lacks) > 0 {
		return Outcome{}, unavailable(lacks)
	}
	if reward.Codes.From == UploadedCode && in.Code == "" {
		return Outcome{}, outOfStock(reward, now)
	}
	if err := d.piece(reward, "", left, now); err != nil {
		return Outcome{}, err
	}
	in.At, in.Piece = now, reward.Limited()
	p.claim(&in, reward, nil, now)
	e := Entry{
		Kind: KindRedeem, Cause: Cause{CauseRedemption, in.ID, 1}, Effective: now, Redemption: &in,
		Reasons: []Reason{NewReason(reward.Key(), "0", IsFree)},
		Usage:   p.uses(reward, in, 1),
	}
	d.redemptionActivity(&e)
	if err := d.post(e); err != nil {
		return Outcome{}, err
	}
	return d.freed(acc)
}

// A PerkQuote is a perk, with the requirements that the member does not meet.
type PerkQuote struct {
	TierGroup string // the tier group of Level; empty for Tiers
	Level     string // the lowest level with the perk; empty if the perk is a reward
	ID        string // the name of the perk in the level, or the reward's ID
	Reward    Reward
	Unmet     []UnmetRequirement // why the member does not have the perk; empty if the member has it or can claim it
}

// Perks returns every perk of the levels once, from the lowest level up, then those of the tier groups, and then the
// perks among the rewards that are visible now. The account must have been advanced to now. left contains the remaining
// stock, as far as it is known.
func (p *Program) Perks(acc Account, left Budgets, now time.Time) (out []PerkQuote) {
	out = p.levelPerks(acc)
	for i := range p.TierGroups {
		v := p.ladder(i)
		out = append(out, v.levelPerks(v.view(acc))...)
	}
	for _, r := range p.Rewards {
		if r.Type == Perk && r.Visible.Has(now) {
			out = append(out, PerkQuote{ID: r.ID, Reward: r, Unmet: p.Available(acc, r, Redemption{}, left, now).Unmet})
		}
	}
	return out
}

// levelPerks returns the perks of one tier group.
func (p *Program) levelPerks(acc Account) (out []PerkQuote) {
	levels := map[string][]string{}
	mine, _, _ := p.Level(acc.Tier.Level)
	for _, l := range p.Tiers.Levels {
		for _, perk := range l.Perks {
			if levels[perk] = append(levels[perk], l.ID); len(levels[perk]) == 1 {
				out = append(out, PerkQuote{TierGroup: p.compiled.ladder, Level: l.ID, ID: perk})
			}
		}
	}
	for i, q := range out {
		if !slices.Contains(mine.Perks, q.ID) {
			out[i].Unmet = []UnmetRequirement{{
				Requirement: RequirementTier, Required: strings.Join(levels[q.ID], ", "), Available: acc.Tier.Level,
			}}
		}
	}
	return out
}
