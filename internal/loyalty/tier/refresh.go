package tier

import (
	"cmp"
	"reflect"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// Retiers reports whether tiers have other level requirements than those of the version before, if both have levels.
func Retiers(t, before *loyalty.Tiers) bool {
	return len(before.Levels) > 0 && len(t.Levels) > 0 && !reflect.DeepEqual(takes(t), takes(before))
}

// takes returns the tiers with only the fields that determine which members qualify for which level.
func takes(t *loyalty.Tiers) loyalty.Tiers {
	out := loyalty.Tiers{
		By: t.By, Ways: t.Ways, Currency: t.Currency, AtLeast: t.AtLeast,
		Visit: t.Visit, Brands: t.Brands, Months: t.Months,
		Calendar: t.Calendar, Window: t.Window, Minimums: t.Minimums,
	}
	for _, l := range t.Levels {
		out.Levels = append(out.Levels, loyalty.Level{ID: l.ID, From: l.From, Needs: l.Needs})
	}
	return out
}

// SetReplacements sets the replacement of each level that t no longer has. It is the next lower level that still
// exists, or else the lowest.
func SetReplacements(t *loyalty.Tiers, before *loyalty.Tiers) {
	has := func(id string) bool {
		return slices.ContainsFunc(t.Levels, func(l loyalty.Level) bool { return l.ID == id })
	}
	if len(t.Levels) == 0 {
		return
	}
	replaced, left := map[string]string{}, t.Levels[0].ID
	for _, l := range before.Levels {
		if has(l.ID) {
			left = l.ID
			continue
		}
		replaced[l.ID] = left
	}
	for id, to := range before.Replaced {
		if !has(id) {
			replaced[id] = cmp.Or(replaced[to], to)
		}
	}
	if len(replaced) > 0 {
		t.Replaced = replaced
	}
}

// hasUnknownLevel reports whether the program no longer has the account's level.
func (r Rules) hasUnknownLevel(acc loyalty.Account) bool {
	_, _, ok := r.Tiers.Level(acc.Tier.Level)
	return !ok && acc.Tier.Level != "" && len(r.Tiers.Levels) > 0
}

// RefreshAt returns when the account moves to another level because a version changed the requirements. It returns zero
// if the account does not move, or if it was evaluated since then.
func (rs Rules) RefreshAt(acc loyalty.Account) time.Time {
	r := rs.Tiers.Refresh
	switch {
	case rs.hasUnknownLevel(acc):
		return r.At
	// The first condition is also true if no version changed the requirements, because r.At is zero then.
	case !ran(acc).Before(r.At) || r.At.Before(acc.Tier.Lock) || !rs.refreshes(acc):
		return time.Time{}
	}
	return r.At
}

// ran returns the instant up to which all due changes of the account were decided when it was last stored.
func ran(a loyalty.Account) time.Time {
	if a.Ran.IsZero() {
		return a.Seen
	}
	return a.Ran
}

// refreshes reports whether the new requirements move the account to another level. They never move a member down if
// the member's level was set manually until an instant.
func (rs Rules) refreshes(acc loyalty.Account) bool {
	r, rung, to := rs.Tiers.Refresh, rs.Tiers.LevelIndex(acc.Tier), rs.refreshed(acc)
	return to > rung ||
		to < rung && r.Mode == loyalty.FullRefresh && rs.AdvanceNotice.Period.IsZero() && !acc.Tier.Given
}

// refreshed returns the index of the level for which the account qualifies by the new requirements. It uses the present
// period, or the previous one if levels remain valid until the end of the next period.
func (r Rules) refreshed(acc loyalty.Account) int {
	at := r.Tiers.Refresh.At
	to := r.Qualified(acc, at)
	if _, cyclic := Cycle(r.Tiers); cyclic {
		first, _ := r.span(acc, at)
		last := r.Qualified(acc, first.Start(r.Zone).Add(-1))
		switch {
		case r.Tiers.MoveUp == loyalty.NextPeriod:
			to = last
		case keepPeriods(r.Tiers) != 1:
			to = max(to, last)
		}
	}
	return max(to, r.Floor(acc))
}

// RefreshTier moves the account to its level by the new requirements. If the member's level no longer exists, the
// member immediately gets the level that replaces it, with the same end and lock.
func RefreshTier(d *posting.Decision, at time.Time) error {
	due := Of(d.P).RefreshAt(d.Account)
	if due.IsZero() || due.After(at) {
		return nil
	}
	// RefreshAt returns an instant for such a member only if the level no longer exists.
	if locked(d) || !Of(d.P).refreshes(d.Account) {
		s := d.Account.Tier
		rung := d.P.Tiers.LevelIndex(s)
		was := s.Level
		s.Level, s.Since = d.P.Tiers.Levels[rung].ID, d.Now
		if rung <= Of(d.P).Floor(d.Account) && !locked(d) {
			s.Until = time.Time{}
		}
		n, window := Of(d.P).Measure(d.Account, due)
		return moved(
			d, s, loyalty.NewReason(Of(d.P).LevelKey(s.Level), "0", loyalty.HasMoved, was, s.Level, "rules", n, window),
		)
	}
	return moveTo(d, Of(d.P).refreshed(d.Account), Of(d.P).reachedUntil(d.Account, due), "rules", due)
}
