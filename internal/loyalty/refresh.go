package loyalty

import (
	"reflect"
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
		Calendar: t.Calendar, Window: t.Window, Floors: t.Floors,
	}
	for _, l := range t.Levels {
		out.Levels = append(out.Levels, Level{ID: l.ID, From: l.From, Needs: l.Needs})
	}
	return out
}

// refreshAt is when the account moves because what levels take has changed; zero if it does not, or was looked at since.
func (p *Program) refreshAt(acc Account) time.Time {
	r := p.Tiers.Refresh
	if r.At.IsZero() || len(p.Tiers.Levels) == 0 || !acc.Seen.Before(r.At) || r.At.Before(acc.Tier.Lock) {
		return time.Time{}
	}
	rung := p.rung(acc.Tier)
	if to := p.refreshed(acc); to > rung || to < rung && r.Mode == FullRefresh && p.NoSurprise.IsZero() {
		return r.At
	}
	return time.Time{}
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

// refreshTier moves the account to where it belongs by what levels take now.
func (d *decision) refreshTier(at time.Time) error {
	due := d.p.refreshAt(d.Account)
	if due.IsZero() || due.After(at) {
		return nil
	}
	return d.moveTo(d.p.refreshed(d.Account), d.p.reachedUntil(d.Account, due), "rules", due)
}
