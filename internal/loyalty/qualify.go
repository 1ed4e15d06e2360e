package loyalty

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ways returns the ways to qualify for a level. One of them is enough, but all of its measures are needed.
func (t *Tiers) ways() [][]Measure {
	if len(t.Ways) > 0 {
		return t.Ways
	}
	return [][]Measure{{t.By}}
}

// measures returns all measures of the levels, each once.
func (t *Tiers) measures() (all []Measure) {
	for _, way := range t.ways() {
		for _, m := range way {
			if !slices.Contains(all, m) {
				all = append(all, m)
			}
		}
	}
	return all
}

// GoBy reports whether levels depend on a measure.
func (t *Tiers) GoBy(by Measure) bool {
	return slices.ContainsFunc(t.ways(), func(way []Measure) bool { return slices.Contains(way, by) })
}

// counts reports whether the program has levels that depend on a measure.
func (p *Program) counts(by Measure) bool { return len(p.Tiers.Levels) > 0 && p.Tiers.GoBy(by) }

// need returns how much of a measure a level requires. It returns false if members cannot reach the level by that
// measure.
func (t *Tiers) need(rung int, by Measure) (int64, bool) {
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

// measured returns the value of a measure at an instant, in the window or period that contains it.
func (p *Program) measured(acc Account, by Measure, at time.Time) (sum int64) {
	within := p.within(acc, at)
	if by == ByBrands {
		return p.brands(acc, within)
	}
	for _, m := range acc.Metrics {
		if !within(m.Month) {
			continue
		}
		switch by {
		case ByPointsEarned:
			sum += int64(m.Points)
		case ByOrders:
			sum += m.Orders
		case BySpend:
			sum += m.Spend
		case ByQualifyingItems:
			sum += m.QualifyingItems
		case ByVisits:
			sum += m.Visits
		}
	}
	return sum
}

// brands returns how many different brands were bought in the months that count.
func (p *Program) brands(acc Account, within func(int) bool) (n int64) {
	for _, brand := range p.Tiers.Brands {
		bought := int64(0)
		for _, b := range acc.Brands {
			if b.Brand == brand && within(b.Month) {
				bought += b.N
			}
		}
		if bought > 0 {
			n++
		}
	}
	return n
}

// qualified returns the index of the highest level that the account qualifies for at an instant; -1 if there are no
// tiers.
func (p *Program) qualified(acc Account, at time.Time) int {
	for i := len(p.Tiers.Levels) - 1; i > 0; i-- {
		for _, way := range p.Gaps(acc, i, at) {
			if !slices.ContainsFunc(way, Gap.open) {
				return i
			}
		}
	}
	return min(0, len(p.Tiers.Levels)-1)
}

// A Gap is how much of one measure a level requires, and how much of it the member has.
type Gap struct {
	By         Measure
	From, Have int64
}

// Missing returns how much more is required; zero if there is enough.
func (g Gap) Missing() int64 { return max(0, g.From-g.Have) }

func (g Gap) open() bool { return g.Have < g.From }

// Gaps returns the ways to qualify for a level, each with the gaps of all its measures at an instant.
func (p *Program) Gaps(acc Account, rung int, at time.Time) (ways [][]Gap) {
	for _, way := range p.Tiers.ways() {
		gaps := make([]Gap, 0, len(way))
		for _, by := range way {
			if from, ok := p.Tiers.need(rung, by); ok {
				gaps = append(gaps, Gap{by, from, p.measured(acc, by, at)})
			}
		}
		if len(gaps) == len(way) {
			ways = append(ways, gaps)
		}
	}
	return ways
}

// nearest returns the gap that is the largest on the way that is the most complete: the open gap of which the smallest
// share is done. It returns no gap if a way is complete.
func nearest(ways [][]Gap) (best Gap) {
	for i, way := range ways {
		worst := Gap{}
		for _, g := range way {
			if g.open() && (!worst.open() || farther(g, worst)) {
				worst = g
			}
		}
		if !worst.open() {
			return Gap{}
		}
		if i == 0 || farther(best, worst) {
			best = worst
		}
	}
	return best
}

// besides returns the other open gaps on the way of the gap that nearest returned.
func besides(ways [][]Gap, gap Gap) (others []Gap) {
	for _, way := range ways {
		if slices.Contains(way, gap) {
			return slices.DeleteFunc(slices.Clone(way), func(g Gap) bool { return g == gap || !g.open() })
		}
	}
	return nil
}

// farther reports whether a smaller share of a is done than of b.
func farther(a, b Gap) bool {
	return whole(max(0, a.Have)).mul(whole(b.From)).sub(whole(max(0, b.Have)).mul(whole(a.From))).sign() < 0
}

// Progress returns the next level, and the largest gap on the most complete way to it. It returns false on the highest
// level or without tiers.
func (p *Program) Progress(acc Account, now time.Time) (next Level, missing Gap, ok bool) {
	at := p.rung(acc.Tier) + 1
	if at >= len(p.Tiers.Levels) {
		return Level{}, Gap{}, false
	}
	return p.Tiers.Levels[at], nearest(p.Gaps(acc, at, now)), true
}

// measure returns the measured values and the window for reasons: "512" with "points_earned/12" or "orders"; with
// several measures "512+3" with "spend+visits/year".
func (p *Program) measure(acc Account, at time.Time) (n, window string) {
	var amounts, names []string
	for _, by := range p.Tiers.measures() {
		amount := p.measured(acc, by, at)
		text := strconv.FormatInt(amount, 10)
		if by == BySpend {
			text = Money{amount, p.Tiers.Currency}.Decimal()
		}
		amounts, names = append(amounts, text), append(names, by.String())
	}
	return strings.Join(amounts, "+"), strings.Join(names, "+") + p.window()
}

// window returns the window in the form that reasons use: "/12", "/year"; empty for a lifetime.
func (p *Program) window() string {
	w, cyclic := p.Tiers.cycle()
	months := map[int]string{1: "month", 3: "quarter", 6: "half", 12: "year"}[w.Months]
	switch {
	case cyclic && w.Kind == CycleWindow && w.From == 101:
		return "/" + cmp.Or(months, strconv.Itoa(w.Months))
	case cyclic:
		return "/" + string(w.Kind)
	case p.Tiers.Window.Kind == LevelWindow:
		return "/" + string(LevelWindow)
	case p.Tiers.Months > 0:
		return "/" + strconv.Itoa(p.Tiers.Months)
	}
	return ""
}

// check rejects tiers that decisions cannot use.
func (t *Tiers) check() error {
	w, cyclic := t.cycle()
	switch {
	case cyclic && (w.Months < 1 || 12%w.Months != 0 || w.Kind == CycleWindow && (w.From < 101 || w.From > 1231)):
		return fmt.Errorf("a window with periods of %d months from month %d is invalid", w.Months, w.From)
	case t.KeepPeriods > 0 && !cyclic, t.MoveUp == NextPeriod && !cyclic:
		return errors.New("a window without periods cannot move members at the end of a period")
	case len(t.Brands) > MaxBrands:
		return fmt.Errorf("there are %d brands; the limit is %d", len(t.Brands), MaxBrands)
	}
	for _, f := range t.Minimums {
		if !slices.ContainsFunc(t.Levels, func(l Level) bool { return l.ID == f.Level }) {
			return fmt.Errorf("minimums name the unknown level %q", f.Level)
		}
	}
	return nil
}

// checkLevel rejects a level that does not require more than the level before it.
func (t *Tiers) checkLevel(i int) error {
	l := t.Levels[i]
	if l.EntryBonus < 0 || l.EntryBonus > MaxPoints {
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
	more := i <= 1
	for _, n := range l.Needs {
		before := int64(0)
		if i > 0 {
			before, _ = t.need(i-1, n.By)
		}
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
