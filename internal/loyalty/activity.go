package loyalty

import (
	"slices"
	"time"
)

// Activities
//
// Points may expire some time after the member's last activity (Expiry.Inactive). Activities are orders that count,
// committed redemptions and events. An order that is canceled or refunded in full is no activity, and neither is a
// reservation that is canceled or expires. When an activity no longer counts, the points return to the expiry that the
// latest remaining activity gives them. An activity that counts again, or is reported late, also returns points that
// expired since it happened.

// An ActivityChange records that an activity counts from an entry on, or no longer counts.
type ActivityChange struct {
	At        time.Time // the instant of the activity
	Withdrawn bool
}

// maxActivities bounds the latest activities that an account remembers. If more than these are withdrawn, points expire
// as after the earliest of them.
const maxActivities = 4

// isActivity reports whether an activity of this kind postpones the expiry of points that expire by inactivity.
func (p *Program) isActivity(what string) bool {
	e := p.Earn.Expires
	return e.Inactive && slices.Contains(e.ResetBy, what)
}

// active adds an activity to an entry. The activity postpones the expiry of all points that expire by inactivity to the
// same day, but never to an earlier day than before. At a level whose points never expire, points stop sliding. active
// returns that day. It returns forever if the points stop sliding, and slides if points of the level expire on fixed
// days.
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

// slide moves the lots that expire by inactivity to a later day. Zero means that they no longer expire.
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
	for _, h := range d.Account.Holds { // they slide when they are returned, unless they would have expired before
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
// other sliding points or, if that day is over too, are booked as expired on that day.
func (d *decision) unexpire(e *Entry, to Date, at time.Time) {
	for _, a := range d.Account.Activities {
		if to != 0 && a.After(at) && a.Before(to.End(d.p.Zone)) {
			to = max(to, d.slidesTo(a)) // each later activity in time postpones the expiry further
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

// inactive removes an activity that no longer counts from the account of an entry. If this activity determined when
// points expire, the latest remaining activity determines it now. Points that were moved return to that day, or to the
// later day on which they would have expired without any activity. to is the day to which the activity had moved them.
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

// from records the original expiry in the postings from index n on that put points into a later sliding lot. day is
// when the points would have expired without the activity.
func from(out []Posting, n int, day Date) []Posting {
	for i := n; i < len(out); i++ {
		if p := &out[i]; p.Bucket == BucketActive && day.Slides() && p.Lot.Slides() && p.Lot > day {
			p.From = day
		}
	}
	return out
}

// slid returns the points of a lot that activities moved there, by the day on which they would have expired otherwise.
// Points that were spent from the lot count as those with the earliest such day.
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

// maxSlid bounds the original expiry days that an account remembers. Points of earlier days are added to the earliest
// day that is remembered.
const maxSlid = 8

// addSlid adds points to an original expiry day.
func addSlid(all []Lot, l Lot) []Lot {
	all = addLot(all, l)
	if all = slices.DeleteFunc(all, func(x Lot) bool { return x.Points <= 0 }); len(all) > maxSlid {
		all[1].Points += all[0].Points
		all = all[1:]
	}
	return all
}

// keepSlid forgets the original expiry days of points that are no longer in the lot of the latest activity or were
// spent.
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

// expireInactive expires points that were moved back to a day that is over.
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
		e.Cause.ID += ":" + points(Points(d.Account.Sequence+1)) // points of the same day may expire again
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

// activitiesWithout returns the activities that the account remembers, without the one at an instant.
func (a Account) activitiesWithout(at time.Time) []time.Time {
	i := slices.IndexFunc(a.Activities, at.Equal)
	if i < 0 {
		return a.Activities
	}
	return slices.Delete(slices.Clone(a.Activities), i, i+1)
}

// changeActivity records an activity that counts from now on, or no longer counts.
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

// slideAtLevel stops a member's points from sliding, permanently, at a level whose points never expire. Points that are
// earned below that level slide again. The levels of tier groups move no lots.
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

// forever is the day to which sliding lots move that no longer expire.
const forever = slides + 9999_12_31

// sliding returns the sliding lots as the entry leaves them.
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
