package loyalty

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Needs says which of the member's entries a decision still needs. The zero Needs needs none.
//
// Levels are decided in the order in which things happen. What is reported late, or counts no longer, can change
// decisions that were made already: whether a level was reached, from when on, until when, and whether reviews kept
// it. Then a command leaves all levels as they are and says since when they depend on it; the caller loads the
// entries and calls Redecide. Most commands change nothing that an earlier decision depends on, and need no entries.
type Needs struct {
	// Since is the instant from which the levels are decided again.
	Since time.Time
	// Recorded is the instant since which the needed entries were recorded: before Since where a window reaches back.
	Recorded time.Time
	// All asks for all entries, because the account does not remember what was decided before Since.
	All bool

	// Orders are decided again in their order, before the levels are: what they are worth depends on an order that
	// changed. The caller loads their latest entries.
	Orders []PlacedOrder
	// Later asks for what the orders use that were placed after an order (WithLaterOrders, or History.Later): the entries
	// since it was placed say it. That order is not decided yet.
	Later PlacedOrder
	// Numbers asks for an account that remembers the member's first orders (WithFirstOrders). Nothing is decided yet.
	Numbers bool
}

// IsZero reports whether a decision is complete.
func (n Needs) IsZero() bool {
	return !n.Numbers && n.Later == PlacedOrder{} && len(n.Orders) == 0 && n.levels() == levelNeeds{}
}

// Undecided reports whether an order is not decided yet, because more must be known of the others.
func (n Needs) Undecided() bool { return n.Numbers || n.Later != PlacedOrder{} }

// levelNeeds is what the levels need.
type levelNeeds struct {
	since, recorded time.Time
	all             bool
}

func (n Needs) levels() levelNeeds { return levelNeeds{n.Since, n.Recorded, n.All} }

// with returns what two decisions need together.
func (n Needs) with(m Needs) Needs {
	orders := slices.Concat(n.Orders, m.Orders)
	slices.SortFunc(orders, PlacedOrder.Compare)
	return Needs{
		Since: soonest(n.Since, m.Since), Recorded: soonest(n.Recorded, m.Recorded), All: n.All || m.All,
		Orders: slices.Compact(orders), Numbers: n.Numbers || m.Numbers, Later: cmp.Or(n.Later, m.Later),
	}
}

// clockSkew is by how much the clocks of two writers may differ.
const clockSkew = time.Minute

// Enough reports whether an entry is the oldest that is needed: entries before it were recorded too early.
func (n Needs) Enough(e Entry) bool {
	return !n.All && e.Recorded.Before(n.Recorded.Add(-MaxOrderAhead-clockSkew))
}

// A History is entries of one member, with the versions of the program that were in force.
type History struct {
	Entries  []Entry // in their order; those that Needs asked for, up to the account as it was read
	All      bool    // they are all that there are
	Versions []Live  // those before the present one, in their order; the first held from before the entries on

	Orders []KnownOrder // those that Needs asked for, in any order
	Later  LaterOrders
	Left   Budgets // what is left of budgets, as far as that is known
}

// A Live program was in force until another version took over.
type Live struct {
	Program *Program
	Until   time.Time
}

// Redecide decides the orders again that an outcome asks for or, if it asks for none, the levels of all tier groups, and posts the difference: the
// standing that the remaining facts give, and the bonuses of the levels that they reach. It decides what happened
// since Needs.Since in its order, on the account as it was before, by the same functions as those that decide in
// time; so the result does not depend on when, or how often, something was reported. Levels that were set manually,
// locks and minimums hold as they did. The outcome may need more entries; then it is otherwise unchanged.
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

// needs returns what it takes to decide all tier groups again from an instant on: all entries, unless the account
// remembers the standings of then.
func (d *decision) needs(since time.Time) Needs {
	n := d.needsOf(since)
	_ = d.onLadders(func(d *decision) error {
		n = n.with(d.needsOf(since))
		return nil
	})
	return n
}

// needsOf is needs of one tier group.
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
	// What counted in the window of a level is summed up with all before, once that lies too far back.
	from := past[len(past)-1].from()
	n.All = d.p.Tiers.Window.Kind == LevelWindow && from.AddDate(0, MaxWindow-1, 0).Before(d.now)
	return n
}

