package tier

import (
	"fmt"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// GroupProgram returns a copy of the program for decisions about its i-th tier group. In the copy, that tier group
// takes the place of Tiers, and there is no advance notice.
func GroupProgram(p *loyalty.Program, i int) *loyalty.Program {
	v := *p
	v.Tiers, v.TierGroups, v.AdvanceNotice = p.TierGroups[i].Tiers, nil, loyalty.AdvanceNotice{}
	v.Tiers.Group = p.TierGroups[i].ID
	return &v
}

// groupTiers returns the levels of a tier group. It returns false if there is no such tier group.
func groupTiers(groups []loyalty.TierGroup, id string) (*loyalty.Tiers, bool) {
	i := slices.IndexFunc(groups, func(l loyalty.TierGroup) bool { return l.ID == id })
	if i < 0 {
		return nil, false
	}
	t := groups[i].Tiers
	t.Group = id
	return &t, true
}

// TierGroupStanding returns copies of the program and the account in which a tier group takes the place of Tiers, for
// functions about levels such as Progress, RetentionOf and Gaps. It returns false if the program has no such tier
// group.
func TierGroupStanding(p *loyalty.Program, acc loyalty.Account, id string) (*loyalty.Program, loyalty.Account, bool) {
	i := slices.IndexFunc(p.TierGroups, func(l loyalty.TierGroup) bool { return l.ID == id })
	if i < 0 {
		return p, acc, false
	}
	v := GroupProgram(p, i)
	return v, posting.GroupView(&v.Tiers, acc), true
}

// InTierGroups calls decide with a decision about each tier group.
func InTierGroups(d *posting.Decision, decide func(*posting.Decision) error) error {
	for i := range d.P.TierGroups {
		if err := decide(inGroup(d, GroupProgram(d.P, i))); err != nil {
			return err
		}
	}
	return nil
}

// inGroup returns a decision about a tier group. The parameter v is the program's copy for the tier group
// (GroupProgram).
func inGroup(d *posting.Decision, v *loyalty.Program) *posting.Decision {
	return &posting.Decision{
		P: v, Now: d.Now, Recorded: d.Recorded, Whole: d,
		Outcome: posting.Outcome{Account: posting.GroupView(&v.Tiers, d.Account)},
	}
}

// main returns the decision about the whole account, even if d is about a tier group.
func main(d *posting.Decision) *posting.Decision {
	if d.Whole != nil {
		return d.Whole
	}
	return d
}

// CompileTierGroups checks the tier groups. The same requirements apply as to Tiers. In addition, tier groups cannot
// have multipliers, an expiry or a maximum of downgrades.
func CompileTierGroups(groups []loyalty.TierGroup) error {
	if len(groups) > posting.MaxTierGroups {
		return fmt.Errorf("there are %d tier groups; the limit is %d", len(groups), posting.MaxTierGroups)
	}
	for i, l := range groups {
		if l.ID == "" || len(l.Tiers.Levels) == 0 ||
			slices.ContainsFunc(groups[:i], func(x loyalty.TierGroup) bool { return x.ID == l.ID }) {
			return fmt.Errorf("tier group %q must have a unique id and levels", l.ID)
		}
		if l.Tiers.MaxDowngrades != nil ||
			slices.ContainsFunc(
				l.Tiers.Levels, func(l loyalty.Level) bool { return l.Multiply != nil || l.Expires != nil },
			) {
			return fmt.Errorf("tier group %s must not have multipliers, expiry or max_downgrades", l.ID)
		}
		if err := CheckLevels(&l.Tiers); err != nil {
			return fmt.Errorf("tier group %s: %w", l.ID, err)
		}
	}
	return nil
}
