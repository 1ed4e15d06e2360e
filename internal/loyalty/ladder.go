package loyalty

import (
	"fmt"
	"slices"
	"time"
)

// A Ladder is levels beside those of Tiers, which a member climbs and leaves by themselves: as a status by visits to a
// partner beside that by spend. It brings perks and points for reaching a level, and nothing else asks about it: rules,
// rewards and expiry go by Tiers alone, so a level of it neither multiplies nor has lives of points of its own. Nor is
// notice given of its end: AdvanceNotice is about Tiers.
//
// Decisions about it are those about Tiers: the program and the account are looked at as if the ladder were Tiers (see
// Program.ladder and Program.view), and what is decided so is posted as an entry that names the ladder.
type TierGroup struct {
	ID    string
	Name  Text
	Tiers Tiers
}

// MaxLadders is how many a program can have beside Tiers, and maxOnLadders how many an account remembers, those of
// earlier versions included: bounds on the account's size.
const (
	MaxTierGroups = 4
	maxOnLadders  = 2 * MaxTierGroups
)

// OnLadder is where a member stands on a ladder, with what counts there. Who is on none of its levels yet has the
// lowest since joining.
type TierGroupStanding struct {
	TierGroup string
	Tier      Standing
	Past      []Standing // as Account's
	Metrics   []Metric
	Brands    []Bought
}

// A LadderCount is what an entry adds to what counts on a ladder.
type TierGroupCount struct {
	TierGroup string
	Metric    Metric
	Brands    []Bought
	Window    int // as Entry's
}

// Counted is what an order or event counts on a ladder at present, and in its Month where.
type Counted struct {
	TierGroup string
	Metric    Metric
	Brands    []string
}

// ladder is the program as its i-th ladder sees it.
func (p *Program) ladder(i int) *Program {
	v := *p
	v.Tiers, v.TierGroups, v.AdvanceNotice = p.TierGroups[i].Tiers, nil, AdvanceNotice{}
	v.compiled.ladder = p.TierGroups[i].ID
	return &v
}

// OnLadder is the program and an account as a ladder sees them, for what can be asked about levels: Level, Progress,
// Stay and Gaps; false if there is no such ladder.
func (p *Program) TierGroupStanding(acc Account, id string) (*Program, Account, bool) {
	i := slices.IndexFunc(p.TierGroups, func(l TierGroup) bool { return l.ID == id })
	if i < 0 {
		return p, acc, false
	}
	v := p.ladder(i)
	return v, v.view(acc), true
}

// view is an account as the ladder of the program sees it, if it is seen by one.
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

// setLadder changes what an account has of a ladder. The one that changed last is the last, so that what is forgotten
// is what no version has used for longest.
func (a *Account) setLadder(id string, change func(*TierGroupStanding)) {
	on, rest := TierGroupStanding{TierGroup: id}, slices.Clone(a.TierGroups)
	if i := a.onLadder(id); i >= 0 {
		on = rest[i]
		rest = slices.Delete(rest, i, i+1)
	}
	change(&on)
	a.TierGroups = append(rest[max(0, len(rest)+1-maxOnLadders):], on)
}

// onLadders lets something be decided about each of the ladders.
func (d *decision) onLadders(decide func(*decision) error) error {
	for i := range d.p.TierGroups {
		if err := decide(d.on(d.p.ladder(i))); err != nil {
			return err
		}
	}
	return nil
}

// on is the decision about an account as a ladder sees it.
func (d *decision) on(v *Program) *decision {
	return &decision{p: v, now: d.now, recorded: d.recorded, whole: d, Outcome: Outcome{Account: v.view(d.Account)}}
}

// main is the decision about the whole account.
func (d *decision) main() *decision {
	if d.whole != nil {
		return d.whole
	}
	return d
}

// unlock ends the locks on all ladders. It is the first thing in an instant, as what is decided next hides that they ended.
func (d *decision) unlock(at time.Time) error {
	seen := d.Account.Seen // before any of them: several locks may end at once
	if err := d.unlockTier(at); err != nil {
		return err
	}
	return d.onLadders(func(d *decision) error {
		d.Account.Seen = seen
		return d.unlockTier(at)
	})
}

// reviewLadders does on the ladders what time does there.
func (d *decision) reviewLadders(at time.Time) error {
	return d.onLadders(func(d *decision) error {
		if err := d.riseTier(at); err != nil {
			return err
		}
		return d.reviewTier(at)
	})
}

// levelKey is what reasons call a level.
func (p *Program) levelKey(level string) string {
	if p.compiled.ladder == "" {
		return "tiers." + level
	}
	return "ladders." + p.compiled.ladder + "." + level
}

// levelID tells a level apart from those of all ladders, in causes.
func (p *Program) levelID(level string) string {
	if p.compiled.ladder == "" {
		return level
	}
	return p.compiled.ladder + "." + level
}

// counting is what an order or event counts on the ladders: it writes into the entry what that changes, and is what it
// counts from now on. Like its points it goes by the rules of its first revision, so what a ladder did not see when it
// was told first does not count there later; since is when it happened.
func (p *Program) counting(e *Entry, acc Account, was []Counted, rules *Program, since time.Time, now func(*Program) Counted) []Counted {
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
			all, at = append(all, Counted{TierGroup: v.compiled.ladder, Metric: Metric{Month: v.bucket(v.view(acc), since)}}), len(all)
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

// less is by how much m is more than what it was, in the same bucket.
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

// countLadders is counting of an order that is worth so much.
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

// countLadders is counting of an event that is worth so much.
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

// onLadders is what an order counts on each ladder of what is measured in it: by spend, elements and brands.
func (w *worth) onLadders(p *Program, v *valuation) {
	for i := range p.TierGroups {
		var x worth
		x.count(p.ladder(i), v)
		if x.spend != 0 || x.pieces != 0 || len(x.brands) > 0 {
			w.ladders = append(w.ladders, Counted{p.TierGroups[i].ID, Metric{Spend: x.spend, QualifyingItems: x.pieces}, x.brands})
		}
	}
}

// compileLadders checks the ladders as compileTiers does Tiers.
func (p *Program) compileLadders() error {
	if len(p.TierGroups) > MaxTierGroups {
		return fmt.Errorf("%d ladders are more than %d", len(p.TierGroups), MaxTierGroups)
	}
	for i, l := range p.TierGroups {
		if l.ID == "" || len(l.Tiers.Levels) == 0 || slices.ContainsFunc(p.TierGroups[:i], func(x TierGroup) bool { return x.ID == l.ID }) {
			return fmt.Errorf("ladder %q has no id of its own, or no levels", l.ID)
		}
		if l.Tiers.MaxDowngrades != nil || slices.ContainsFunc(l.Tiers.Levels, func(l Level) bool { return l.Multiply != nil || l.Expires != nil }) {
			return fmt.Errorf("the levels of ladder %s multiply, let points expire, or have a guard", l.ID)
		}
		if err := l.Tiers.sound(); err != nil {
			return fmt.Errorf("ladder %s: %w", l.ID, err)
		}
	}
	return nil
}
