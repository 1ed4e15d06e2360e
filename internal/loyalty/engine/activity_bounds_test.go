package engine

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// An activity that no longer counts moves points back to the day of the latest remaining activity, or to the later day
// on which they would have expired without any activity.
func TestActivityThatNoLongerCounts(t *testing.T) {
	day := func(d loyalty.Date) loyalty.Date { return loyalty.Slides + d }
	lot := func(d loyalty.Date, n loyalty.Points) loyalty.Lot { return loyalty.Lot{Expires: day(d), Points: n} }
	first, second := noon, noon.AddDate(0, 0, 10)
	a, b := loyalty.Date(20270130), loyalty.Date(20270209) // 60 days after them
	out := func(n loyalty.Points, from loyalty.Date) loyalty.Posting {
		return loyalty.Posting{Bucket: loyalty.BucketActive, Lot: day(b), Points: -n, From: day(from)}
	}
	in := func(n loyalty.Points, to, from loyalty.Date) loyalty.Posting {
		p := loyalty.Posting{Bucket: loyalty.BucketActive, Lot: day(to), Points: n}
		if from != 0 {
			p.From = day(from)
		}
		return p
	}
	for _, c := range []struct {
		name   string
		acc    loyalty.Account
		to     loyalty.Date
		slides loyalty.Date
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
			loyalty.Slides,
			[]loyalty.Posting{out(10, 20270115), in(10, 20270115, 0), out(60, a), in(60, a, 0)},
		},
		{
			"more was spent than had no other day",
			loyalty.Account{Activities: []time.Time{second}, Slid: []loyalty.Lot{lot(20270115, 50), lot(a, 60)}},
			day(b),
			loyalty.Slides,
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
		d.Inactive(&e, c.to, second)
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

// An account remembers the original days of the points in the lot of the latest activity, and no others.
func TestOriginalDaysThatAnAccountRemembers(t *testing.T) {
	day := func(d loyalty.Date) loyalty.Date { return loyalty.Slides + d }
	lot := func(d loyalty.Date, n loyalty.Points) loyalty.Lot { return loyalty.Lot{Expires: day(d), Points: n} }
	for _, c := range []struct {
		name string
		lots []loyalty.Lot
		slid []loyalty.Lot
		want []loyalty.Lot
	}{
		{
			"all of them",
			[]loyalty.Lot{lot(20270209, 100)},
			[]loyalty.Lot{lot(20270115, 10), lot(20270130, 60)},
			[]loyalty.Lot{lot(20270115, 10), lot(20270130, 60)},
		},
		{
			"some were spent",
			[]loyalty.Lot{lot(20270209, 65)},
			[]loyalty.Lot{lot(20270115, 10), lot(20270130, 60)},
			[]loyalty.Lot{lot(20270115, 5), lot(20270130, 60)},
		},
		{
			"those of an earlier day were spent",
			[]loyalty.Lot{lot(20270209, 60)},
			[]loyalty.Lot{lot(20270115, 10), lot(20270130, 60)},
			[]loyalty.Lot{lot(20270130, 60)},
		},
		{
			"points of that very day",
			[]loyalty.Lot{lot(20270209, 100)},
			[]loyalty.Lot{lot(20270130, 60), lot(20270209, 10)},
			[]loyalty.Lot{lot(20270130, 60)},
		},
		{"no such lot", []loyalty.Lot{lot(20270208, 100)}, []loyalty.Lot{lot(20270130, 60)}, nil},
		{"nothing", []loyalty.Lot{lot(20270209, 100)}, nil, nil},
	} {
		acc := loyalty.Account{Slides: day(20270209), Slid: c.slid}
		acc.Lots = c.lots
		if posting.KeepSlid(&acc); !reflect.DeepEqual(acc.Slid, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, acc.Slid, c.want)
		}
	}
	var all []loyalty.Lot
	for i := range posting.MaxSlid + 1 {
		all = posting.AddSlid(all, lot(loyalty.Date(20270101+i), 10))
	}
	if len(all) != posting.MaxSlid || all[0] != lot(20270102, 20) {
		t.Errorf("it remembers %+v", all)
	}
	if all = posting.AddSlid(all, lot(20270103, -10)); len(all) != posting.MaxSlid-1 || all[1] != lot(20270104, 10) {
		t.Errorf("without the third day it remembers %+v", all)
	}
}
