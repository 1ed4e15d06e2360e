package tier

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// ChangesTraits reports whether an entry since an instant changes traits on which levels depend. In that case, the
// previous traits must be read from earlier entries.
func (h History) ChangesTraits(since time.Time) bool {
	return slices.ContainsFunc(h.Entries, func(e loyalty.Entry) bool {
		if e.Kind != loyalty.KindUpdateMember || e.Effective.Before(since) || len(e.Reasons) == 0 {
			return false
		}
		changed := strings.Join(e.Reasons[0].Args, " ")
		return slices.ContainsFunc([]string{
			"segments", "membership_year_start", ChangedChannels,
		}, func(what string) bool {
			return strings.Contains(changed, what)
		})
	})
}

// Redecide decides the levels of Tiers or of one tier group again from an instant on, and posts the difference. The
// parameter whole is the decision about the whole account.
func Redecide(d *posting.Decision, h History, since time.Time, whole *posting.Decision) error {
	if len(d.P.Tiers.Levels) == 0 {
		return nil
	}
	facts := h.Facts(Of(d.P), d.Account.Joined)
	t := Baseline(d, h, facts, since)
	t.Trial = &posting.Trial{Whole: whole}
	if err := Replay(d, t, h, facts, since); err != nil {
		return err
	}
	return adopt(d, t, h, since)
}

// Replay applies all facts since an instant, in order, to the decision t, which posts nothing (posting.Trial). It then
// applies the level changes that become due until now.
func Replay(d *posting.Decision, t *posting.Decision, h History, facts []Fact, since time.Time) error {
	for _, f := range facts {
		if f.At.Before(since) || f.nothing() {
			continue
		}
		if err := passVersions(t, h, d.P, calendar.Earlier(f.At, d.Now)); err != nil {
			return err
		}
		t.Now = f.At
		if err := happens(t, f); err != nil {
			return err
		}
		t.Account.Seen = calendar.Later(t.Account.Seen, f.At)
	}
	return passVersions(t, h, d.P, d.Now)
}

// passVersions is like passTiers, but applies the program version that was in force at each instant. The parameter p is
// the present version.
func passVersions(d *posting.Decision, h History, p *loyalty.Program, until time.Time) error {
	for _, v := range h.Versions {
		if !d.Now.Before(v.Until) {
			continue
		}
		d.P = sameGroup(v.Program, p)
		if !v.Until.After(until) {
			if err := passTiers(d, v.Until.Add(-1)); err != nil {
				return err
			}
			continue
		}
		return passTiers(d, until)
	}
	d.P = p
	return passTiers(d, until)
}

// sameGroup returns the copy of program p for decisions about the same tier group as q. If q is not such a copy, it
// returns p itself. The result has no levels if the program has no such tier group.
func sameGroup(p *loyalty.Program, q *loyalty.Program) *loyalty.Program {
	if q.Tiers.Group == "" {
		return p
	}
	if v, _, ok := TierGroupStanding(p, loyalty.Account{}, q.Tiers.Group); ok {
		return v
	}
	v := *p
	v.Tiers = loyalty.Tiers{Group: q.Tiers.Group}
	return &v
}

// Baseline returns a decision about the account as it was before an instant. From there, the levels are decided again.
func Baseline(d *posting.Decision, h History, facts []Fact, since time.Time) *posting.Decision {
	acc := d.Account
	base := loyalty.Account{
		Member: acc.Member, Status: acc.Status, Joined: acc.Joined, Traits: acc.Traits, Notices: acc.Notices,
		Seen: since.Add(-1), Tier: posting.FirstStanding(&d.P.Tiers, acc),
	}
	base.Reached = slices.DeleteFunc(slices.Clone(acc.Reached), func(r loyalty.Reached) bool {
		return r.Grant.Worth == 0 || !r.At.Before(since)
	})
	if !h.All {
		past := posting.StandingsBefore(Standings(&acc), since)
		base.Past, base.Tier = past[:len(past)-1], past[len(past)-1]
		countBefore(&base, d, facts, since)
	}
	return posting.Decide(d.P, base, since)
}

