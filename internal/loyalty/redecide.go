package loyalty

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Needs states which of the member's entries a decision still needs. The zero Needs needs none.
//
// Levels are decided in the order in which things happened. A late report, or an order or event that no longer counts,
// can change earlier decisions: whether a level was reached, when it starts and ends, and whether reviews extended it.
// In that case a command leaves all levels unchanged and reports since when they depend on the change. The caller then
// loads the entries and calls Redecide. Most commands change nothing that an earlier decision depends on, and need no
// entries.
type Needs struct {
	// Since is the instant from which the levels are decided again.
	Since time.Time
	// Recorded is the instant since which the needed entries were recorded. It is before Since if a window starts
	// earlier.
	Recorded time.Time
	// All requests all entries, because the account does not store the decisions before Since.
	All bool

	// Orders must be decided again, in this order and before the levels, because their worth depends on an order that
	// changed. The caller loads their latest entries.
	Orders []PlacedOrder
	// Later requests what the orders placed after the given order use (WithLaterOrders, or History.Later). The entries
	// since it was placed contain that. The given order is not decided yet.
	Later PlacedOrder
	// Numbers requests an account with the member's first orders (WithFirstOrders). Nothing is decided yet.
	Numbers bool
}

// IsZero reports whether a decision is complete.
func (n Needs) IsZero() bool {
	return !n.Numbers && n.Later == PlacedOrder{} && len(n.Orders) == 0 && n.levels() == levelNeeds{}
}

// Undecided reports whether an order is not decided yet, because the decision needs more of the other orders.
func (n Needs) Undecided() bool { return n.Numbers || n.Later != PlacedOrder{} }

// levelNeeds is the part of Needs that the levels need.
type levelNeeds struct {
	since, recorded time.Time
	all             bool
}

func (n Needs) levels() levelNeeds { return levelNeeds{n.Since, n.Recorded, n.All} }

// with returns the combined needs of two decisions.
func (n Needs) with(m Needs) Needs {
	orders := slices.Concat(n.Orders, m.Orders)
	slices.SortFunc(orders, PlacedOrder.Compare)
	return Needs{
		Since: soonest(n.Since, m.Since), Recorded: soonest(n.Recorded, m.Recorded), All: n.All || m.All,
		Orders: slices.Compact(orders), Numbers: n.Numbers || m.Numbers, Later: cmp.Or(n.Later, m.Later),
	}
}

// clockSkew is the maximum difference between the clocks of two writers.
const clockSkew = time.Minute

// Enough reports whether no entry before e is needed, because they were recorded too early.
func (n Needs) Enough(e Entry) bool {
	return !n.All && e.Recorded.Before(n.Recorded.Add(-MaxOrderAhead-clockSkew))
}

// A History contains entries of one member, and the versions of the program that were in force.
type History struct {
	Entries []Entry // in order; those that Needs requested, up to the account as it was read
	All     bool    // Entries contains all entries of the member
	// Versions contains the versions before the present one, in order. The first was in force before the first entry.
	Versions []Live

	Orders []KnownOrder // those that Needs requested, in any order
	Later  LaterOrders
	Left   Budgets // the remaining budgets, as far as they are known
}

// A Live is a program version and the instant at which another version replaced it.
type Live struct {
	Program *Program
	Until   time.Time
}

// Redecide decides again the orders that an outcome requests. If it requests none, Redecide decides the levels of all
// tier groups again and posts the difference: the standing that follows from the remaining facts, and the entry bonuses
// of the levels reached. It decides everything since Needs.Since in the order in which it happened, on the account as
// it was before, by the same functions as decisions in time. So the result does not depend on when, or how often,
// something was reported. Levels that were set manually, locks and minimums apply as before. The outcome may need more
// entries; then it is otherwise unchanged.
func (p *Program) Redecide(out Outcome, h History, now time.Time) (Outcome, error) {
	if out.Needs.IsZero() {
		return out, nil
	}
	d := &decision{p: p, now: now, recorded: now, Outcome: out}
	if len(out.Needs.Orders) > 0 {
		err := d.orders(h)
		return d.Outcome, err
	}
	h.Entries = slices.Concat(h.Entries, out.Entries)
	since := later(out.Needs.Since, out.Account.Joined)
	if !h.All {
		needs := out.Needs.with(d.needs(since))
		if needs.All = needs.All || h.changesTraits(since); needs.levels() != out.Needs.levels() {
			out.Needs = needs
			return out, nil
		}
	}
	if d.Needs = (Needs{}); h.All {
		since = out.Account.Joined
	}
	if err := d.redecide(h, since, d); err != nil {
		return Outcome{}, err
	}
	err := d.onLadders(func(on *decision) error { return on.redecide(h, since, d) })
	return d.Outcome, err
}

