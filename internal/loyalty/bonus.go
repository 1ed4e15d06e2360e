package loyalty

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// A bonus is the entry bonus of a level that was reached at an instant.
type bonus struct {
	level   string
	key     string // as Grant.Rule
	points  Points
	at      time.Time
	expires Date
}

// vacant returns the record in which the account stores a bonus that is given now. It reuses the record of a withdrawn
// bonus if there is one, preferably for the same promotion. The points then return to where they were taken from.
func (d *decision) vacant(b bonus) Reached {
	next := Reached{Grant: Grant{Rule: b.key}}
	var free []Reached
	for _, r := range d.Account.Reached {
		if r.Grant.Rule != b.key {
			continue
		}
		if next.N = max(next.N, r.N+1); r.Grant.Worth == 0 {
			free = append(free, r)
		}
	}
	if at := slices.IndexFunc(free, func(r Reached) bool { return r.At.Equal(b.at) }); at >= 0 {
		return free[at]
	}
	if len(free) > 0 {
		return free[0]
	}
	return next
}

// payBonus posts a bonus.
func (d *decision) payBonus(r Reached, b bonus) error {
	e, main := d.bonusEntry(KindEarn, &r, b.at), d.main()
	e = main.asOf(d.posted(), func() Entry { return main.giveBonus(e, &r, b) })
	e.Reasons = append([]Reason{NewReason(b.key, points(b.points), IsEntryBonus, b.level)}, e.Reasons...)
	return d.postBonus(lostToExpiry(issued(e)))
}

// giveBonus gives the points of a bonus that were not given yet.
func (d *decision) giveBonus(e Entry, r *Reached, b bonus) Entry {
	g, n, was := &r.Grant, b.points-r.Grant.Worth, d.where(r.Grant)
	*r = r.dated(b)
	e, n = d.revive(e, g, was, n)
	e = d.giveBack(e, n, g, time.Time{})
	g.Worth = b.points
	return e
}

// moveBonus moves the points of a bonus to the lot of another instant.
func (d *decision) moveBonus(e Entry, r *Reached, b bonus) Entry {
	g, n, was := &r.Grant, r.Grant.Worth, d.where(r.Grant)
	e = d.clawBack(e, n, g)
	*r = r.dated(b)
	e, n = d.revive(e, g, was, n)
	e = issued(d.giveBack(e, n, g, time.Time{}))
	e.Postings = added(e.Postings)
	return e
}

// posted returns the instant at which points move. It is the present if an earlier fact was reported late.
func (d *decision) posted() time.Time {
	if d.present.IsZero() {
		return d.now
	}
	return d.present
}

// asOf calls complete with the decision's current instant set to at.
func (d *decision) asOf(at time.Time, complete func() Entry) Entry {
	now := d.now
	defer func() { d.now = now }()
	d.now = at
	return complete()
}

// dated returns the record as of the promotion of b.
func (r Reached) dated(b bonus) Reached {
	r.At, r.Grant.ActiveAt, r.Grant.Expires = b.at, b.at, b.expires
	return r
}

// revive restores points of a bonus that expired in an earlier lot, unless the lot to which they belong now has expired
// too. It returns the number of points that are still to be given.
func (d *decision) revive(e Entry, g *Grant, was Date, n Points) (Entry, Points) {
	part := min(n, g.Expired)
	if part == 0 || was == d.where(*g) || d.p.lapsed(d.where(*g), d.now) {
		return e, n
	}
	g.Expired, g.ExpiredOn = g.Expired-part, g.ExpiredOn-part
	e.WriteOffs = append(e.WriteOffs, WriteOff{g.Wallet, was, -part})
	e.Postings = append(e.Postings, Posting{Wallet: g.Wallet, Bucket: BucketExpired, Lot: was, Points: -part})
	e.Postings = d.activate(e.Postings, g.Wallet, part, d.where(*g), d.now)
	return e, n - part
}

// withdraw takes back a bonus whose level was not reached after all.
func (d *decision) withdraw(r Reached) error {
	e := d.bonusEntry(KindClawback, &r, d.now)
	g := &r.Grant
	e.Reasons = []Reason{NewReason(
		g.Rule, points(-g.Worth), EntryBonusWithdrawn, strings.TrimPrefix(g.Rule, d.p.levelKey("")),
	)}
	e = d.main().clawBack(e, g.Worth, g)
	g.Worth = 0
	return d.postBonus(issued(e))
}

// redate moves the points of a bonus to the lot of another promotion to the same level. It moves the points that are
// still in the first lot or expired with it.
func (d *decision) redate(x bonusPair) error {
	r, main := x.given, d.main()
	e := d.bonusEntry(KindEarn, &r, d.now)
	e = main.moveBonus(e, &r, x.wanted)
	until := x.wanted.expires.String()
	e.Reasons = []Reason{NewReason(r.Grant.Rule, points(moved(e.Postings)), WasRedated, x.wanted.level, until)}
	return d.postBonus(lostToExpiry(e))
}

// moved returns by how much postings change the member's points in the main wallet, including points that expire at
// once.
func moved(all []Posting) (sum Points) {
	for _, p := range all {
		if p.Wallet == "" && (p.Bucket.counts() || p.Bucket == BucketExpired && p.Points > 0) {
			sum += p.Points
		}
	}
	return sum
}