// countBefore sets the metrics of an account to their values before an instant. These are the present metrics without
// the facts since then. If the account no longer stores all months of the window separately, countBefore computes them
// from the facts.
func countBefore(a *loyalty.Account, d *posting.Decision, facts []Fact, since time.Time) {
	if from, ok := Of(d.P).ReachesBack(d.Account, since); ok {
		for _, f := range facts {
			if f.At.Before(since) && !f.At.Before(from) {
				Of(d.P).count(a, f, Of(d.P).Apart(*a))
			}
		}
		return
	}
	a.Metrics, a.Brands = d.Account.Metrics, d.Account.Brands
	for _, f := range facts {
		if !f.At.Before(since) {
			Of(d.P).uncount(a, d.Account, f)
		}
	}
}

// count adds the metrics and brands of a fact to an account. The parameter window is the number of months that the
// account stores separately.
func (r Windows) count(a *loyalty.Account, f Fact, window int) {
	for _, m := range f.Metrics {
		m.Month = r.rebucketed(*a, m.Month, f.placed)
		a.Metrics = posting.AddMetric(a.Metrics, m, window)
	}
	for _, b := range f.Brands {
		b.Month = r.rebucketed(*a, b.Month, f.placed)
		a.Brands = posting.AddBrand(a.Brands, b, window)
	}
}

// uncount removes the metrics and brands of a fact from an account. The parameter acc is the present account, which
// includes them.
func (r Windows) uncount(a *loyalty.Account, acc loyalty.Account, f Fact) {
	for _, m := range f.Metrics {
		m.Month = r.rebucketed(acc, m.Month, f.placed)
		a.Metrics = posting.AddMetric(a.Metrics, loyalty.Metric{Month: m.Month}.Less(m), r.Apart(acc))
	}
	for _, b := range f.Brands {
		b.Month, b.N = r.rebucketed(acc, b.Month, f.placed), -b.N
		a.Brands = posting.AddBrand(a.Brands, b, r.Apart(acc))
	}
}

// happens applies one fact to a decision and decides the level that results.
func happens(d *posting.Decision, f Fact) error {
	switch {
	case f.Entry == nil:
		if Of(d.P).count(&d.Account, f, TrialWindow(d)); d.P.Tiers.KeepOnRefund && falls(f.sum()) {
			return nil
		}
		return climbNow(d)
	case SetsManually(f.Entry):
		return setTier(d, "", placement(*f.Entry.Standing))
	}
	d.Account.Traits = loyalty.Traits{}
	if t := f.Entry.Traits; t != nil {
		d.Account.Traits = *t
	}
	return floorTier(d)
}

// placement returns the Placement with which a standing was set manually.
func placement(s loyalty.Standing) Placement {
	in := Placement{Level: s.Level, Permanent: s.Minimum != ""}
	if s.Given {
		in.Until, in.Locked = s.Until, s.Lock.Equal(s.Until)
	}
	return in
}

// adopt posts the differences between the account and t, in which the levels were decided again from an instant on.
func adopt(d *posting.Decision, t *posting.Decision, h History, since time.Time) error {
	changes := findBonusChanges(d, since, t.Trial.Bonuses)
	if err := rejudge(d, t, h, since, changes.redated); err != nil {
		return err
	}
	return changes.settle(d)
}

