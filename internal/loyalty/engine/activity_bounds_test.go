package engine

import (
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// An activity that no longer counts moves points back to the day of the latest remaining activity, or to the later day
// on which they would have expired without any activity.
func TestActivityThatNoLongerCounts(t *testing.T) {
	day := func(d calendar.Date) calendar.Date { return calendar.Slides + d }
	lot := func(d calendar.Date, n loyalty.Points) loyalty.Lot { return loyalty.Lot{Expires: day(d), Points: n} }
	first, second := noon, noon.AddDate(0, 0, 10)
	a, b := calendar.Date(20270130), calendar.Date(20270209) // 60 days after them
	out := func(n loyalty.Points, from calendar.Date) loyalty.Posting {
		return loyalty.Posting{Bucket: loyalty.BucketActive, Lot: day(b), Points: -n, From: day(from)}
	}
	in := func(n loyalty.Points, to, from calendar.Date) loyalty.Posting {
		p := loyalty.Posting{Bucket: loyalty.BucketActive, Lot: day(to), Points: n}
		if from != 0 {
			p.From = day(from)
		}
		return p
	}
	for _, c := range []struct {
		name   string
		acc    loyalty.Account
		to     calendar.Date
		slides calendar.Date
		want   []loyalty.Posting
	}{
		{
			"another one remains",
			loyalty.Account{Activities: []time.Time{first, second}, Slid: []loyalty.Lot{lot(20270115, 10), lot(a, 60)}},
			day(b),
			day(a),
			[]loyalty.Posting{out(10, 20270115), in(10, a, 20270115), out(60, a), in(60, a, 0)},
		},
		{
			"none remains",
			loyalty.Account{Activities: []time.Time{second}, Slid: []loyalty.Lot{lot(20270115, 10), lot(a, 60)}},
			day(b),
			calendar.Slides,
			[]loyalty.Posting{out(10, 20270115), in(10, 20270115, 0), out(60, a), in(60, a, 0)},
		},
		{
			"more was spent than had no other day",
			loyalty.Account{Activities: []time.Time{second}, Slid: []loyalty.Lot{lot(20270115, 50), lot(a, 60)}},
			day(b),
			calendar.Slides,
			[]loyalty.Posting{out(40, 20270115), in(40, 20270115, 0), out(60, a), in(60, a, 0)},
		},
		{
			"points that were not moved", loyalty.Account{Activities: []time.Time{first, second}}, day(b), day(a), nil,
		},
		{
			"the remaining one is not earlier",
			loyalty.Account{Activities: []time.Time{second, second}, Slid: []loyalty.Lot{lot(a, 60)}},
			day(b), 0, nil,
		},
		{
			"another activity decides",
			loyalty.Account{Activities: []time.Time{first, second}, Slid: []loyalty.Lot{lot(a, 60)}},
			day(a), 0, nil,
		},
		{
			"points that never expire",
			loyalty.Account{Activities: []time.Time{second}, Slid: []loyalty.Lot{lot(a, 60)}},
			posting.Forever, 0, nil,
		},
	} {
		p := slidingProgram(t, func(p *loyalty.Program) { p.Tiers = loyalty.Tiers{} })
		c.acc.Slides, c.acc.Lots = day(b), []loyalty.Lot{lot(b, 100)}
		if c.to == posting.Forever {
			c.acc.Slides = posting.Forever
		}
		d := posting.Decide(p, c.acc, second)
		var e loyalty.Entry
		posting.WithdrawActivity(d, &e, c.to, second)
		if e.Slides != c.slides || !slices.Equal(e.Postings, c.want) || (len(e.Reasons) > 0) != (len(c.want) > 0) {
			t.Errorf(
				"%s: points slide to %s with %+v; want %s with %+v", c.name, e.Slides, e.Postings, c.slides, c.want,
			)
		}
		if want := (loyalty.ActivityChange{At: second, Withdrawn: true}); e.Activity == nil || *e.Activity != want {
			t.Errorf("%s: the activity is %+v", c.name, e.Activity)
		}
	}
}
