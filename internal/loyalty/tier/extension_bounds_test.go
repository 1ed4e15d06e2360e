package tier

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// The points that a level protects are those of lots without an expiry since it was reached, if they would expire by
// inactivity by their own terms.
func TestPointsThatALevelProtects(t *testing.T) {
	reached := func(to calendar.Date, n loyalty.Points) loyalty.Entry {
		return loyalty.Entry{
			Kind: loyalty.KindMoveTier, Detail: loyalty.Detail{LotEffects: loyalty.LotEffects{Slides: to}},
			Postings: []loyalty.Posting{{Bucket: loyalty.BucketActive, Points: n}},
		}
	}
	earned := func(expires calendar.Date, postings ...loyalty.Posting) loyalty.Entry {
		return loyalty.Entry{
			Kind: loyalty.KindEarn, Postings: postings,
			Detail: loyalty.Detail{
				Subject: loyalty.Subject{Order: &loyalty.OrderState{Grants: []loyalty.Grant{{Expires: expires}}}},
			},
		}
	}
	active := func(lot calendar.Date, n loyalty.Points) loyalty.Posting {
		return loyalty.Posting{Bucket: loyalty.BucketActive, Lot: lot, Points: n}
	}
	wallet := loyalty.Posting{Wallet: "miles", Bucket: loyalty.BucketActive, Points: 1000}
	sliding := calendar.Slides + calendar.Date(20270131)
	event := earned(sliding, active(0, 7))
	event.Order, event.Event = nil, &loyalty.EventState{Grants: event.Order.Grants}
	bonus := loyalty.Entry{
		Postings: []loyalty.Posting{active(0, 5)},
		Detail: loyalty.Detail{
			Subject: loyalty.Subject{Reached: &loyalty.Reached{Grant: loyalty.Grant{Expires: sliding}}},
		},
	}
	pending := loyalty.Entry{
		Postings: []loyalty.Posting{active(0, 3), {Bucket: loyalty.BucketPending, Lot: sliding, Points: -3}},
	}
	group := reached(20270131, 9)
	group.TierGroup = "partner"
	activity := loyalty.Entry{Kind: loyalty.KindEarn}
	activity.Slides = sliding
	for _, c := range []struct {
		name    string
		entries []loyalty.Entry
		n       loyalty.Points
		found   bool
	}{
		{"nothing", []loyalty.Entry{earned(sliding, active(0, 10))}, 0, false},
		{"the points of that instant", []loyalty.Entry{reached(posting.Forever, 50)}, 50, true},
		{
			"points that came later",
			[]loyalty.Entry{
				reached(posting.Forever, 50), earned(sliding, active(0, 10), active(20270131, 99), wallet), event,
				bonus, pending,
			},
			75, true,
		},
		{
			"points that never expire",
			[]loyalty.Entry{
				reached(posting.Forever, 50), earned(0, active(0, 10)), {Postings: []loyalty.Posting{active(0, 9)}},
			},
			50, true,
		},
		{
			"points that were spent",
			[]loyalty.Entry{reached(posting.Forever, 50), earned(sliding, active(0, -60))},
			0, true,
		},
		{
			"a level without that protection",
			[]loyalty.Entry{reached(posting.Forever, 50), reached(sliding, 0)},
			0,
			false,
		},
		{
			"a level reached again",
			[]loyalty.Entry{
				reached(posting.Forever, 50), reached(sliding, 0), earned(sliding, active(0, 10)),
				reached(posting.Forever, 20),
			},
			20, true,
		},
		{"an activity", []loyalty.Entry{reached(posting.Forever, 50), activity}, 50, true},
		{
			"points in other buckets",
			[]loyalty.Entry{
				reached(posting.Forever, 50), earned(sliding, loyalty.Posting{Bucket: loyalty.BucketIssued, Points: 9}),
			},
			50, true,
		},
		{
			"points that become active and never expire",
			[]loyalty.Entry{
				reached(posting.Forever, 50),
				{Postings: []loyalty.Posting{active(0, 3), {Bucket: loyalty.BucketPending, Points: -3}}},
				{Postings: []loyalty.Posting{active(0, 3), active(sliding, -3)}},
			},
			50, true,
		},
		{"a level of a tier group", []loyalty.Entry{reached(posting.Forever, 50), group}, 50, true},
		{"a level that moves nothing", []loyalty.Entry{reached(posting.Forever, 50), reached(0, 9)}, 50, true},
	} {
		if n, found := (History{Entries: c.entries}).protected(); n != c.n || found != c.found {
			t.Errorf("%s: %d, found %t; want %d, %t", c.name, n, found, c.n, c.found)
		}
	}
}
