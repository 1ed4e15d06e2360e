package tier

import (
	"fmt"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
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

// Unlock ends the locks in Tiers and all tier groups. It is the first step at each instant, because UnlockAt ignores a
// lock if there is a later entry.
func Unlock(d *posting.Decision, at time.Time) error {
	seen := d.Account.Seen // the value before several locks end at the same instant
	if err := UnlockTier(d, at); err != nil {
		return err
	}
	return InTierGroups(d, func(d *posting.Decision) error {
		d.Account.Seen = seen
		return UnlockTier(d, at)
	})
}

// ReviewTierGroups moves and reviews the levels of all tier groups at an instant.
func ReviewTierGroups(d *posting.Decision, at time.Time) error {
	return InTierGroups(d, func(d *posting.Decision) error {
		if err := RiseTier(d, at); err != nil {
			return err
		}
		return ReviewTier(d, at)
	})
}

// LevelKey returns the key of a level in reasons.
func (r Qualification) LevelKey(level string) string {
	if r.Tiers.Group == "" {
		return "tiers." + level
	}
	return "tier_groups." + r.Tiers.Group + "." + level
}

// levelID returns the ID of a level in causes. It is unique across Tiers and all tier groups.
func (r Qualification) levelID(level string) string {
	if r.Tiers.Group == "" {
		return level
	}
	return r.Tiers.Group + "." + level
}

// counting records in the entry how a revision changes the amounts of an order or event in the tier groups, and returns
// the new amounts. The caller passes the previous amounts. Like the points, the amounts follow the rules of the first
// revision. A tier group that did not exist then never counts the order or event. The order or event happened at the
// given instant. The given function returns the new amounts for a tier group.
func counting(
	p *loyalty.Program,
	e *loyalty.Entry, acc loyalty.Account, was []loyalty.Counted, rules *loyalty.Program, since time.Time,
	now func(*loyalty.Program) loyalty.Counted,
) []loyalty.Counted {
	all := slices.Clone(was)
	for i := range p.TierGroups {
		v := GroupProgram(p, i)
		r, _, known := TierGroupStanding(rules, loyalty.Account{}, v.Tiers.Group)
		if !known {
			continue
		}
		on, c := posting.GroupView(&v.Tiers, acc), now(r)
		at := slices.IndexFunc(all, func(x loyalty.Counted) bool { return x.TierGroup == v.Tiers.Group })
		switch {
		case at < 0 && c.Metric.IsZero() && len(c.Brands) == 0:
			continue
		case at < 0:
			all, at = append(all, loyalty.Counted{
				TierGroup: v.Tiers.Group,
				Metric:    loyalty.Metric{Month: Of(v).bucket(on, since)},
			}), len(all)
		}
		had := all[at]
		c.TierGroup, c.Metric.Month = had.TierGroup, Of(v).rebucketed(on, had.Metric.Month, since)
		change := loyalty.TierGroupCount{
			TierGroup: c.TierGroup, Metric: c.Metric.Less(had.Metric), Window: Of(v).Apart(on),
			Brands: brandsBetween(had.Brands, c.Brands, c.Metric.Month),
		}
		if !change.Metric.IsZero() || len(change.Brands) > 0 {
			e.Counts = append(e.Counts, change)
		}
		all[at] = c
	}
	return all
}

// CountOrderInGroups records in the state and the entry the amounts that an order counts in the tier groups.
func CountOrderInGroups(
	s *loyalty.OrderState, e *loyalty.Entry, p, rules *loyalty.Program, acc loyalty.Account, w earn.Worth,
) {
	s.TierGroups = counting(p, e, acc, s.TierGroups, rules,
		s.Order.PlacedAt, func(r *loyalty.Program) (c loyalty.Counted) {
			if i := slices.IndexFunc(
				w.TierGroups, func(x loyalty.Counted) bool { return x.TierGroup == r.Tiers.Group },
			); i >= 0 {
				c = w.TierGroups[i]
			}
			if earn.UsesMeasure(&r.Tiers, loyalty.ByPointsEarned) {
				c.Metric.Points = s.Worth
			}
			if earn.UsesMeasure(&r.Tiers, loyalty.ByOrders) && w.Counted {
				c.Metric.Orders = 1
			}
			return c
		})
}

// CountEventInGroups records in the state and the entry the amounts that an event counts in the tier groups. The
// parameter total is the number of the event's points.
func CountEventInGroups(
	s *loyalty.EventState, e *loyalty.Entry, p, rules *loyalty.Program, acc loyalty.Account, total loyalty.Points,
) {
	s.TierGroups = counting(p, e, acc, s.TierGroups, rules, s.Event.At, func(r *loyalty.Program) (c loyalty.Counted) {
		if earn.UsesMeasure(&r.Tiers, loyalty.ByPointsEarned) {
			c.Metric.Points = total
		}
		if earn.UsesMeasure(&r.Tiers, loyalty.ByVisits) && s.Event.Type == r.Tiers.Visit {
			c.Metric.Visits = 1
		}
		return c
	})
}

// CompileTierGroups checks the tier groups. The same requirements apply as to Tiers. In addition, tier groups cannot
// have multipliers, an expiry or a maximum of downgrades.
func CompileTierGroups(p *loyalty.Program) error {
	if len(p.TierGroups) > posting.MaxTierGroups {
		return fmt.Errorf("there are %d tier groups; the limit is %d", len(p.TierGroups), posting.MaxTierGroups)
	}
	for i, l := range p.TierGroups {
		if l.ID == "" || len(l.Tiers.Levels) == 0 ||
			slices.ContainsFunc(p.TierGroups[:i], func(x loyalty.TierGroup) bool { return x.ID == l.ID }) {
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
