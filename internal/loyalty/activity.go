package loyalty

import (
	"slices"
	"time"
)

// active lets an activity move on the lots that lapse by inactivity: all of them to the same day, and never to an
// earlier one. Points of a level that never lapse stop sliding for good.
func (d *decision) active(e *Entry, what string, at time.Time) {
	expiry := d.p.expiry("", d.Account.Tier.Level)
	base := d.p.Earn.Expires
	if !base.Inactive || !slices.Contains(base.ResetBy, what) {
		return
	}
	d.slide(e, expiry.Date(at, d.Account.since(expiry), d.p.Zone))
}

// slide moves the lots that lapse by inactivity on to a day; zero: they do not lapse any more.
func (d *decision) slide(e *Entry, to Date) {
	if to != 0 && !to.Slides() {
		return // this level's lots have days of their own
	}
	moved := false
	for _, l := range d.sliding(*e) {
		if l.Points > 0 && (to == 0 || l.Expires < to) {
			e.Postings = append(e.Postings,
				Posting{Bucket: BucketActive, Lot: l.Expires, Points: -l.Points},
				Posting{Bucket: BucketActive, Lot: to, Points: l.Points})
			moved = true
		}
	}
	switch was := d.Account.Slides; {
	case to == 0:
		e.Slides = forever
	case to > was || was == forever:
		e.Slides = to
	}
	for _, h := range d.Account.Holds { // they slide when they come back, but for what would have lapsed before
		for _, l := range h.Lots {
			if day := d.lot(l.Expires); l.Expires.Slides() && day != 0 && !day.End(d.p.Zone).After(d.now) {
				e.Stale = max(e.Stale, l.Expires)
			}
		}
	}
	if moved {
		e.Because = append(e.Because, Reason("expiry", "0", WasMoved, to.String()))
	}
}

// slideAtLevel makes a member's points stop sliding, for good, at a level whose points never lapse, and those to come
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

// forever is the day to which lots slide that never lapse any more.
const forever = slides + 9999_12_31

// sliding is the lots that slide, as the entry leaves them.
func (d *decision) sliding(e Entry) (lots []Lot) {
	for _, l := range d.Account.Lots {
		if l.Expires.Slides() {
			lots = append(lots, l)
		}
	}
	for _, p := range e.Postings {
		if p.Bucket == BucketActive && p.Lot.Slides() {
			lots = addLot(lots, Lot{p.Lot, p.Points})
		}
	}
	return lots
}
