package loyalty

import (
	"cmp"
	"reflect"
	"slices"
	"time"
)

// A Refresh is what becomes of members' levels where a version changes what they take: whoever publishes says so.
type Refresh struct {
	At   time.Time // when that version took over; zero: nothing changed
	Mode RefreshMode
}

// RefreshMode is which way members move because of it.
type RefreshMode string

const (
	UpgradeOnly RefreshMode = "upgrade_only" // up, who qualifies for more now; whom it would lower keeps the level as promised
	FullRefresh RefreshMode = "full"         // up and down; but down at the next review alone where there is to be no surprise
)

// Retiers reports whether p takes something else for its levels than the version before, if both have some.
func (p *Program) Retiers(before *Program) bool {
	return before != nil && len(before.Tiers.Levels) > 0 && len(p.Tiers.Levels) > 0 && !reflect.DeepEqual(p.Tiers.takes(), before.Tiers.takes())
}

// takes is all of a ladder that says who qualifies for what.
func (t *Tiers) takes() Tiers {
	out := Tiers{
		By: t.By, Ways: t.Ways, Currency: t.Currency, AtLeast: t.AtLeast, Visit: t.Visit, Brands: t.Brands, Months: t.Months,
		Calendar: t.Calendar, Window: t.Window, Minimums: t.Minimums,
	}
	for _, l := range t.Levels {
		out.Levels = append(out.Levels, Level{ID: l.ID, From: l.From, Needs: l.Needs})
	}
	return out
}

// succeed says which level takes the place of each that t no longer has: the next lower one of those before that is left,
// or else the lowest.
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

// gone reports whether the program no longer has the level on which an account is.
func (p *Program) gone(acc Account) bool {
	_, _, ok := p.Level(acc.Tier.Level)
	return !ok && acc.Tier.Level != "" && len(p.Tiers.Levels) > 0
}

// refreshAt is when the account moves because what levels take has changed; zero if it does not, or was looked at since.
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

// ran returns the instant until which time had passed for an account when it was written last.
func (a Account) ran() time.Time {
	if a.Ran.IsZero() {
		return a.Seen
	}
	return a.Ran
}

// refreshes reports whether what levels take now moves an account. Down it moves nobody who has a level until an instant
// that somebody named.
func (p *Program) refreshes(acc Account) bool {
	r, rung, to := p.Tiers.Refresh, p.rung(acc.Tier), p.refreshed(acc)
	return to > rung || to < rung && r.Mode == FullRefresh && p.AdvanceNotice.Period.IsZero() && !acc.Tier.Given
}

// refreshed is the level that an account has by what levels take now: of the present period, or of the one before it
// where levels are kept to the end of the next one.
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

// refreshTier moves the account to where it belongs by what levels take now. Who was on a level that is gone has at once
// the one that took its place, on the same terms, a lock among them.
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
