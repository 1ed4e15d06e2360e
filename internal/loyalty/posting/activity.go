package posting

import (
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// Activities
//
// Points may expire some time after the member's last activity (Expiry.Inactive). Activities are orders that count,
// committed redemptions and events. An order that is canceled or refunded in full is no activity, and neither is a
// reservation that is canceled or expires. When an activity no longer counts, the points return to the expiry that the
// latest remaining activity gives them. An activity that counts again, or is reported late, also returns points that
// expired since it happened.

// maxActivities is how many of the latest activities an account remembers. If all of them are withdrawn, no earlier
// activity counts.
const maxActivities = 4

// from records the original expiry day in the postings from index n on that move points into a later lot. The parameter
// day is that original day.
func from(out []loyalty.Posting, n int, day calendar.Date) []loyalty.Posting {
	for i := n; i < len(out); i++ {
		if p := &out[i]; p.Bucket == loyalty.BucketActive && day.Slides() && p.Lot > day {
			p.From = day
		}
	}
	return out
}

// slid returns the points that activities moved to a lot, grouped by the day on which they would have expired
// otherwise. If points were spent from the lot, those with the earliest of these days count as spent.
func slid(a loyalty.Account, l loyalty.Lot) (out []loyalty.Lot) {
	rest := l.Points
	for _, x := range slices.Backward(a.Slid) {
		if n := min(x.Points, rest); n > 0 && x.Expires < l.Expires {
			out, rest = append(out, loyalty.Lot{Expires: x.Expires, Points: n}), rest-n
		}
	}
	slices.Reverse(out)
	return out
}

// maxSlid is the maximum number of original expiry days that an account remembers. Points of earlier days are added to
// the earliest remembered day.
const maxSlid = 8

// addSlid adds points to the list of points that activities moved. The list groups them by the day on which they would
// have expired without an activity.
func addSlid(all []loyalty.Lot, l loyalty.Lot) []loyalty.Lot {
	all = AddLot(all, l)
	if all = slices.DeleteFunc(all, func(x loyalty.Lot) bool { return x.Points <= 0 }); len(all) > maxSlid {
		all[1].Points += all[0].Points
		all = all[1:]
	}
	return all
}

// keepSlid forgets the original expiry days of points that were spent or are no longer in the lot of the latest
// activity.
func keepSlid(a *loyalty.Account) {
	i := slices.IndexFunc(a.Lots, func(l loyalty.Lot) bool { return l.Expires == a.Slides })
	if i < 0 {
		a.Slid = nil
		return
	}
	a.Slid = slid(*a, a.Lots[i])
}

// LastActivity returns the latest instant at which the member was active.
func LastActivity(a loyalty.Account) time.Time {
	if n := len(a.Activities); n > 0 {
		return a.Activities[n-1]
	}
	return a.LastActivity
}

// activitiesWithout returns the activities that the account remembers, except the one at an instant.
func activitiesWithout(a loyalty.Account, at time.Time) []time.Time {
	i := slices.IndexFunc(a.Activities, at.Equal)
	if i < 0 {
		return a.Activities
	}
	return slices.Delete(slices.Clone(a.Activities), i, i+1)
}

// changeActivity records an activity that counts from now on, or no longer counts.
func changeActivity(a *loyalty.Account, c loyalty.ActivityChange) {
	if !c.Withdrawn {
		i, _ := slices.BinarySearchFunc(a.Activities, c.At, time.Time.Compare)
		a.Activities = slices.Insert(slices.Clone(a.Activities), i, c.At)
		a.Activities = a.Activities[max(0, len(a.Activities)-maxActivities):]
		a.LastActivity = calendar.Later(a.LastActivity, c.At)
		return
	}
	a.Activities = activitiesWithout(*a, c.At)
	if a.LastActivity.Equal(c.At) {
		a.LastActivity = time.Time{}
		if n := len(a.Activities); n > 0 {
			a.LastActivity = a.Activities[n-1]
		}
	}
}

// Forever is the expiry day of lots that no longer expire, because the member reached a level whose points never
// expire.
const Forever = calendar.Slides + 9999_12_31