// reachesBack returns from when on what counts is needed to decide again from an instant on, where a window of months
// reaches back to months that the account does not keep apart any more; false if it keeps all of them.
func (p *Program) reachesBack(acc Account, since time.Time) (from time.Time, ok bool) {
	_, cyclic := p.Tiers.cycle()
	if cyclic || p.Tiers.Months == 0 || p.Tiers.Window.Kind == LevelWindow {
		return from, false
	}
	first, _ := p.span(acc, since)
	if past := before(acc.standings(), since); len(past) > 0 && past[len(past)-1].manual() { // see lasting
		first = min(first, p.firstOf(past[len(past)-1].Since))
	}
	newest := DateOf(later(acc.Counted, since), p.Zone).Month() // also where that counts no longer
	return first.start(p.Zone), first.Month() < monthsBack(newest, p.Tiers.Months-1)
}

// firstOf returns the first day on which something counts at an instant in a window of months.
func (p *Program) firstOf(at time.Time) Date {
	return Date(monthsBack(DateOf(at, p.Zone).Month(), p.Tiers.Months-1)*100 + 1)
}

// changesTraits reports whether the entries change, from an instant on, what levels ask of the member. What it was
// before then, only earlier entries say.
func (h History) changesTraits(since time.Time) bool {
	return slices.ContainsFunc(h.Entries, func(e Entry) bool {
		if e.Kind != KindUpdateMember || e.Effective.Before(since) || len(e.Reasons) == 0 {
			return false
		}
		changed := strings.Join(e.Reasons[0].Args, " ")
		return slices.ContainsFunc([]string{"segments", "year_from", changedChannels}, func(what string) bool {
			return strings.Contains(changed, what)
		})
	})
}

// redecide decides one tier group again from an instant on. whole is the decision about the account.
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

// replay decides on a trial about all facts since an instant, in their order, and lets time pass until now.
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

// passVersions is passTiers where versions of the program took over from each other. p is the present one.
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

// sameGroup returns the program as the tier group of another version sees it; without levels if it has no such group.
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

// baseline returns the decision from which levels are decided again: about the account as it was before an instant.
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

// countBefore makes an account count what counted before an instant: what counts now without what happened since then
// or, where a window reaches back too far for that, what the facts say.
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

// count adds what a fact counts. window is how many months stay apart.
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

// uncount takes a fact out of what an account counts. acc is the account that counts it.
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

// A fact is something that levels depend on.
type fact struct {
	at      time.Time
	placed  time.Time // at which it counts, where it is reported as something that changed at another instant
	cause   Cause     // of what counts, without its revision; it orders the facts of one instant
	metrics []Metric
	brands  []Bought
	entry   *Entry // instead: what became known of the member, or a level that was set manually
}

// sum returns all that a fact counts, with the brands among the elements.
func (f fact) sum() Metric { return (&Account{Metrics: f.metrics, Brands: f.brands}).sum() }

// nothing reports whether what was counted counts no longer.
func (f fact) nothing() bool {
	brands := map[string]int64{}
	for _, b := range f.brands {
		if brands[b.Brand] += b.N; brands[b.Brand] == 0 {
			delete(brands, b.Brand)
		}
	}
	return f.entry == nil && f.sum().isZero() && len(brands) == 0
}

func (f fact) compare(g fact) int {
	return cmp.Or(f.at.Compare(g.at), cmp.Compare(f.cause.Kind, g.cause.Kind), cmp.Compare(f.cause.ID, g.cause.ID))
}

// facts returns what the entries say about the levels of a tier group, in the order in which it happened. What
// happened before the member joined counts from joining on. What an order counts, it counts from its placing on;
// where members keep levels on a refund, less counts from when that was recorded on, and so does what comes back
// later.
func (h History) facts(p *Program, joined time.Time) (all []fact) {
	counted, fell := map[Cause]int{}, map[Cause]bool{}
	for i := range h.Entries {
		e := &h.Entries[i]
		at, counts := e.counted()
		switch {
		case e.Kind == KindEnroll, e.Kind == KindUpdateMember, e.placed() && e.TierGroup == p.compiled.ladder:
			all = append(all, fact{at: e.Effective, entry: e})
		case counts:
			f := fact{at: later(at, joined), placed: later(at, joined), cause: Cause{Kind: e.Cause.Kind, ID: e.Cause.ID}}
			f.metrics, f.brands = e.counts(p.compiled.ladder)
			if p.Tiers.KeepOnRefund && (fell[f.cause] || f.sum().falls()) {
				f.at, fell[f.cause] = e.Recorded, true
				all = append(all, f)
				continue
			}
			n, known := counted[f.cause]
			if !known {
				counted[f.cause], all = len(all), append(all, f)
				continue
			}
			all[n].metrics = slices.Concat(all[n].metrics, f.metrics)
			all[n].brands = slices.Concat(all[n].brands, f.brands)
		}
	}
	slices.SortStableFunc(all, fact.compare)
	return all
}

