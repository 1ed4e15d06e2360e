package loyalty

import (
	"fmt"
	"slices"
	"time"
)

// A TierGroup is a group of levels in addition to those of Tiers, which a member reaches and loses independently: for
// example, a status by visits to a partner in addition to the status by spend. It brings perks and entry bonuses, and
// nothing else depends on it. Rules, rewards and expiry use Tiers alone. So the levels of a tier group neither multiply
// points nor change how long points live. The program gives no notice of their end, because AdvanceNotice is about
// Tiers.
//
// Decisions about a tier group use the same code as those about Tiers. They see the program and the account as if the
// tier group were Tiers (see Program.ladder and Program.view), and post entries that name the tier group.
type TierGroup struct {
	ID    string
	Name  Text
	Tiers Tiers
}

// MaxTierGroups is how many tier groups a program can have in addition to Tiers. maxOnLadders is how many an account
// remembers, including those of earlier versions. Both limit the account's size.
const (
	MaxTierGroups = 4
	maxOnLadders  = 2 * MaxTierGroups
)

// A TierGroupStanding is a member's standing in a tier group, with the metrics that count there. A member without a
// recorded standing has the lowest level since joining.
type TierGroupStanding struct {
	TierGroup string
	Tier      Standing
	Past      []Standing // as in Account
	Metrics   []Metric
	Brands    []Bought
}

// A TierGroupCount is what an entry adds to the metrics of a tier group.
type TierGroupCount struct {
	TierGroup string
	Metric    Metric
	Brands    []Bought
	Window    int // as in Entry
}

// Counted is what an order or event counts in a tier group at present. The Month of its Metric is the bucket in which
// it counts.
type Counted struct {
	TierGroup string
	Metric    Metric
	Brands    []string
}

// ladder returns the program as its i-th tier group sees it.
func (p *Program) ladder(i int) *Program {
	v := *p
	v.Tiers, v.TierGroups, v.AdvanceNotice = p.TierGroups[i].Tiers, nil, AdvanceNotice{}
	v.compiled.ladder = p.TierGroups[i].ID
	return &v
}

// TierGroupStanding returns the program and an account as a tier group sees them, for questions about levels: Level,
// Progress, Stay and Gaps. It returns false if the program has no such tier group.
func (p *Program) TierGroupStanding(acc Account, id string) (*Program, Account, bool) {
	i := slices.IndexFunc(p.TierGroups, func(l TierGroup) bool { return l.ID == id })
	if i < 0 {
		return p, acc, false
	}
	v := p.ladder(i)
	return v, v.view(acc), true
}

// view returns an account as the program's tier group sees it, or unchanged if the program is not seen by a tier group.
func (p *Program) view(acc Account) Account {
	if p.compiled.ladder == "" {
		return acc
	}
	on := TierGroupStanding{}
	if i := acc.onLadder(p.compiled.ladder); i >= 0 {
		on = acc.TierGroups[i]
	}
	if first := p.first(acc); on.Tier == (Standing{}) {
		on.Tier = first
	} else if len(on.Past) > 0 && on.Past[0] == (Standing{}) {
		on.Past = append([]Standing{first}, on.Past[1:]...)
	}
	acc.Tier, acc.Past, acc.Metrics, acc.Brands = on.Tier, on.Past, on.Metrics, on.Brands
	return acc
}

// first returns the standing of a new member.
func (p *Program) first(acc Account) Standing {
	if len(p.Tiers.Levels) == 0 {
		return Standing{}
	}
	return Standing{Level: p.Tiers.Levels[0].ID, Since: acc.Joined}
}

func (a *Account) onLadder(id string) int {
	return slices.IndexFunc(a.TierGroups, func(l TierGroupStanding) bool { return l.TierGroup == id })
}

// setLadder changes an account's standing in a tier group. The standing that changed last comes last, so that the
// account forgets the tier group that no version has used for the longest time.
func (a *Account) setLadder(id string, change func(*TierGroupStanding)) {
	on, rest := TierGroupStanding{TierGroup: id}, slices.Clone(a.TierGroups)
	if i := a.onLadder(id); i >= 0 {
		on = rest[i]
		rest = slices.Delete(rest, i, i+1)
	}
	change(&on)
	a.TierGroups = append(rest[max(0, len(rest)+1-maxOnLadders):], on)
}

// onLadders makes a decision about each tier group.
func (d *decision) onLadders(decide func(*decision) error) error {
	for i := range d.p.TierGroups {
		if err := decide(d.on(d.p.ladder(i))); err != nil {
			return err
		}
	}
	return nil
}

// on returns the decision about an account as a tier group sees it.
func (d *decision) on(v *Program) *decision {
	return &decision{p: v, now: d.now, recorded: d.recorded, whole: d, Outcome: Outcome{Account: v.view(d.Account)}}
}

// main returns the decision about the whole account.
func (d *decision) main() *decision {
	if d.whole != nil {
		return d.whole
	}
	return d
}

// unlock ends the locks in Tiers and all tier groups. It comes first in each instant, because later decisions hide that
// the locks ended.
func (d *decision) unlock(at time.Time) error {
	seen := d.Account.Seen // as it was before any lock ended: several may end at once
	if err := d.unlockTier(at); err != nil {
		return err
	}
	return d.onLadders(func(d *decision) error {
		d.Account.Seen = seen
		return d.unlockTier(at)
	})
}

// reviewLadders moves and reviews the levels of all tier groups at an instant.
func (d *decision) reviewLadders(at time.Time) error {
	return d.onLadders(func(d *decision) error {
		if err := d.riseTier(at); err != nil {
			return err
		}
		return d.reviewTier(at)
	})
}