// needs returns which entries are needed to decide all tier groups again from an instant on. It asks for all entries
// unless the account stores the standings of that time.
func (d *decision) needs(since time.Time) Needs {
	n := d.needsOf(since)
	_ = d.onLadders(func(d *decision) error {
		n = n.with(d.needsOf(since))
		return nil
	})
	return n
}

// needsOf is like needs, for one tier group.
func (d *decision) needsOf(since time.Time) Needs {
	n := Needs{Since: since, Recorded: since}
	past := before(d.Account.standings(), since)
	if since.Before(d.now.Add(-pastAge)) || len(past) == 0 {
		n.All = true
		return n
	}
	if from, ok := d.p.reachesBack(d.Account, since); ok {
		n.Recorded = from
	}
	// The account merges months that lie too far back in the window of a level with all earlier ones.
	from := past[len(past)-1].from()
	n.All = d.p.Tiers.Window.Kind == LevelWindow && from.AddDate(0, MaxWindow-1, 0).Before(d.now)
	return n
}

// reachesBack returns since when the counted facts are needed to decide again from an instant on, if a window of months
// includes months that the account no longer stores separately. It returns false if the account stores all of them.
func (p *Program) reachesBack(acc Account, since time.Time) (from time.Time, ok bool) {
	_, cyclic := p.Tiers.cycle()
	if cyclic || p.Tiers.Months == 0 || p.Tiers.Window.Kind == LevelWindow {
		return from, false
	}
	first, _ := p.span(acc, since)
	if past := before(acc.standings(), since); len(past) > 0 && past[len(past)-1].manual() { // see lasting
		first = min(first, p.firstOf(past[len(past)-1].Since))
	}
	newest := DateOf(later(acc.Counted, since), p.Zone).Month() // including months whose facts no longer count
	return first.start(p.Zone), first.Month() < monthsBack(newest, p.Tiers.Months-1)
}

// firstOf returns the first day of a window of months at an instant.
func (p *Program) firstOf(at time.Time) Date {
	return Date(monthsBack(DateOf(at, p.Zone).Month(), p.Tiers.Months-1)*100 + 1)
}

// changesTraits reports whether the entries change traits that levels depend on, from an instant on. Only earlier
// entries contain the traits before that instant.
func (h History) changesTraits(since time.Time) bool {
	return slices.ContainsFunc(h.Entries, func(e Entry) bool {
		if e.Kind != KindUpdateMember || e.Effective.Before(since) || len(e.Reasons) == 0 {
			return false
		}
		changed := strings.Join(e.Reasons[0].Args, " ")
		return slices.ContainsFunc([]string{"segments", "membership_year_start", changedChannels}, func(what string) bool {
			return strings.Contains(changed, what)
		})
	})
}

// redecide decides one tier group again from an instant on. whole is the decision for the whole account.
func (d *decision) redecide(h History, since time.Time, whole *decision) error {
	if len(d.p.Tiers.Levels) == 0 {
		return nil
	}
	facts := h.facts(d.p, d.Account.Joined)
	t := d.baseline(h, facts, since)
	t.trial = &trial{whole: whole}
	if err := d.replay(t, h, facts, since); err != nil {
		return err
	}
	return d.adopt(t, h, since)
}

// replay applies all facts since an instant to a trial, in order, and lets time pass until now.
func (d *decision) replay(t *decision, h History, facts []fact, since time.Time) error {
	for _, f := range facts {
		if f.at.Before(since) || f.nothing() {
			continue
		}
		if err := t.passVersions(h, d.p, earlier(f.at, d.now)); err != nil {
			return err
		}
		t.now = f.at
		if err := t.happens(f); err != nil {
			return err
		}
		t.Account.Seen = later(t.Account.Seen, f.at)
	}
	return t.passVersions(h, d.p, d.now)
}

