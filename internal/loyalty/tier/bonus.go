package tier

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
	"github.com/perennial-loyalty/perennial/internal/loyalty/redeem"
)

// Vacant returns the record in which the account stores an entry bonus that is given now. If there is a record of a
// withdrawn bonus of the same level, preferably for the same promotion, it reuses that record. The points then return
// to the lots from which they were taken.
func Vacant(d *posting.Decision, b posting.Bonus) loyalty.Reached {
	next := loyalty.Reached{Grant: loyalty.Grant{Rule: b.Key}}
	var free []loyalty.Reached
	for _, r := range d.Account.Reached {
		if r.Grant.Rule != b.Key {
			continue
		}
		if next.N = max(next.N, r.N+1); r.Grant.Worth == 0 {
			free = append(free, r)
		}
	}
	if len(free) == 0 {
		return next
	}
	return free[max(0, slices.IndexFunc(free, func(r loyalty.Reached) bool { return r.At.Equal(b.At) }))]
}

// payBonus posts the entry that gives an entry bonus.
func payBonus(d *posting.Decision, r loyalty.Reached, b posting.Bonus) error {
	e, main := bonusEntry(d, loyalty.KindEarn, &r, b.At), main(d)
	e = asOf(main, posted(d), func() loyalty.Entry { return GiveBonus(main, e, &r, b) })
	e.Reasons = append(
		[]loyalty.Reason{loyalty.NewReason(b.Key, loyalty.FormatPoints(b.Points), loyalty.IsEntryBonus, b.Level)},
		e.Reasons...,
	)
	return postBonus(d, posting.LostToExpiry(posting.WithIssued(e)))
}

// GiveBonus adds to the entry the points of a bonus that were not given yet.
func GiveBonus(d *posting.Decision, e loyalty.Entry, r *loyalty.Reached, b posting.Bonus) loyalty.Entry {
	g, n, was := &r.Grant, b.Points-r.Grant.Worth, d.Where(r.Grant)
	*r = WithPromotion(*r, b)
	e, n = revive(d, e, g, was, n)
	e = posting.GiveBack(d, e, n, g, time.Time{})
	g.Worth = b.Points
	return e
}

// MoveBonus moves the points of an entry bonus to another lot, because the instant at which the level was reached has
// changed. It adds the postings to the entry.
func MoveBonus(d *posting.Decision, e loyalty.Entry, r *loyalty.Reached, b posting.Bonus) loyalty.Entry {
	g, n, was := &r.Grant, r.Grant.Worth, d.Where(r.Grant)
	e = posting.ClawBack(d, e, n, g)
	*r = WithPromotion(*r, b)
	e, n = revive(d, e, g, was, n)
	e = posting.WithIssued(posting.GiveBack(d, e, n, g, time.Time{}))
	e.Postings = added(e.Postings)
	return e
}

// posted returns the instant at which points move. It is the present, even if a late report requires a decision about
// an earlier instant.
func posted(d *posting.Decision) time.Time {
	if d.Present.IsZero() {
		return d.Now
	}
	return d.Present
}

// asOf calls a function while the present instant of the decision is replaced by the given instant.
func asOf(d *posting.Decision, at time.Time, complete func() loyalty.Entry) loyalty.Entry {
	now := d.Now
	defer func() { d.Now = now }()
	d.Now = at
	return complete()
}

// WithPromotion returns the record of a bonus with the instant and the expiry of another bonus, whose promotion
// replaces the recorded one.
func WithPromotion(r loyalty.Reached, b posting.Bonus) loyalty.Reached {
	r.At, r.Grant.ActiveAt, r.Grant.Expires = b.At, b.At, b.Expires
	return r
}

// revive restores points of a bonus that expired in an earlier lot, unless the lot to which they belong now has expired
// too. It returns the number of points that must still be given.
func revive(
	d *posting.Decision, e loyalty.Entry, g *loyalty.Grant, was calendar.Date, n loyalty.Points,
) (loyalty.Entry, loyalty.Points) {
	part := min(n, g.Expired)
	if part == 0 || was == d.Where(*g) || posting.IsExpired(d.P.Zone, d.Where(*g), d.Now) {
		return e, n
	}
	g.Expired, g.ExpiredOn = g.Expired-part, g.ExpiredOn-part
	e.WriteOffs = append(e.WriteOffs, loyalty.WriteOff{Wallet: g.Wallet, Lot: was, Points: -part})
	e.Postings = append(
		e.Postings, loyalty.Posting{Wallet: g.Wallet, Bucket: loyalty.BucketExpired, Lot: was, Points: -part},
	)
	e.Postings = d.Activate(e.Postings, g.Wallet, part, d.Where(*g), d.Now)
	return e, n - part
}

