package loyalty

import (
	"slices"
	"time"
)

// Activities
//
// Points may expire some time after the member's last activity (Expiry.Inactive): an order that counts, a redemption that
// is committed, or an event. An order that is canceled or refunded in full was no activity, and neither was a reservation
// that is canceled or expires. An activity that counts no longer moves points back to where the latest remaining activity
// has them expire; one that counts again, or is reported late, also returns points that expired since it happened.

// An ActivityChange is an activity that counts from an entry on, or no longer.
type ActivityChange struct {
	At        time.Time // when it happened
	Withdrawn bool
}

// maxActivities is how many of the latest activities an account remembers: a bound on its size. Where more than these
// are withdrawn, points expire as after the earliest of them.
const maxActivities = 4

// isActivity reports whether something is an activity that moves on the points that expire by inactivity.
func (p *Program) isActivity(what string) bool {
	e := p.Earn.Expires
	return e.Inactive && slices.Contains(e.ResetBy, what)
}

// active adds an activity to an entry, which lets points expire later that expire by inactivity: all of them on the
// same day, and none earlier than before. Points of a level that never expire stop sliding. It returns that day: forever
// where they stop, and slides where the points of the level have days of their own.
func (d *decision) active(e *Entry, at time.Time) Date {
	e.Activity = &ActivityChange{At: at}
	to := d.slidesTo(at)
	if to != 0 && !to.Slides() {
		return slides
	}
	d.unexpire(e, to, at)
	d.slide(e, to)
	if to == 0 {
		return forever
	}
	return to
}

// slidesTo returns the day on which points expire after an activity at an instant.
func (d *decision) slidesTo(at time.Time) Date {
	expiry := d.p.expiry("", d.Account.Tier.Level)
	return expiry.Date(at, d.Account.since(expiry), d.p.Zone)
}

// slide moves the lots that expire by inactivity on to a day; zero: they do not expire any more.
func (d *decision) slide(e *Entry, to Date) {
	moved := false
	for _, l := range d.sliding(*e) {
		if l.Points == 0 || to != 0 && l.Expires >= to {
			continue
		}
		own := l.Points
		if l.Expires == d.Account.Slides {
			own -= total(d.leftBy(*e).slid(l))
		}
		e.Postings = append(e.Postings, Posting{Bucket: BucketActive, Lot: l.Expires, Points: -l.Points})
		if to != 0 && own > 0 {
			e.Postings = append(e.Postings, Posting{Bucket: BucketActive, Lot: to, Points: own, From: l.Expires})
		} else {
			own = 0
		}
		if rest := l.Points - own; rest > 0 {
			e.Postings = append(e.Postings, Posting{Bucket: BucketActive, Lot: to, Points: rest})
		}
		moved = true
	}
	switch was := d.Account.Slides; {
	case to == 0:
		e.Slides = forever
	case to > was || was == forever:
		e.Slides = to
	}
	for _, h := range d.Account.Holds { // they slide when they come back, but for what would have expired before
		for _, l := range h.Lots {
			if day := d.lot(l.Expires); l.Expires.Slides() && day != 0 && !day.End(d.p.Zone).After(d.now) {
				e.Stale = max(e.Stale, l.Expires)
			}
		}
	}
	if moved {
		e.Reasons = append(e.Reasons, NewReason("expiry", "0", WasMoved, to.String()))
	}
}

// unexpire returns points that expired by inactivity after an activity that is reported only now. They expire with the
// others, or, if that is over too, on that day.
func (d *decision) unexpire(e *Entry, to Date, at time.Time) {
	for _, a := range d.Account.Activities {
		if to != 0 && a.After(at) && a.Before(to.End(d.p.Zone)) {
			to = max(to, d.slidesTo(a)) // moved on by each that came in time
		}
	}
	for _, l := range d.Account.ExpiredLots {
		if !l.Expires.Slides() || !l.Expires.End(d.p.Zone).After(at) || to != 0 && to <= l.Expires {
			continue
		}
		e.Postings = append(e.Postings, Posting{Bucket: BucketExpired, Lot: l.Expires, Points: -l.Points})
		if to != 0 && d.p.lapsed(to, d.now) {
			e.Postings = append(e.Postings, Posting{Bucket: BucketExpired, Lot: to, Points: l.Points})
			continue
		}
		e.Postings = from(d.activate(e.Postings, "", l.Points, to, d.now), len(e.Postings), l.Expires)
		e.Reasons = append(e.Reasons, NewReason("expiry", points(l.Points), WasRevived, l.Expires.String()))
	}
}

// inactive takes an activity out of an entry's account that counts no longer. If it was the one that determined when
// points expire, the latest remaining activity determines it: points that were moved on return to that day, or to the
// later one on which they would have expired by themselves. to is the day to which the activity had moved them.
func (d *decision) inactive(e *Entry, to Date, at time.Time) {
	e.Activity = &ActivityChange{At: at, Withdrawn: true}
	if to == forever || d.Account.Slides != to {
		return
	}
	back := slides
	if rest := d.Account.activitiesWithout(at); len(rest) > 0 {
		if back = d.slidesTo(rest[len(rest)-1]); !back.Slides() || back >= to {
			return
		}
	}
	e.Slides = back
	left := d.leftBy(*e)
	i := slices.IndexFunc(left.Lots, func(l Lot) bool { return l.Expires == to })
	if i < 0 {
		return
	}
	last := Date(0)
	for _, l := range left.slid(left.Lots[i]) {
		last = max(l.Expires, back)
		e.Postings = append(e.Postings,
			Posting{Bucket: BucketActive, Lot: to, Points: -l.Points, From: l.Expires},
			Posting{Bucket: BucketActive, Lot: last, Points: l.Points})
		if last > l.Expires {
			e.Postings[len(e.Postings)-1].From = l.Expires
		}
	}
	if last != 0 {
		e.Reasons = append(e.Reasons, NewReason("expiry", "0", WasMovedBack, last.String()))
	}
}

