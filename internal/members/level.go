package members

import (
	"maps"
	"slices"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// LevelIDs returns the IDs of all levels of a program, those of the tiers first, without duplicates.
func LevelIDs(p *loyalty.Program) (ids []string) {
	for _, t := range tiersOf(p) {
		for _, l := range t.Levels {
			if !slices.Contains(ids, l.ID) {
				ids = append(ids, l.ID)
			}
		}
	}
	return ids
}

// tiersOf returns the tiers of a program and of its tier groups.
func tiersOf(p *loyalty.Program) []*loyalty.Tiers {
	all := []*loyalty.Tiers{&p.Tiers}
	for i := range p.TierGroups {
		all = append(all, &p.TierGroups[i].Tiers)
	}
	return all
}

// isLowest reports whether a level is the lowest one of the tiers or of a tier group.
func isLowest(p *loyalty.Program, level string) bool {
	return slices.ContainsFunc(tiersOf(p), func(t *loyalty.Tiers) bool {
		return len(t.Levels) > 0 && t.Levels[0].ID == level
	})
}

// storedLevels returns the levels that an account of a member at the given level may store: the level, and the levels
// of earlier versions that it replaces.
func storedLevels(p *loyalty.Program, level string) []string {
	levels := []string{level}
	for _, t := range tiersOf(p) {
		for _, was := range slices.Sorted(maps.Keys(t.Replaced)) {
			if t.Replaced[was] == level && !slices.Contains(levels, was) {
				levels = append(levels, was)
			}
		}
	}
	return levels
}

// currentLevels returns the levels of a member in the tiers and in the tier groups of the program.
func currentLevels(p *loyalty.Program, acc loyalty.Account) (levels []string) {
	add := func(t *loyalty.Tiers, s loyalty.Standing) {
		if len(t.Levels) > 0 {
			levels = append(levels, t.Levels[t.LevelIndex(s)].ID)
		}
	}
	add(&p.Tiers, acc.Tier)
	for _, g := range p.TierGroups {
		view, on, _ := tier.TierGroupStanding(p, acc, g.ID)
		add(&view.Tiers, on.Tier)
	}
	return levels
}
