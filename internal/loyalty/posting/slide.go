package posting

import (
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// IsActivity reports whether an activity of this kind postpones the expiry of points that expire by inactivity.
func IsActivity(terms *loyalty.Earn, what string) bool {
	e := terms.Expires
	return e.Inactive && slices.Contains(e.ResetBy, what)
}

// NoteActivity adds an activity to an entry. The activity postpones the expiry of all points that expire by inactivity
// to the same day, but never to an earlier day than before. NoteActivity returns that day. At a level whose points
// never expire, activities no longer postpone the points, and NoteActivity returns Forever. At a level whose points
// expire on fixed days, it returns calendar.Slides.
func NoteActivity(d *Decision, e *loyalty.Entry, at time.Time) calendar.Date {
	e.Activity = &loyalty.ActivityChange{At: at}
	to := slidesTo(d, at)
	if to != 0 && !to.Slides() {
		return calendar.Slides
	}
	unexpire(d, e, to, at)
	slide(d, e, to)
	if to == 0 {
		return Forever
	}
	return to
}

// slidesTo returns the day on which points that expire by inactivity expire after an activity at an instant.
func slidesTo(d *Decision, at time.Time) calendar.Date {
	expiry := WalletExpiry(&d.P.Earn, &d.P.Tiers, d.P.Wallets, "", d.Account.Tier.Level)
	return expiry.Date(at, AnniversaryStart(d.Account, expiry), d.P.Zone)
}

// slide moves the lots that expire by inactivity to a later day. Zero means that they no longer expire.
func slide(d *Decision, e *loyalty.Entry, to calendar.Date) {
	moved := false
	for _, l := range slidingLots(d, *e) {
		if l.Points != 0 && (to == 0 || l.Expires < to) {
			slideLot(d, e, l, to)
			moved = true
		}
	}
	switch was := d.Account.Slides; {
	case to == 0:
		e.Slides = Forever
	case to > was || was == Forever:
		e.Slides = to
	}
	e.Stale = max(e.Stale, staleHolds(d))
	if moved {
		e.Reasons = append(e.Reasons, loyalty.NewReason("expiry", "0", loyalty.WasMoved, to.String()))
	}
}

// slideLot moves a lot to a later day. For points that no earlier activity moved, the postings also state the original
// day, unless the points no longer expire.
func slideLot(d *Decision, e *loyalty.Entry, l loyalty.Lot, to calendar.Date) {
	var own loyalty.Points
	if to != 0 {
		own = l.Points
	}
	if to != 0 && l.Expires == d.Account.Slides {
		own -= loyalty.TotalPoints(slid(leftBy(d, *e), l))
	}
	e.Postings = append(e.Postings, loyalty.Posting{Bucket: loyalty.BucketActive, Lot: l.Expires, Points: -l.Points})
	if own > 0 {
		e.Postings = append(
			e.Postings, loyalty.Posting{Bucket: loyalty.BucketActive, Lot: to, Points: own, From: l.Expires},
		)
	}
	if rest := l.Points - own; rest > 0 {
		e.Postings = append(e.Postings, loyalty.Posting{Bucket: loyalty.BucketActive, Lot: to, Points: rest})
	}
}

// slidingLots returns the lots that expire by inactivity, after the entry's postings.
func slidingLots(d *Decision, e loyalty.Entry) (lots []loyalty.Lot) {
	for _, l := range d.Account.Lots {
		if l.Expires.Slides() {
			lots = append(lots, l)
		}
	}
	for _, p := range e.Postings {
		if p.Bucket == loyalty.BucketActive && p.Wallet == "" && p.Lot.Slides() {
			lots = AddLot(lots, loyalty.Lot{Expires: p.Lot, Points: p.Points})
		}
	}
	return lots
}

// staleHolds returns the latest day that is over among the expiry days of reserved lots that expire by inactivity. When
// reserved points are returned, activities postpone them again, unless they would have expired before.
func staleHolds(d *Decision) (stale calendar.Date) {
	for _, h := range d.Account.Holds {
		for _, l := range h.Lots {
			if day := d.Lot(l.Expires); l.Expires.Slides() && day != 0 && !day.End(d.P.Zone).After(d.Now) {
				stale = max(stale, l.Expires)
			}
		}
	}
	return stale
}

// unexpire restores points that expired by inactivity before a late report showed an earlier activity. They now expire
// with the other points that expire by inactivity. If that day is over too, they are booked as expired on that day.
func unexpire(d *Decision, e *loyalty.Entry, to calendar.Date, at time.Time) {
	for _, a := range d.Account.Activities {
		if to != 0 && a.Before(to.End(d.P.Zone)) {
			// Each later activity before the expiry postpones it further. An earlier activity does not change it.
			to = max(to, slidesTo(d, a))
		}
	}
	for _, l := range d.Account.ExpiredLots {
		if !l.Expires.Slides() || !l.Expires.End(d.P.Zone).After(at) || to != 0 && to <= l.Expires {
			continue
		}
		e.Postings = append(
			e.Postings, loyalty.Posting{Bucket: loyalty.BucketExpired, Lot: l.Expires, Points: -l.Points},
		)
		if IsExpired(d.P.Zone, to, d.Now) {
			e.Postings = append(e.Postings, loyalty.Posting{Bucket: loyalty.BucketExpired, Lot: to, Points: l.Points})
			continue
		}
		e.Postings = from(d.Activate(e.Postings, "", l.Points, to, d.Now), len(e.Postings), l.Expires)
		e.Reasons = append(
			e.Reasons,
			loyalty.NewReason("expiry", loyalty.FormatPoints(l.Points), loyalty.WasRevived, l.Expires.String()),
		)
	}
}

// WithdrawActivity records in an entry that an activity no longer counts. If this activity determined when points
// expire, the latest remaining activity determines it now. The caller passes the day to which the activity had moved
// points. These points return to the day of the remaining activity, or to the day on which they would have expired
// without any activity, if that is later.
func WithdrawActivity(d *Decision, e *loyalty.Entry, to calendar.Date, at time.Time) {
	e.Activity = &loyalty.ActivityChange{At: at, Withdrawn: true}
	if to == Forever || d.Account.Slides != to {
		return
	}
	back := calendar.Slides
	if rest := activitiesWithout(d.Account, at); len(rest) > 0 {
		if back = slidesTo(d, rest[len(rest)-1]); !back.Slides() || back >= to {
			return
		}
	}
	e.Slides = back
	left := leftBy(d, *e)
	i := slices.IndexFunc(left.Lots, func(l loyalty.Lot) bool { return l.Expires == to })
	if i < 0 {
		return
	}
	last := calendar.Date(0)
	for _, l := range slid(left, left.Lots[i]) {
		last = max(l.Expires, back)
		e.Postings = append(e.Postings,
			loyalty.Posting{Bucket: loyalty.BucketActive, Lot: to, Points: -l.Points, From: l.Expires},
			loyalty.Posting{Bucket: loyalty.BucketActive, Lot: last, Points: l.Points})
		if last > l.Expires {
			e.Postings[len(e.Postings)-1].From = l.Expires
		}
	}
	if last != 0 {
		e.Reasons = append(e.Reasons, loyalty.NewReason("expiry", "0", loyalty.WasMovedBack, last.String()))
	}
}

// SlideAtLevel makes points that expire by inactivity never expire, when the member reaches a level whose points never
// expire. Points that the member earns later below that level expire by inactivity again. The levels of tier groups do
// not affect expiry.
func SlideAtLevel(d *Decision, e *loyalty.Entry, level string, at time.Time) {
	if d.Whole != nil || !d.P.Earn.Expires.Inactive {
		return
	}
	expiry := WalletExpiry(&d.P.Earn, &d.P.Tiers, d.P.Wallets, "", level)
	switch to := expiry.Date(at, AnniversaryStart(d.Account, expiry), d.P.Zone); {
	case to == 0:
		slide(d, e, 0)
	case d.Account.Slides == Forever && to.Slides():
		e.Slides = to
	}
}