// from notes of the postings from the n-th on that an activity had moved the points on which they put into a lot: they
// would have expired on a day by themselves.
func from(out []Posting, n int, day Date) []Posting {
	for i := n; i < len(out); i++ {
		if p := &out[i]; p.Bucket == BucketActive && day.Slides() && p.Lot.Slides() && p.Lot > day {
			p.From = day
		}
	}
	return out
}

// slid returns the points of a lot that activities moved there, by the day on which they would have expired by
// themselves. What was spent of the lot is what would have expired first.
func (a Account) slid(l Lot) (out []Lot) {
	rest := l.Points
	for _, x := range slices.Backward(a.Slid) {
		if n := min(x.Points, rest); n > 0 && x.Expires < l.Expires {
			out, rest = append(out, Lot{x.Expires, n}), rest-n
		}
	}
	slices.Reverse(out)
	return out
}

// maxSlid is how many such days an account remembers: a bound on its size. Points of earlier days count as of the
// earliest that is remembered.
const maxSlid = 8

// addSlid adds points to those of a day.
func addSlid(all []Lot, l Lot) []Lot {
	all = addLot(all, l)
	if all = slices.DeleteFunc(all, func(x Lot) bool { return x.Points <= 0 }); len(all) > maxSlid {
		all[1].Points += all[0].Points
		all = all[1:]
	}
	return all
}

// keepSlid forgets what activities moved to a day that no longer is that of the latest one, or was spent since.
func (a *Account) keepSlid() {
	if a.Slid == nil {
		return
	}
	i := slices.IndexFunc(a.Lots, func(l Lot) bool { return l.Expires == a.Slides })
	if i < 0 {
		a.Slid = nil
		return
	}
	a.Slid = a.slid(a.Lots[i])
}

// expireInactive lets points expire that were moved back to a day that is over.
func (d *decision) expireInactive() error {
	for _, l := range d.Account.Lots {
		if !d.p.lapsed(l.Expires, d.now) {
			break
		}
		l, err := d.postpone(l, d.now)
		if err != nil {
			return err
		}
		if l.Points == 0 {
			continue
		}
		e := d.lapse("", l, d.now)
		e.Cause.ID += ":" + points(Points(d.Account.Sequence+1)) // the same may expire again
		if err := d.post(e); err != nil {
			return err
		}
	}
	return nil
}

// lastActivity returns the latest instant at which the member was active.
func (a Account) lastActivity() time.Time {
	if n := len(a.Activities); n > 0 {
		return a.Activities[n-1]
	}
	return a.LastActivity
}

// activitiesWithout returns the activities that the account remembers without one of an instant.
func (a Account) activitiesWithout(at time.Time) []time.Time {
	i := slices.IndexFunc(a.Activities, at.Equal)
	if i < 0 {
		return a.Activities
	}
	return slices.Delete(slices.Clone(a.Activities), i, i+1)
}

// changeActivity takes note of an activity that counts now, or no longer.
func (a *Account) changeActivity(c ActivityChange) {
	if !c.Withdrawn {
		i, _ := slices.BinarySearchFunc(a.Activities, c.At, time.Time.Compare)
		a.Activities = slices.Insert(slices.Clone(a.Activities), i, c.At)
		a.Activities = a.Activities[max(0, len(a.Activities)-maxActivities):]
		a.LastActivity = later(a.LastActivity, c.At)
		return
	}
	a.Activities = a.activitiesWithout(c.At)
	if a.LastActivity.Equal(c.At) {
		a.LastActivity = time.Time{}
		if n := len(a.Activities); n > 0 {
			a.LastActivity = a.Activities[n-1]
		}
	}
}

// slideAtLevel makes a member's points stop sliding, for good, at a level whose points never expire, and those to come
// slide again below it. The levels of ladders move no lots.
func (d *decision) slideAtLevel(e *Entry, level string, at time.Time) {
	if d.whole != nil || !d.p.Earn.Expires.Inactive {
		return
	}
	expiry := d.p.expiry("", level)
	switch to := expiry.Date(at, d.Account.since(expiry), d.p.Zone); {
	case to == 0:
		d.slide(e, 0)
	case d.Account.Slides == forever && to.Slides():
		e.Slides = to
	}
}

// forever is the day to which lots slide that never expire any more.
const forever = slides + 9999_12_31

// sliding is the lots that slide, as the entry leaves them.
func (d *decision) sliding(e Entry) (lots []Lot) {
	for _, l := range d.Account.Lots {
		if l.Expires.Slides() {
			lots = append(lots, l)
		}
	}
	for _, p := range e.Postings {
		if p.Bucket == BucketActive && p.Wallet == "" && p.Lot.Slides() {
			lots = addLot(lots, Lot{p.Lot, p.Points})
		}
	}
	return lots
}