// rejudge posts the standings of t, in which levels were decided again, if they differ from those of the account.
func rejudge(d *posting.Decision, t *posting.Decision, h History, since time.Time, redated []loyalty.Reached) error {
	was, is := d.Account.Tier, t.Account.Tier
	r := loyalty.Redecision{From: since}
	for _, s := range posting.TrimStandings(t.Account.Past, is, d.Now) {
		if !s.Decided().Before(since) {
			r.Past = append(r.Past, s)
		}
	}
	e := loyalty.Entry{
		Kind: loyalty.KindMoveTier, Effective: d.Now,
		Detail: loyalty.Detail{
			LevelEffects: loyalty.LevelEffects{
				Standing: &is, Redecided: &r, Counts: recount(d, t, h.All), Redated: redated,
			},
		},
	}
	same := was == is && slices.Equal(
		posting.PastStandings(e, d.Account.Past, was), posting.TrimStandings(d.Account.Past, was, d.Now),
	)
	if same && len(e.Counts)+len(redated) == 0 {
		return nil
	}
	n := strconv.FormatInt(d.Account.Sequence, 10)
	e.Cause = d.OwnCause(
		loyalty.CauseTier, Of(d.P).levelID(is.Level)+":"+d.Now.UTC().Format(posting.CauseTimeLayout)+":"+n,
	)
	e.Reasons = []loyalty.Reason{why(d, was, is)}
	if !unprotect(d, &e, h, t, is.Level) {
		posting.SlideAtLevel(d, &e, is.Level, d.Now)
	}
	return d.Post(e)
}

// why returns the reason for a standing that was decided again.
func why(d *posting.Decision, was, is loyalty.Standing) loyalty.Reason {
	key := Of(d.P).LevelKey(is.Level)
	cause := main(d).Entries[0].Cause
	switch from, to := d.P.Tiers.LevelIndex(was), d.P.Tiers.LevelIndex(is); {
	case to < from:
		return loyalty.NewReason(key, "0", loyalty.WasWithdrawn, was.Level, is.Level, cause.Kind+" "+cause.ID)
	case to > from:
		n, window := Of(d.P).Measure(d.Account, d.Now)
		return loyalty.NewReason(key, "0", loyalty.HasMoved, was.Level, is.Level, "reached", n, window)
	}
	return loyalty.NewReason(key, "0", loyalty.WasRedecided, is.Level, cause.Kind+" "+cause.ID)
}

// Unbounded is a number of months that is greater than any account's history, so that every month is stored separately.
const Unbounded = 12 * 10_000

// TrialWindow returns for how many months the account stores separate amounts while levels are decided again. For a
// rolling window, it is every month, because a level that is set manually later needs earlier months; see recount.
func TrialWindow(d *posting.Decision) int {
	if Of(d.P).Rolls() {
		return Unbounded
	}
	return Of(d.P).Apart(d.Account)
}

// recount returns the amounts that move between buckets because levels were decided again in t, and the windows of
// these levels now begin at other instants. The parameter all states that t is based on all entries. In that case, if
// the present level was set manually, recount also returns the amounts of months that the account had merged.
func recount(d *posting.Decision, t *posting.Decision, all bool) (out []loyalty.TierGroupCount) {
	manual := d.P.Tiers.Months > 0 && t.Account.Tier.Manual() && all
	if d.P.Tiers.Window.Kind != loyalty.LevelWindow && !manual {
		return nil
	}
	var change []loyalty.Metric
	for _, m := range t.Account.Metrics {
		change = posting.AddMetric(change, m, Of(d.P).Apart(t.Account))
	}
	var brands []loyalty.Bought
	for _, b := range t.Account.Brands {
		brands = posting.AddBrand(brands, b, Of(d.P).Apart(t.Account))
	}
	for _, m := range d.Account.Metrics {
		change = posting.AddMetric(change, loyalty.Metric{Month: m.Month}.Less(m), Unbounded)
	}
	for _, b := range d.Account.Brands {
		b.N = -b.N
		brands = posting.AddBrand(brands, b, Unbounded)
	}
	group, window := d.P.Tiers.Group, Of(d.P).Apart(t.Account)
	// The newest bucket comes first, because only the newest window is stored separately regardless of its age.
	for _, m := range slices.Backward(change) {
		out = append(out, loyalty.TierGroupCount{TierGroup: group, Metric: m, Window: window})
	}
	for _, b := range slices.Backward(brands) {
		out = append(out, loyalty.TierGroupCount{TierGroup: group, Brands: []loyalty.Bought{b}, Window: window})
	}
	return out
}
