package tier

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
)

// CheckLevels rejects tiers, including their levels, that decisions cannot use.
func CheckLevels(t *loyalty.Tiers) error {
	if t.Months > MaxWindow {
		return fmt.Errorf("a tier window of %d months is longer than %d", t.Months, MaxWindow)
	}
	if err := check(t); err != nil {
		return err
	}
	for i := range t.Levels {
		if err := checkLevel(t, i); err != nil {
			return err
		}
	}
	return nil
}

// measures returns all measures that the levels require, without duplicates.
func measures(t *loyalty.Tiers) (all []loyalty.Measure) {
	for _, way := range earn.QualifyingWays(t) {
		for _, m := range way {
			if !slices.Contains(all, m) {
				all = append(all, m)
			}
		}
	}
	return all
}

// need returns how much of a measure a level requires. It returns false if members cannot reach the level by that
// measure.
func need(t *loyalty.Tiers, rung int, by loyalty.Measure) (int64, bool) {
	l := t.Levels[rung]
	if len(t.Ways) == 0 {
		return l.From, true
	}
	for _, n := range l.Needs {
		if n.By == by {
			return n.From, true
		}
	}
	return 0, rung == 0
}

// Measured returns the value of a measure, such as the spend, in the window or period that contains an instant.
func (r Qualification) Measured(acc loyalty.Account, by loyalty.Measure, at time.Time) (sum int64) {
	within := r.within(acc, at)
	if by == loyalty.ByBrands {
		return r.brands(acc, within)
	}
	for _, m := range acc.Metrics {
		if !within.has(m.Month) {
			continue
		}
		switch by {
		case loyalty.ByPointsEarned:
			sum += int64(m.Points)
		case loyalty.ByOrders:
			sum += m.Orders
		case loyalty.BySpend:
			sum += m.Spend
		case loyalty.ByQualifyingItems:
			sum += m.QualifyingItems
		case loyalty.ByVisits:
			sum += m.Visits
		}
	}
	return sum
}

// brands returns how many different brands were bought in a range of buckets.
func (r Qualification) brands(acc loyalty.Account, within bucketRange) (n int64) {
	for _, brand := range r.Tiers.Brands {
		bought := int64(0)
		for _, b := range acc.Brands {
			if b.Brand == brand && within.has(b.Month) {
				bought += b.N
			}
		}
		if bought > 0 {
			n++
		}
	}
	return n
}

// Qualified returns the index of the highest level for which the account qualifies at an instant, or -1 if the program
// has no tiers.
func (r Qualification) Qualified(acc loyalty.Account, at time.Time) int {
	for i := len(r.Tiers.Levels) - 1; i > 0; i-- {
		if r.qualifies(&acc, i, at) {
			return i
		}
	}
	return min(0, len(r.Tiers.Levels)-1)
}

// qualifies reports whether the account meets all requirements of one way to a level. It is like Gaps without a list.
func (r Qualification) qualifies(acc *loyalty.Account, rung int, at time.Time) bool {
	return slices.ContainsFunc(earn.QualifyingWays(r.Tiers), func(way []loyalty.Measure) bool {
		return !slices.ContainsFunc(way, func(by loyalty.Measure) bool {
			from, ok := need(r.Tiers, rung, by)
			return !ok || Gap{by, from, r.Measured(*acc, by, at)}.Open()
		})
	})
}

// A Gap is the amount of one measure that a level requires, and the amount that the member has.
type Gap struct {
	By         loyalty.Measure
	From, Have int64
}

// Missing returns the missing amount, or zero if the requirement is met.
func (g Gap) Missing() int64 { return max(0, g.From-g.Have) }

// Open reports whether the requirement is not met.
func (g Gap) Open() bool { return g.Have < g.From }

// Gaps returns the alternative ways to qualify for a level at an instant. Each way has one Gap for each of its
// measures.
func (r Qualification) Gaps(acc loyalty.Account, rung int, at time.Time) (ways [][]Gap) {
	for _, way := range earn.QualifyingWays(r.Tiers) {
		gaps := make([]Gap, 0, len(way))
		for _, by := range way {
			if from, ok := need(r.Tiers, rung, by); ok {
				gaps = append(gaps, Gap{by, from, r.Measured(acc, by, at)})
			}
		}
		if len(gaps) == len(way) {
			ways = append(ways, gaps)
		}
	}
	return ways
}

// nearest returns the largest gap in the way to the level that the member is closest to. A gap is larger the smaller
// the share of its requirement that is met. The closest way is the one whose largest gap is smallest. nearest returns
// the zero Gap if a way is complete.
func nearest(ways [][]Gap) (best Gap) {
	for i, way := range ways {
		worst := Gap{}
		for _, g := range way {
			if !worst.Open() || farther(g, worst) {
				worst = g
			}
		}
		if !worst.Open() {
			return Gap{}
		}
		if i == 0 || farther(best, worst) {
			best = worst
		}
	}
	return best
}

// OtherGaps returns the other open gaps of the way that contains the gap that nearest returned.
func OtherGaps(ways [][]Gap, gap Gap) (others []Gap) {
	for _, way := range ways {
		if slices.Contains(way, gap) {
			return slices.DeleteFunc(slices.Clone(way), func(g Gap) bool { return g == gap || !g.Open() })
		}
	}
	return nil
}

// farther reports whether the member has a smaller share of the requirement of the first gap than of the second.
func farther(a, b Gap) bool {
	return exact.Whole(max(0, a.Have)).Mul(exact.Whole(b.From)).Sub(
		exact.Whole(max(0, b.Have)).Mul(exact.Whole(a.From)),
	).Sign() < 0
}

