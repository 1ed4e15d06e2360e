package loyalty

import (
	"slices"
	"strings"
	"time"
)

// Perk is the type of rewards that cost nothing: what a level or a segment is entitled to.
const Perk = "perk"

// claimPerk makes a perk the member's at once: there is nothing to reserve. It takes the place of what its cart holds.
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

// A PerkQuote is a perk with whether a member has it, or can claim it.
type PerkQuote struct {
	TierGroup string // that of Level; empty for Tiers
	Level     string // one that brings it, the lowest; empty if it is a reward
	ID        string // as the level names it, or the reward's id
	Reward    Reward
	Unmet     []UnmetRequirement // why not; empty if it is the member's
}

// Perks is every perk of the levels, from the lowest up, each once, then those of the ladders, and then the perks among
// the rewards that are shown now. The account must have been advanced to now; of pieces it knows what left says.
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

// levelPerks is the perks of one ladder.
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
			out[i].Unmet = []UnmetRequirement{{Requirement: RequirementTier, Required: strings.Join(levels[q.ID], ", "), Available: acc.Tier.Level}}
		}
	}
	return out
}