// levelKey returns the key of a level in reasons.
func (p *Program) levelKey(level string) string {
	if p.compiled.ladder == "" {
		return "tiers." + level
	}
	return "tier_groups." + p.compiled.ladder + "." + level
}

// levelID returns the ID of a level in causes. It is unique across Tiers and all tier groups.
func (p *Program) levelID(level string) string {
	if p.compiled.ladder == "" {
		return level
	}
	return p.compiled.ladder + "." + level
}

// counting records in an entry how a revision changes what an order or event counts in the tier groups, and returns
// what it counts from now on. was is what it counted before. Like its points, the counts follow the rules of its first
// revision: a tier group that did not exist when it was first reported does not count it later. since is when the order
// or event happened.
func (p *Program) counting(
	e *Entry, acc Account, was []Counted, rules *Program, since time.Time, now func(*Program) Counted,
) []Counted {
	all := slices.Clone(was)
	for i := range p.TierGroups {
		v := p.ladder(i)
		r, _, known := rules.TierGroupStanding(Account{}, v.compiled.ladder)
		if !known {
			continue
		}
		c := now(r)
		at := slices.IndexFunc(all, func(x Counted) bool { return x.TierGroup == v.compiled.ladder })
		switch {
		case at < 0 && c.Metric.isZero() && len(c.Brands) == 0:
			continue
		case at < 0:
			all, at = append(all, Counted{
				TierGroup: v.compiled.ladder, Metric: Metric{Month: v.bucket(v.view(acc), since)},
			}), len(all)
		}
		had := all[at]
		c.TierGroup, c.Metric.Month = had.TierGroup, v.rebucketed(v.view(acc), had.Metric.Month, since)
		change := TierGroupCount{
			TierGroup: c.TierGroup, Metric: c.Metric.less(had.Metric), Window: v.apart(v.view(acc)),
			Brands: brandsBetween(had.Brands, c.Brands, c.Metric.Month),
		}
		if !change.Metric.isZero() || len(change.Brands) > 0 {
			e.Counts = append(e.Counts, change)
		}
		all[at] = c
	}
	return all
}

// less returns the difference between m and the metric it was, in the bucket of m.
func (m Metric) less(was Metric) Metric {
	return Metric{
		Month: m.Month, Points: m.Points - was.Points, Orders: m.Orders - was.Orders, Spend: m.Spend - was.Spend,
		QualifyingItems: m.QualifyingItems - was.QualifyingItems, Visits: m.Visits - was.Visits,
	}
}

// plus returns the sum of two metrics, in the bucket of the first.
func (m Metric) plus(n Metric) Metric {
	return Metric{
		Month: m.Month, Points: m.Points + n.Points, Orders: m.Orders + n.Orders, Spend: m.Spend + n.Spend,
		QualifyingItems: m.QualifyingItems + n.QualifyingItems, Visits: m.Visits + n.Visits,
	}
}

// countLadders records what an order with the worth w counts in the tier groups.
func (s *OrderState) countLadders(e *Entry, p, rules *Program, acc Account, w worth) {
	s.TierGroups = p.counting(e, acc, s.TierGroups, rules, s.Order.PlacedAt, func(r *Program) (c Counted) {
		if i := slices.IndexFunc(w.ladders, func(x Counted) bool { return x.TierGroup == r.compiled.ladder }); i >= 0 {
			c = w.ladders[i]
		}
		if r.counts(ByPointsEarned) {
			c.Metric.Points = s.Worth
		}
		if r.counts(ByOrders) && w.counted {
			c.Metric.Orders = 1
		}
		return c
	})
}

// countLadders records what an event that is worth total points counts in the tier groups.
func (s *EventState) countLadders(e *Entry, p, rules *Program, acc Account, total Points) {
	s.TierGroups = p.counting(e, acc, s.TierGroups, rules, s.Event.At, func(r *Program) (c Counted) {
		if r.counts(ByPointsEarned) {
			c.Metric.Points = total
		}
		if r.counts(ByVisits) && s.Event.Type == r.Tiers.Visit {
			c.Metric.Visits = 1
		}
		return c
	})
}

// onLadders adds to the worth what the order counts in each tier group by spend, qualifying items and brands.
func (w *worth) onLadders(p *Program, v *valuation) {
	for i := range p.TierGroups {
		var x worth
		x.count(p.ladder(i), v)
		if x.spend != 0 || x.pieces != 0 || len(x.brands) > 0 {
			w.ladders = append(w.ladders, Counted{
				p.TierGroups[i].ID, Metric{Spend: x.spend, QualifyingItems: x.pieces}, x.brands,
			})
		}
	}
}

// compileLadders checks the tier groups as compileTiers checks Tiers.
func (p *Program) compileLadders() error {
	if len(p.TierGroups) > MaxTierGroups {
		return fmt.Errorf("there are %d tier groups; the limit is %d", len(p.TierGroups), MaxTierGroups)
	}
	for i, l := range p.TierGroups {
		if l.ID == "" || len(l.Tiers.Levels) == 0 ||
			slices.ContainsFunc(p.TierGroups[:i], func(x TierGroup) bool { return x.ID == l.ID }) {
			return fmt.Errorf("tier group %q must have a unique id and levels", l.ID)
		}
		if l.Tiers.MaxDowngrades != nil ||
			slices.ContainsFunc(l.Tiers.Levels, func(l Level) bool { return l.Multiply != nil || l.Expires != nil }) {
			return fmt.Errorf("tier group %s must not have multipliers, expiry or max_downgrades", l.ID)
		}
		if err := l.Tiers.sound(); err != nil {
			return fmt.Errorf("tier group %s: %w", l.ID, err)
		}
	}
	return nil
}
