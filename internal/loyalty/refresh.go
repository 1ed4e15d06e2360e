package loyalty

import (
	"cmp"
	"reflect"
	"slices"
	"time"
)

// A Refresh states how members' levels change when a version changes the requirements. The publisher chooses it.
type Refresh struct {
	At   time.Time // when that version took effect; zero: nothing changed
	Mode RefreshMode
}

// RefreshMode states in which direction members can move.
type RefreshMode string

const (
	// UpgradeOnly moves members up who now qualify for more. The others keep their level until its end.
	UpgradeOnly RefreshMode = "upgrade_only"
	// FullRefresh moves members up and down. With an advance notice period, members move down only at their next
	// review.
	FullRefresh RefreshMode = "full"
)

// Retiers reports whether p has other level requirements than the version before, if both have levels.
func (p *Program) Retiers(before *Program) bool {
	return before != nil && len(before.Tiers.Levels) > 0 &&
		len(p.Tiers.Levels) > 0 && !reflect.DeepEqual(p.Tiers.takes(), before.Tiers.takes())
}

// takes returns the fields of the tiers that determine who qualifies for which level.
func (t *Tiers) takes() Tiers {
	out := Tiers{
		By: t.By, Ways: t.Ways, Currency: t.Currency, AtLeast: t.AtLeast,
		Visit: t.Visit, Brands: t.Brands, Months: t.Months,
		Calendar: t.Calendar, Window: t.Window, Minimums: t.Minimums,
	}
	for _, l := range t.Levels {
		out.Levels = append(out.Levels, Level{ID: l.ID, From: l.From, Needs: l.Needs})
	}
	return out
}

// succeed sets the replacement of each level that t no longer has. It is the next lower level that still exists, or
// else the lowest.
func (t *Tiers) succeed(before *Tiers) {
	has := func(id string) bool { return slices.ContainsFunc(t.Levels, func(l Level) bool { return l.ID == id }) }
	if len(t.Levels) == 0 {
		return
	}
	gone, left := map[string]string{}, t.Levels[0].ID
	for _, l := range before.Levels {
		if has(l.ID) {
			left = l.ID
			continue
		}
		gone[l.ID] = left
	}
	for id, to := range before.Gone {
		if !has(id) {
			gone[id] = cmp.Or(gone[to], to)
		}
	}
	if len(gone) > 0 {
		t.Gone = gone
	}
}

// gone reports whether the program no longer has the account's level.
func (p *Program) gone(acc Account) bool {
	_, _, ok := p.Level(acc.Tier.Level)
	return !ok && acc.Tier.Level != "" && len(p.Tiers.Levels) > 0
}

// refreshAt returns when the account moves because level requirements changed; zero if it does not, or if it was
// evaluated since.
func (p *Program) refreshAt(acc Account) time.Time {
	r := p.Tiers.Refresh
	switch {
	case r.At.IsZero() || len(p.Tiers.Levels) == 0:
		return time.Time{}
	case p.gone(acc):
		return r.At
	case !acc.ran().Before(r.At) || r.At.Before(acc.Tier.Lock) || !p.refreshes(acc):
		return time.Time{}
	}
	return r.At
}

// ran returns the instant until which time had passed for the account when it was last written.
func (a Account) ran() time.Time {
	if a.Ran.IsZero() {
		return a.Seen
	}
	return a.Ran
}

// refreshes reports whether the new requirements move the account to another level. They do not move a member down
// whose level was set manually.
func (p *Program) refreshes(acc Account) bool {
	r, rung, to := p.Tiers.Refresh, p.rung(acc.Tier), p.refreshed(acc)
	return to > rung || to < rung && r.Mode == FullRefresh && p.AdvanceNotice.Period.IsZero() && !acc.Tier.Given
}

// refreshed returns the index of the level for which the account qualifies by the new requirements. It uses the present
// period, or the previous one if levels last until the end of the next period.
func (p *Program) refreshed(acc Account) int {
	at := p.Tiers.Refresh.At
	to := p.qualified(acc, at)
	if _, cyclic := p.Tiers.cycle(); cyclic {
		first, _ := p.span(acc, at)
		last := p.qualified(acc, first.start(p.Zone).Add(-1))
		switch {
		case p.Tiers.MoveUp == NextPeriod:
			to = last
		case p.Tiers.keepPeriods() != 1:
			to = max(to, last)
		}
	}
	return max(to, p.floor(acc))
}

// refreshTier moves the account to its level by the new requirements. A member whose level no longer exists immediately
// gets its replacement, with the same end and lock.
func (d *decision) refreshTier(at time.Time) error {
	due := d.p.refreshAt(d.Account)
	if due.IsZero() || due.After(at) {
		return nil
	}
	if d.p.gone(d.Account) && (d.locked() || !d.p.refreshes(d.Account)) {
		s := d.Account.Tier
		rung := d.p.rung(s)
		was := s.Level
		s.Level, s.Since = d.p.Tiers.Levels[rung].ID, d.now
		if rung <= d.p.floor(d.Account) && !d.locked() {
			s.Until = time.Time{}
		}
		n, window := d.p.measure(d.Account, due)
		return d.moved(s, NewReason(d.p.levelKey(s.Level), "0", HasMoved, was, s.Level, "rules", n, window))
	}
	return d.moveTo(d.p.refreshed(d.Account), d.p.reachedUntil(d.Account, due), "rules", due)
}