// placed reports whether an entry is of a level that was set manually.
func (e *Entry) placed() bool {
	return e.Kind == KindMoveTier && len(e.Reasons) > 0 && e.Reasons[0].Kind == WasPlaced
}

// counted returns the instant at which what the entry counts towards levels happened; false if it counts nothing.
func (e *Entry) counted() (time.Time, bool) {
	switch {
	case e.Metric == nil && len(e.Brands) == 0 && len(e.Counts) == 0:
	case e.Order != nil:
		return e.Order.Order.PlacedAt, true
	case e.Event != nil:
		return e.Event.Event.At, true
	}
	return time.Time{}, false
}

// counts returns what an entry counts towards the levels of a tier group.
func (e *Entry) counts(ladder string) (metrics []Metric, brands []Bought) {
	if ladder == "" {
		if e.Metric != nil {
			metrics = append(metrics, *e.Metric)
		}
		return metrics, e.Brands
	}
	for _, c := range e.Counts {
		if c.TierGroup == ladder {
			metrics, brands = append(metrics, c.Metric), append(brands, c.Brands...)
		}
	}
	return metrics, brands
}

// happens decides about the levels by one fact.
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

// placement returns the placement that led to a standing.
func placement(s Standing) Placement {
	in := Placement{Level: s.Level, Permanent: s.Minimum != ""}
	if s.Given {
		in.Until, in.Locked = s.Until, s.Lock.Equal(s.Until)
	}
	return in
}

// adopt posts what a trial from an instant on has found, where it differs from what the account has.
func (d *decision) adopt(t *decision, h History, since time.Time) error {
	changes := d.bonusChanges(since, t.trial.bonuses)
	if err := d.rejudge(t, h, since, changes.redated); err != nil {
		return err
	}
	return changes.settle(d)
}

// rejudge posts the standings of a trial, where they differ from those of the account.
func (d *decision) rejudge(t *decision, h History, since time.Time, redated []Reached) error {
	was, is := d.Account.Tier, t.Account.Tier
	r := Redecision{From: since}
	for _, s := range trimmed(t.Account.Past, is, d.now) {
		if !s.decided().Before(since) {
			r.Past = append(r.Past, s)
		}
	}
	e := Entry{Kind: KindMoveTier, Effective: d.now, Standing: &is, Redecided: &r, Counts: d.recount(t, h.All), Redated: redated}
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

// unbounded is a window of months that keeps all of them apart.
const unbounded = 12 * 10_000

// trialWindow returns how many months a trial keeps apart. It keeps all of a window of months, because a level that is set
// manually later needs months from before; see recount.
func (d *decision) trialWindow() int {
	if d.p.rolls() {
		return unbounded
	}
	return d.p.apart(d.Account)
}

// rolls reports whether levels go by the latest months.
func (p *Program) rolls() bool {
	_, cyclic := p.Tiers.cycle()
	return !cyclic && p.Tiers.Months > 0 && p.Tiers.Window.Kind != LevelWindow
}

// recount returns what moves between the windows of levels, where those began at other instants in a trial. all says that
// the trial has seen all entries: then months count again that were summed up before the level became a manual one again.
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
	for _, m := range slices.Backward(change) { // the newest first: only the newest window is kept however old it is
		out = append(out, TierGroupCount{TierGroup: ladder, Metric: m, Window: window})
	}
	for _, b := range slices.Backward(brands) {
		out = append(out, TierGroupCount{TierGroup: ladder, Brands: []Bought{b}, Window: window})
	}
	return out
}
