package posting

import (
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// Actor returns the facts about a member that conditions of actions can use.
func Actor(tiers *loyalty.Tiers, acc loyalty.Account, at time.Time) loyalty.Buyer {
	return ActorAtLevel(acc, LevelAt(tiers, acc, at).ID, at)
}

// ActorAtLevel returns the same facts as Actor, for a member whose level is known.
func ActorAtLevel(a loyalty.Account, level string, at time.Time) loyalty.Buyer {
	return loyalty.Buyer{
		Level: level, Orders: OrderCount(a), Segments: a.Traits.Segments,
		OptIns: OptedIn(a.Traits, at), Birthday: a.Traits.Birthday, Zone: a.Traits.Zone,
	}
}

// OptedIn returns the campaigns for which a member was registered at an instant.
func OptedIn(t loyalty.Traits, at time.Time) (campaigns []string) {
	for _, o := range t.OptIns {
		if !at.Before(o.At) {
			campaigns = append(campaigns, o.Campaign)
		}
	}
	return campaigns
}

// StandingAt returns the standing that a member had at an instant, according to the account. For an instant before all
// remembered standings, it returns the oldest one.
func StandingAt(a *loyalty.Account, at time.Time) loyalty.Standing {
	if !at.Before(a.Tier.Decided()) || len(a.Past) == 0 {
		return a.Tier
	}
	for _, s := range slices.Backward(a.Past) {
		if !at.Before(s.Decided()) {
			return s
		}
	}
	return a.Past[0]
}

// LevelAt returns the level that counts for an order that was placed at an instant.
func LevelAt(tiers *loyalty.Tiers, acc loyalty.Account, placed time.Time) loyalty.Level {
	if len(tiers.Levels) == 0 {
		return loyalty.Level{}
	}
	return tiers.Levels[tiers.LevelIndex(StandingAt(&acc, placed))]
}