// Progress returns the next level, and the largest gap in the way to it that the member is closest to. It returns false
// on the highest level or without tiers.
func (r Qualification) Progress(acc loyalty.Account, now time.Time) (next loyalty.Level, missing Gap, ok bool) {
	at := r.Tiers.LevelIndex(acc.Tier) + 1
	if at >= len(r.Tiers.Levels) {
		return loyalty.Level{}, Gap{}, false
	}
	return r.Tiers.Levels[at], nearest(r.Gaps(acc, at, now)), true
}

// Measure returns the measured values and the window as text for reasons. The values are "512" with the window
// "points_earned/12" or "orders" or, with several measures, "512+3" with "spend+visits/year".
func (r Qualification) Measure(acc loyalty.Account, at time.Time) (n, window string) {
	var amounts, names []string
	for _, by := range measures(r.Tiers) {
		amount := r.Measured(acc, by, at)
		text := strconv.FormatInt(amount, 10)
		if by == loyalty.BySpend {
			text = loyalty.Money{Amount: amount, Currency: r.Tiers.Currency}.Decimal()
		}
		amounts, names = append(amounts, text), append(names, by.String())
	}
	return strings.Join(amounts, "+"), strings.Join(names, "+") + r.windowText()
}

// windowText returns the window in the form that reasons use, such as "/12" for months or "/year". It is empty for a
// lifetime.
func (r Qualification) windowText() string {
	w, cyclic := Cycle(r.Tiers)
	months := map[int]string{1: "month", 3: "quarter", 6: "half", 12: "year"}[w.Months]
	switch {
	case w.Kind == loyalty.CycleWindow && w.From == 101:
		return "/" + cmp.Or(months, strconv.Itoa(w.Months))
	case cyclic:
		return "/" + string(w.Kind)
	case r.Tiers.Window.Kind == loyalty.LevelWindow:
		return "/" + string(loyalty.LevelWindow)
	case r.Tiers.Months > 0:
		return "/" + strconv.Itoa(r.Tiers.Months)
	}
	return ""
}

// check rejects tiers that decisions cannot use, without checking their levels.
func check(t *loyalty.Tiers) error {
	w, cyclic := Cycle(t)
	switch {
	case cyclic && (w.Months < 1 || 12%w.Months != 0 ||
		w.Kind == loyalty.CycleWindow && (w.From < 101 || w.From > 1231)):
		return fmt.Errorf("a window with periods of %d months from month %d is invalid", w.Months, w.From)
	case t.KeepPeriods > 0 && !cyclic, t.MoveUp == loyalty.NextPeriod && !cyclic:
		return errors.New("a window without periods cannot move members at the end of a period")
	case len(t.Brands) > loyalty.MaxBrands:
		return fmt.Errorf("there are %d brands; the limit is %d", len(t.Brands), loyalty.MaxBrands)
	}
	for _, f := range t.Minimums {
		if !slices.ContainsFunc(t.Levels, func(l loyalty.Level) bool { return l.ID == f.Level }) {
			return fmt.Errorf("minimums name the unknown level %q", f.Level)
		}
	}
	return nil
}

// checkLevel rejects a level that does not require more than the level before it.
func checkLevel(t *loyalty.Tiers, i int) error {
	l := t.Levels[i]
	if l.EntryBonus < 0 || l.EntryBonus > loyalty.MaxPoints {
		return fmt.Errorf("the points of level %s must not be negative", l.ID)
	}
	if len(t.Ways) == 0 {
		if (i == 0) != (l.From == 0) || i > 0 && l.From <= t.Levels[i-1].From {
			return fmt.Errorf(
				"level %s is out of order: the first starts from 0, and each from more than the one before it", l.ID)
		}
		return nil
	}
	if (i == 0) != (len(l.Needs) == 0) {
		return fmt.Errorf("level %s is out of order: only the first has no requirements", l.ID)
	}
	more := i == 0
	for _, n := range l.Needs {
		before, _ := need(t, i-1, n.By) // i > 0, because the first level has no requirements
		if n.From < 1 || n.From < before {
			return fmt.Errorf("level %s requires less than the one before it", l.ID)
		}
		more = more || n.From > before
	}
	if !more {
		return fmt.Errorf("level %s must require more than the one before it", l.ID)
	}
	return nil
}

// LevelKey returns the key of a level in reasons.
func LevelKey(t *loyalty.Tiers, level string) string {
	if t.Group == "" {
		return "tiers." + level
	}
	return "tier_groups." + t.Group + "." + level
}

// LevelKey returns the key of a level in reasons.
func (r Qualification) LevelKey(level string) string { return LevelKey(r.Tiers, level) }

// levelID returns the ID of a level in causes. It is unique across Tiers and all tier groups.
func (r Qualification) levelID(level string) string {
	if r.Tiers.Group == "" {
		return level
	}
	return r.Tiers.Group + "." + level
}

// Floor returns the minimum level of an account. It is the highest of the minimums of its segments and the minimum that
// was set manually.
func (r Qualification) Floor(acc loyalty.Account) (rung int) {
	for _, f := range r.Tiers.Minimums {
		if earn.AnyOf([]string{f.Segment}, acc.Traits.Segments) {
			rung = max(rung, r.Tiers.LevelIndex(loyalty.Standing{Level: f.Level}))
		}
	}
	// The index is 0, the lowest level, if no minimum was set manually.
	return max(rung, r.Tiers.LevelIndex(loyalty.Standing{Level: acc.Tier.Minimum}))
}