// passVersions is like passTiers, but applies the program version that was in force at each time. p is the present
// version.
func (d *decision) passVersions(h History, p *Program, until time.Time) error {
	for _, v := range h.Versions {
		if !d.now.Before(v.Until) {
			continue
		}
		d.p = v.Program.sameGroup(p)
		if !v.Until.After(until) {
			if err := d.passTiers(v.Until.Add(-1)); err != nil {
				return err
			}
			continue
		}
		return d.passTiers(until)
	}
	d.p = p
	return d.passTiers(until)
}

// sameGroup returns the program as the tier group of another version sees it. The result has no levels if the program
// has no such group.
func (p *Program) sameGroup(q *Program) *Program {
	if q.compiled.ladder == "" {
		return p
	}
	if v, _, ok := p.TierGroupStanding(Account{}, q.compiled.ladder); ok {
		return v
	}
	v := *p
	v.Tiers, v.compiled.ladder = Tiers{}, q.compiled.ladder
	return &v
}

// baseline returns the decision from which levels are decided again. Its account is the account as it was before an
// instant.
func (d *decision) baseline(h History, facts []fact, since time.Time) *decision {
	acc := d.Account
	base := Account{
		Member: acc.Member, Status: acc.Status, Joined: acc.Joined, Traits: acc.Traits, Notices: acc.Notices,
		Seen: since.Add(-1), Tier: d.p.first(acc),
	}
	base.Reached = slices.DeleteFunc(slices.Clone(acc.Reached), func(r Reached) bool {
		return r.Grant.Worth == 0 || !r.At.Before(since)
	})
	if !h.All {
		past := before(acc.standings(), since)
		base.Past, base.Tier = past[:len(past)-1], past[len(past)-1]
		base.countBefore(d, facts, since)
	}
	return d.p.decide(base, since)
}

// countBefore sets the metrics of an account to those before an instant. They are the present metrics without the facts
// since then. If a window reaches too far back for that, they are computed from the facts.
func (a *Account) countBefore(d *decision, facts []fact, since time.Time) {
	if from, ok := d.p.reachesBack(d.Account, since); ok {
		for _, f := range facts {
			if f.at.Before(since) && !f.at.Before(from) {
				a.count(d.p, f, d.p.apart(*a))
			}
		}
		return
	}
	a.Metrics, a.Brands = d.Account.Metrics, d.Account.Brands
	for _, f := range facts {
		if !f.at.Before(since) {
			a.uncount(d.p, d.Account, f)
		}
	}
}

// count adds the metrics of a fact. window is how many months are stored separately.
func (a *Account) count(p *Program, f fact, window int) {
	for _, m := range f.metrics {
		m.Month = p.rebucketed(*a, m.Month, f.placed)
		a.Metrics = addMetric(a.Metrics, m, window)
	}
	for _, b := range f.brands {
		b.Month = p.rebucketed(*a, b.Month, f.placed)
		a.Brands = addBrand(a.Brands, b, window)
	}
}

// uncount removes the metrics of a fact from an account. acc is the account that includes them.
func (a *Account) uncount(p *Program, acc Account, f fact) {
	for _, m := range f.metrics {
		m.Month = p.rebucketed(acc, m.Month, f.placed)
		a.Metrics = addMetric(a.Metrics, Metric{Month: m.Month}.less(m), p.apart(acc))
	}
	for _, b := range f.brands {
		b.Month, b.N = p.rebucketed(acc, b.Month, f.placed), -b.N
		a.Brands = addBrand(a.Brands, b, p.apart(acc))
	}
}

// happens updates the levels for one fact.
func (d *decision) happens(f fact) error {
	switch {
	case f.entry == nil:
		if d.Account.count(d.p, f, d.trialWindow()); d.p.Tiers.KeepOnRefund && f.sum().falls() {
			return nil
		}
		return d.climbNow()
	case f.entry.placed():
		return d.setTier("", placement(*f.entry.Standing))
	}
	d.Account.Traits = Traits{}
	if t := f.entry.Traits; t != nil {
		d.Account.Traits = *t
	}
	return d.floorTier()
}

// placement returns the placement that leads to a standing.
func placement(s Standing) Placement {
	in := Placement{Level: s.Level, Permanent: s.Minimum != ""}
	if s.Given {
		in.Until, in.Locked = s.Until, s.Lock.Equal(s.Until)
	}
	return in
}