// withdraw takes back the bonus of a level that the member has not reached according to the repeated decision.
func withdraw(d *posting.Decision, r loyalty.Reached) error {
	e := bonusEntry(d, loyalty.KindClawback, &r, d.Now)
	g := &r.Grant
	e.Reasons = []loyalty.Reason{loyalty.NewReason(
		g.Rule, loyalty.FormatPoints(-g.Worth), loyalty.EntryBonusWithdrawn,
		strings.TrimPrefix(g.Rule, Of(d.P).LevelKey("")),
	)}
	e = posting.ClawBack(main(d), e, g.Worth, g)
	g.Worth = 0
	return postBonus(d, posting.WithIssued(e))
}

// redate moves the points of a bonus to the lot of another promotion to the same level. It moves only points that are
// still in the first lot, or that expired with it.
func redate(d *posting.Decision, x bonusPair) error {
	r, main := x.given, main(d)
	e := bonusEntry(d, loyalty.KindEarn, &r, d.Now)
	e = MoveBonus(main, e, &r, x.wanted)
	until := x.wanted.Expires.String()
	e.Reasons = []loyalty.Reason{
		loyalty.NewReason(
			r.Grant.Rule, loyalty.FormatPoints(MovedPoints(e.Postings)), loyalty.WasRedated, x.wanted.Level, until,
		),
	}
	return postBonus(d, posting.LostToExpiry(e))
}

// MovedPoints returns how many points the postings add to the member's main wallet, including points that expire
// immediately.
func MovedPoints(all []loyalty.Posting) (sum loyalty.Points) {
	for _, p := range all {
		switch {
		case p.Wallet != "":
		case p.Bucket.Counts():
			sum += p.Points
		case p.Bucket == loyalty.BucketExpired:
			sum += max(0, p.Points)
		}
	}
	return sum
}

// added merges postings that differ only in their points, and removes those whose points are zero.
func added(all []loyalty.Posting) (out []loyalty.Posting) {
	for _, p := range all {
		same := func(q loyalty.Posting) bool { q.Points = p.Points; return q == p }
		if at := slices.IndexFunc(out, same); at >= 0 {
			out[at].Points += p.Points
			continue
		}
		out = append(out, p)
	}
	return slices.DeleteFunc(out, func(p loyalty.Posting) bool { return p.Points == 0 })
}

// bonusEntry returns the next entry about a bonus, without postings. Each promotion has a separate cause, so that no
// promotion gives its bonus twice.
func bonusEntry(d *posting.Decision, kind loyalty.Kind, r *loyalty.Reached, at time.Time) loyalty.Entry {
	r.Revision++
	id := string(d.Account.Member) + ":" + Of(d.P).levelID(strings.TrimPrefix(r.Grant.Rule, Of(d.P).LevelKey("")))
	if r.N > 0 {
		id += ":" + strconv.Itoa(r.N+1)
	}
	return loyalty.Entry{
		Kind: kind, Effective: at, Cause: loyalty.Cause{Kind: loyalty.CauseTierChange, ID: id, Revision: r.Revision},
		Detail: loyalty.Detail{Subject: loyalty.Subject{Reached: r}},
	}
}

// postBonus posts an entry about a bonus, and redeems the automatic reward if enough points became active.
func postBonus(d *posting.Decision, e loyalty.Entry) error {
	if err := d.Post(e); err != nil {
		return err
	}
	main := main(d)
	err := redeem.AutoRedeem(main, posted(d))
	d.Account = posting.GroupView(&d.P.Tiers, main.Account)
	return err
}

// A bonusPair is a bonus that was given and the bonus that should replace it.
type bonusPair struct {
	given  loyalty.Reached
	wanted posting.Bonus
}

