package posting

import (
	"cmp"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// ReviewAt returns when a standing is reviewed, which is after its validity and the grace period. It returns zero if
// the level cannot be lost.
func ReviewAt(tiers *loyalty.Tiers, zone *time.Location, s loyalty.Standing) time.Time {
	if s.Until.IsZero() || tiers.MoveDown == loyalty.StayUp && !s.Until.Equal(s.Lock) {
		return time.Time{}
	}
	return tiers.Grace.After(s.Until, zone)
}

// MaxTierGroups is how many tier groups a program can have in addition to Tiers. maxGroupStandings is how many
// standings in tier groups an account remembers, including those of earlier versions. Both limit the account's size.
const (
	MaxTierGroups     = 4
	maxGroupStandings = 2 * MaxTierGroups
)

// GroupView returns a copy of an account for decisions about a tier group. In the copy, the member's standing and
// metrics in the tier group take the place of those in Tiers. If the program is not such a copy for a tier group
// (tier.GroupProgram), GroupView returns the account unchanged.
func GroupView(tiers *loyalty.Tiers, acc loyalty.Account) loyalty.Account {
	if tiers.Group == "" {
		return acc
	}
	on := loyalty.TierGroupStanding{}
	if i := GroupIndex(&acc, tiers.Group); i >= 0 {
		on = acc.TierGroups[i]
	}
	if first := FirstStanding(tiers, acc); on.Tier == (loyalty.Standing{}) {
		on.Tier = first
	} else if len(on.Past) > 0 && on.Past[0] == (loyalty.Standing{}) {
		on.Past = append([]loyalty.Standing{first}, on.Past[1:]...)
	}
	acc.Tier, acc.Past, acc.Metrics, acc.Brands = on.Tier, on.Past, on.Metrics, on.Brands
	return acc
}

// FirstStanding returns the standing of a new member.
func FirstStanding(tiers *loyalty.Tiers, acc loyalty.Account) loyalty.Standing {
	if len(tiers.Levels) == 0 {
		return loyalty.Standing{}
	}
	return loyalty.Standing{Level: tiers.Levels[0].ID, Since: acc.Joined}
}

// GroupIndex returns the index of the standing in a tier group, or -1 if the account has none.
func GroupIndex(a *loyalty.Account, id string) int {
	return slices.IndexFunc(a.TierGroups, func(l loyalty.TierGroupStanding) bool { return l.TierGroup == id })
}

// setGroupStanding changes an account's standing in a tier group and moves it to the end of the list. If the list is
// full, the account forgets the first standing, which has not changed for the longest time.
func setGroupStanding(a *loyalty.Account, id string, change func(*loyalty.TierGroupStanding)) {
	on, rest := loyalty.TierGroupStanding{TierGroup: id}, slices.Clone(a.TierGroups)
	if i := GroupIndex(a, id); i >= 0 {
		on = rest[i]
		rest = slices.Delete(rest, i, i+1)
	}
	change(&on)
	a.TierGroups = append(rest[max(0, len(rest)+1-maxGroupStandings):], on)
}

// AddMetric adds a metric to its bucket. It merges buckets that begin at least window months before the newest one into
// bucket 0. It never merges the newest bucket if that began at an instant (loyalty.LevelWindow), because a member may
// work toward a level for longer than any window.
func AddMetric(all []loyalty.Metric, m loyalty.Metric, window int) []loyalty.Metric {
	newest := m.Month
	if len(all) > 0 {
		newest = max(newest, all[len(all)-1].Month)
	}
	out := make([]loyalty.Metric, 0, len(all)+2)
	add := func(m loyalty.Metric) {
		m.Month = storedBucket(m.Month, newest, window)
		at, found := slices.BinarySearchFunc(
			out, m, func(x, y loyalty.Metric) int { return cmp.Compare(x.Month, y.Month) },
		)
		if !found {
			out = slices.Insert(out, at, m)
			return
		}
		out[at] = out[at].Plus(m)
	}
	for _, x := range all {
		add(x)
	}
	add(m)
	return slices.DeleteFunc(out, loyalty.Metric.IsZero)
}

// AddBrand adds a brand to its bucket, in the same way as AddMetric.
func AddBrand(all []loyalty.Bought, b loyalty.Bought, window int) []loyalty.Bought {
	newest := b.Month
	if len(all) > 0 {
		newest = max(newest, all[len(all)-1].Month)
	}
	var out []loyalty.Bought
	for _, x := range slices.Concat(all, []loyalty.Bought{b}) {
		x.Month = storedBucket(x.Month, newest, window)
		at, found := slices.BinarySearchFunc(out, x, func(x, y loyalty.Bought) int {
			return cmp.Or(cmp.Compare(x.Month, y.Month), cmp.Compare(x.Brand, y.Brand))
		})
		if found {
			out[at].N += x.N
			continue
		}
		out = slices.Insert(out, at, x)
	}
	return slices.DeleteFunc(out, func(x loyalty.Bought) bool { return x.N == 0 })
}

// storedBucket returns the key under which a bucket is stored. It is 0 if the bucket is so much older than the newest
// one that it is merged.
func storedBucket(bucket, newest, window int) int {
	if bucket > LastDay && bucket == newest {
		return bucket
	}
	if MonthOf(bucket) < calendar.MonthsBack(MonthOf(newest), window-1) {
		return 0
	}
	return bucket
}

// MonthOf returns the month yyyymm in which a bucket begins. For a bucket that begins at an instant, it is the month in
// UTC, which is exact enough to decide when to merge the bucket.
func MonthOf(bucket int) int {
	switch {
	case bucket <= LastMonth:
		return bucket
	case bucket <= LastDay:
		return bucket / 100
	}
	return calendar.DateOf(time.UnixMilli(int64(bucket)), time.UTC).Month()
}

// PastAge is how long an account remembers a standing after it ended, because orders may arrive late. Older standings
// are read from the member's entries.
const PastAge = loyalty.MaxOrderAge + 24*time.Hour

// AddStanding returns the past standings with the present standing appended, because the next standing replaces it. If
// several standings were decided at the same instant, it returns only the last one of them.
func AddStanding(past []loyalty.Standing, present, next loyalty.Standing, now time.Time) []loyalty.Standing {
	out := slices.Clip(past)
	if next.Decided().After(present.Decided()) {
		out = append(out, present)
	}
	return TrimStandings(out, next, now)
}

// applyRedecision returns the past standings after levels were decided again: those decided before the redecision's
// start, and the new ones except the last.
func applyRedecision(
	r *loyalty.Redecision, past []loyalty.Standing, present, last loyalty.Standing, now time.Time,
) []loyalty.Standing {
	out := slices.Concat(StandingsBefore(append(slices.Clip(past), present), r.From), r.Past)
	if n := len(out); n > 0 && !out[n-1].Decided().Before(last.Decided()) {
		out = out[:n-1] // out already contains the last standing
	}
	return TrimStandings(out, last, now)
}

// StandingsBefore returns the standings that were decided before an instant.
func StandingsBefore(all []loyalty.Standing, at time.Time) []loyalty.Standing {
	n := slices.IndexFunc(all, func(s loyalty.Standing) bool { return !s.Decided().Before(at) })
	if n < 0 {
		n = len(all)
	}
	return slices.Clip(all[:n])
}

// TrimStandings removes the standings that ended too long ago for orders that may still arrive. The parameter next is
// the standing that follows the last of them.
func TrimStandings(past []loyalty.Standing, next loyalty.Standing, now time.Time) []loyalty.Standing {
	ended := func(i int) time.Time {
		if i+1 < len(past) {
			return past[i+1].Decided()
		}
		return next.Decided()
	}
	for i := range past {
		if !ended(i).Before(now.Add(-PastAge)) {
			return past[i:]
		}
	}
	return nil
}

// The key of a bucket is a month up to LastMonth, a day up to LastDay, and a number of milliseconds above that.
const (
	LastMonth = 9999_12
	LastDay   = 9999_12_31
)

// PastStandings returns the standings before the entry's standing that an account remembers.
func PastStandings(e loyalty.Entry, past []loyalty.Standing, present loyalty.Standing) []loyalty.Standing {
	if e.Redecided != nil {
		return applyRedecision(e.Redecided, past, present, *e.Standing, e.Effective)
	}
	return AddStanding(past, present, *e.Standing, e.Effective)
}