// adopt posts the differences between a trial from an instant on and the account.
func (d *decision) adopt(t *decision, h History, since time.Time) error {
	changes := d.bonusChanges(since, t.trial.bonuses)
	if err := d.rejudge(t, h, since, changes.redated); err != nil {
		return err
	}
	return changes.settle(d)
}

// rejudge posts the standings of a trial if they differ from those of the account.
func (d *decision) rejudge(t *decision, h History, since time.Time, redated []Reached) error {
	was, is := d.Account.Tier, t.Account.Tier
	r := Redecision{From: since}
	for _, s := range trimmed(t.Account.Past, is, d.now) {
		if !s.decided().Before(since) {
			r.Past = append(r.Past, s)
		}
	}
	e := Entry{
		Kind: KindMoveTier, Effective: d.now, Standing: &is, Redecided: &r,
		Counts: d.recount(t, h.All), Redated: redated,
	}
	same := was == is && slices.Equal(e.past(d.Account.Past, was), trimmed(d.Account.Past, was, d.now))
	if same && len(e.Counts)+len(redated) == 0 {
		return nil
	}
	n := strconv.FormatInt(d.Account.Sequence, 10)
	e.Cause = d.ownCause(CauseTier, d.p.levelID(is.Level)+":"+d.now.UTC().Format(stamp)+":"+n)
	e.Reasons = []Reason{d.why(was, is)}
	if !d.unprotect(&e, h, t, is.Level) {
		d.slideAtLevel(&e, is.Level, d.now)
	}
	return d.post(e)
}

// why returns the reason for a standing that was decided again.
func (d *decision) why(was, is Standing) Reason {
	key := d.p.levelKey(is.Level)
	cause := d.main().Entries[0].Cause
	switch from, to := d.p.rung(was), d.p.rung(is); {
	case to < from:
		return NewReason(key, "0", WasWithdrawn, was.Level, is.Level, cause.Kind+" "+cause.ID)
	case to > from:
		n, window := d.p.measure(d.Account, d.now)
		return NewReason(key, "0", HasMoved, was.Level, is.Level, "reached", n, window)
	}
	return NewReason(key, "0", WasRedecided, is.Level, cause.Kind+" "+cause.ID)
}

// unbounded is a window in months that stores every month separately.
const unbounded = 12 * 10_000

// trialWindow returns how many months a trial stores separately. It stores every month of a window of months, because a
// level that is set manually later needs earlier months; see recount.
func (d *decision) trialWindow() int {
	if d.p.rolls() {
		return unbounded
	}
	return d.p.apart(d.Account)
}

// rolls reports whether levels depend on the most recent months.
func (p *Program) rolls() bool {
	_, cyclic := p.Tiers.cycle()
	return !cyclic && p.Tiers.Months > 0 && p.Tiers.Window.Kind != LevelWindow
}

// recount returns the counts that move between the windows of levels, if these windows began at other instants in a
// trial. all reports that the trial has used all entries. Then months count again that were merged before the level
// became a manual one again.
func (d *decision) recount(t *decision, all bool) (out []TierGroupCount) {
	manual := d.p.Tiers.Months > 0 && t.Account.Tier.manual() && all
	if d.p.Tiers.Window.Kind != LevelWindow && !manual {
		return nil
	}
	var change []Metric
	for _, m := range t.Account.Metrics {
		change = addMetric(change, m, d.p.apart(t.Account))
	}
	var brands []Bought
	for _, b := range t.Account.Brands {
		brands = addBrand(brands, b, d.p.apart(t.Account))
	}
	for _, m := range d.Account.Metrics {
		change = addMetric(change, Metric{Month: m.Month}.less(m), unbounded)
	}
	for _, b := range d.Account.Brands {
		b.N = -b.N
		brands = addBrand(brands, b, unbounded)
	}
	ladder, window := d.p.compiled.ladder, d.p.apart(t.Account)
	// The newest comes first, because only the newest window is stored regardless of its age.
	for _, m := range slices.Backward(change) {
		out = append(out, TierGroupCount{TierGroup: ladder, Metric: m, Window: window})
	}
	for _, b := range slices.Backward(brands) {
		out = append(out, TierGroupCount{TierGroup: ladder, Brands: []Bought{b}, Window: window})
	}
	return out
}