// bonusChanges are the changes to the entry bonuses for promotions since an instant, after levels were decided again.
type bonusChanges struct {
	withdraw []loyalty.Reached
	move     []bonusPair       // bonuses that move to another lot
	redated  []loyalty.Reached // records whose promotion has another instant, but whose points stay in the same lot
	give     []posting.Bonus
}

// findBonusChanges compares the bonuses that were given for promotions since an instant with the bonuses that result
// from deciding the levels again (wanted). For each level, it first pairs bonuses for the same promotion, then the
// others in sequence.
func findBonusChanges(d *posting.Decision, since time.Time, wanted []posting.Bonus) (out bonusChanges) {
	given := slices.DeleteFunc(slices.Clone(d.Account.Reached), func(r loyalty.Reached) bool {
		return !strings.HasPrefix(r.Grant.Rule, Of(d.P).LevelKey("")) || r.Grant.Worth == 0 || r.At.Before(since)
	})
	wanted = slices.DeleteFunc(slices.Clone(wanted), func(b posting.Bonus) bool { return isForgotten(&d.Account, b) })
	for _, same := range []bool{true, false} {
		wanted = slices.DeleteFunc(wanted, func(b posting.Bonus) bool {
			at := slices.IndexFunc(given, func(r loyalty.Reached) bool {
				return r.Grant.Rule == b.Key && (r.At.Equal(b.At) || !same)
			})
			if at >= 0 {
				out.pair(d, given[at], b)
				given = slices.Delete(given, at, at+1)
			}
			return at >= 0
		})
	}
	out.withdraw, out.give = given, wanted
	return out
}

// isForgotten reports whether the account may have had a record of a bonus and removed it.
func isForgotten(a *loyalty.Account, b posting.Bonus) bool {
	n, numbers, earliest := 0, 0, time.Time{}
	for _, r := range a.Reached {
		if r.Grant.Rule == b.Key {
			n, numbers, earliest = n+1, max(numbers, r.N+1), calendar.Soonest(earliest, r.At)
		}
	}
	return n < numbers && b.At.Before(earliest)
}

// pair records how a bonus that was given changes to the wanted one.
func (x *bonusChanges) pair(d *posting.Decision, r loyalty.Reached, b posting.Bonus) {
	main := main(d)
	from := main.Where(r.Grant)
	b.Expires = NotBefore(main, from, b.Expires)
	to := main.Where(WithPromotion(r, b).Grant)
	switch {
	case from != to && !(posting.IsExpired(main.P.Zone, from, d.Now) && posting.IsExpired(main.P.Zone, to, d.Now)):
		x.move = append(x.move, bonusPair{r, b})
	case !r.At.Equal(b.At):
		x.redated = append(x.redated, WithPromotion(r, b))
	}
}

// leastNotice is the minimum time for which points can still be spent when their expiry moves to an earlier day.
var leastNotice = calendar.Period{Days: 14}

// NotBefore returns the expiry day of points whose expiry changes from an old day to a new one. If the new day is
// earlier, the member still has the program's period of advance notice, and at least leastNotice, to spend the points.
// The result is never later than the old day.
func NotBefore(d *posting.Decision, was, is calendar.Date) calendar.Date {
	if was.Slides() {
		return is
	}
	earliest := slices.MinFunc([]calendar.Date{max(is, Of(d.P).leastDay(d.Now)), was}, calendar.Date.Compare)
	return slices.MaxFunc([]calendar.Date{is, earliest}, calendar.Date.Compare)
}

// leastDay returns the earliest day on which points may expire if they lose their protection now.
func (r Rules) leastDay(now time.Time) calendar.Date {
	return max(
		calendar.DateOf(leastNotice.After(now, r.Zone), r.Zone),
		calendar.DateOf(r.AdvanceNotice.Period.After(now, r.Zone), r.Zone),
	)
}

// settle posts all changes except those in redated. The entry about the standing posts these.
func (x bonusChanges) settle(d *posting.Decision) error {
	for _, r := range x.withdraw {
		if err := withdraw(d, r); err != nil {
			return err
		}
	}
	for _, pair := range x.move {
		if err := redate(d, pair); err != nil {
			return err
		}
	}
	for _, b := range x.give {
		if err := payBonus(d, Vacant(d, b), b); err != nil {
			return err
		}
	}
	return nil
}