// added returns the postings with those that differ only in points added up, without those that become zero.
func added(all []Posting) (out []Posting) {
	for _, p := range all {
		same := func(q Posting) bool { q.Points = p.Points; return q == p }
		if at := slices.IndexFunc(out, same); at >= 0 {
			out[at].Points += p.Points
			continue
		}
		out = append(out, p)
	}
	return slices.DeleteFunc(out, func(p Posting) bool { return p.Points == 0 })
}

// bonusEntry begins the next entry about a bonus. Each promotion has a separate cause, so that no promotion gives its
// bonus twice.
func (d *decision) bonusEntry(kind Kind, r *Reached, at time.Time) Entry {
	r.Revision++
	id := string(d.Account.Member) + ":" + d.p.levelID(strings.TrimPrefix(r.Grant.Rule, d.p.levelKey("")))
	if r.N > 0 {
		id += ":" + strconv.Itoa(r.N+1)
	}
	return Entry{Kind: kind, Effective: at, Cause: Cause{CauseTierChange, id, r.Revision}, Reached: r}
}

// postBonus posts an entry about a bonus, and redeems the automatic reward if enough points became active.
func (d *decision) postBonus(e Entry) error {
	if err := d.post(e); err != nil {
		return err
	}
	main := d.main()
	err := main.autoRedeem(d.posted())
	if d.whole != nil {
		d.Account = d.p.view(main.Account)
	}
	return err
}

// A bonusPair is a bonus that was given and the bonus that should replace it.
type bonusPair struct {
	given  Reached
	wanted bonus
}

// bonusChanges are the changes to the bonuses for promotions since an instant.
type bonusChanges struct {
	withdraw []Reached
	move     []bonusPair // to another lot
	redated  []Reached   // as of another instant, in the same lot
	give     []bonus
}

// bonusChanges compares the bonuses that were given for promotions since an instant with the bonuses that a trial
// found. For each level, it pairs bonuses for the same promotion first, then the others in their order.
func (d *decision) bonusChanges(since time.Time, wanted []bonus) (out bonusChanges) {
	given := slices.DeleteFunc(slices.Clone(d.Account.Reached), func(r Reached) bool {
		return !strings.HasPrefix(r.Grant.Rule, d.p.levelKey("")) || r.Grant.Worth == 0 || r.At.Before(since)
	})
	wanted = slices.DeleteFunc(slices.Clone(wanted), func(b bonus) bool { return d.Account.forgot(b) })
	for _, same := range []bool{true, false} {
		wanted = slices.DeleteFunc(wanted, func(b bonus) bool {
			at := slices.IndexFunc(given, func(r Reached) bool {
				return r.Grant.Rule == b.key && (r.At.Equal(b.at) || !same)
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

// forgot reports whether the account no longer remembers what happened to a bonus.
func (a *Account) forgot(b bonus) bool {
	n, numbers, earliest := 0, 0, time.Time{}
	for _, r := range a.Reached {
		if r.Grant.Rule == b.key {
			n, numbers, earliest = n+1, max(numbers, r.N+1), soonest(earliest, r.At)
		}
	}
	return n < numbers && b.at.Before(earliest)
}

// pair records that a bonus was replaced by another one.
func (x *bonusChanges) pair(d *decision, r Reached, b bonus) {
	main := d.main()
	from := main.where(r.Grant)
	b.expires = main.notBefore(from, b.expires)
	to := main.where(r.dated(b).Grant)
	switch {
	case from != to && !(main.p.lapsed(from, d.now) && main.p.lapsed(to, d.now)):
		x.move = append(x.move, bonusPair{r, b})
	case !r.At.Equal(b.at):
		x.redated = append(x.redated, r.dated(b))
	}
}

// leastNotice is the minimum time that a member has to spend points whose expiry moves to an earlier day.
var leastNotice = Period{Days: 14}

// notBefore returns the new expiry day of points that were to expire on the day was and should expire on the day is. If
// is comes first, the member has at least the program's period of advance notice and leastNotice to spend the points,
// but never longer than until was.
func (d *decision) notBefore(was, is Date) Date {
	if is == 0 || is.Slides() || was.Slides() || is.Compare(was) >= 0 {
		return is
	}
	if to := max(is, d.p.leastDay(d.now)); to.Compare(was) < 0 {
		return to
	}
	return was
}

// leastDay returns the earliest day on which points may expire that lose their protection now.
func (p *Program) leastDay(now time.Time) Date {
	return max(
		DateOf(leastNotice.After(now, p.Zone), p.Zone), DateOf(p.AdvanceNotice.Period.After(now, p.Zone), p.Zone),
	)
}

// settle posts the changes except redated, which the entry about the standing contains.
func (x bonusChanges) settle(d *decision) error {
	for _, r := range x.withdraw {
		if err := d.withdraw(r); err != nil {
			return err
		}
	}
	for _, pair := range x.move {
		if err := d.redate(pair); err != nil {
			return err
		}
	}
	for _, b := range x.give {
		if err := d.payBonus(d.vacant(b), b); err != nil {
			return err
		}
	}
	return nil
}
