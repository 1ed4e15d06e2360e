package posting

import (
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

func TestWithdrawnActivity(t *testing.T) {
	at := func(days ...int) (all []time.Time) {
		for _, n := range days {
			all = append(all, loyaltytest.Noon.AddDate(0, 0, n))
		}
		return all
	}
	for _, c := range []struct {
		name       string
		activities []time.Time
		last       time.Time
		change     loyalty.ActivityChange
		want       []time.Time
		wantLast   time.Time
	}{
		{"the first one", nil, time.Time{}, loyalty.ActivityChange{At: at(1)[0]}, at(1), at(1)[0]},
		{"a later one", at(1), at(1)[0], loyalty.ActivityChange{At: at(2)[0]}, at(1, 2), at(2)[0]},
		{"an earlier one", at(2), at(2)[0], loyalty.ActivityChange{At: at(1)[0]}, at(1, 2), at(2)[0]},
		{"one too many", at(1, 2, 3, 4), at(4)[0], loyalty.ActivityChange{At: at(5)[0]}, at(2, 3, 4, 5), at(5)[0]},
		{
			"an earlier one too many", at(2, 3, 4, 5), at(5)[0],
			loyalty.ActivityChange{At: at(1)[0]},
			at(2, 3, 4, 5),
			at(5)[0],
		},
		{
			"the latest is withdrawn", at(1, 2), at(2)[0],
			loyalty.ActivityChange{At: at(2)[0], Withdrawn: true},
			at(1), at(1)[0],
		},
		{
			"an earlier one is withdrawn", at(1, 2), at(3)[0],
			loyalty.ActivityChange{At: at(1)[0], Withdrawn: true},
			at(2), at(3)[0],
		},
		{
			"the only one is withdrawn", at(1), at(1)[0],
			loyalty.ActivityChange{At: at(1)[0], Withdrawn: true},
			[]time.Time{},
			time.Time{},
		},
		{
			"one of two of an instant is withdrawn", at(1, 1), at(1)[0],
			loyalty.ActivityChange{At: at(1)[0], Withdrawn: true},
			at(1), at(1)[0],
		},
		{
			"an unknown one is withdrawn", at(1), at(1)[0],
			loyalty.ActivityChange{At: at(2)[0], Withdrawn: true},
			at(1), at(1)[0],
		},
	} {
		a := loyalty.Account{Activities: c.activities, LastActivity: c.last}
		changeActivity(&a, c.change)
		if !slices.Equal(a.Activities, c.want) || !a.LastActivity.Equal(c.wantLast) {
			t.Errorf("%s: %v, last %s; want %v, %s", c.name, a.Activities, a.LastActivity, c.want, c.wantLast)
		}
	}
}

func TestPointsThatActivitiesMovedAreForgottenWhenSpent(t *testing.T) {
	to := calendar.Slides + 20270301
	slid := []loyalty.Lot{
		{Expires: calendar.Slides + 20270101, Points: 10}, {Expires: calendar.Slides + 20270201, Points: 20},
	}
	for _, c := range []struct {
		lots []loyalty.Lot
		want []loyalty.Lot
	}{
		{[]loyalty.Lot{{Expires: to, Points: 40}}, slid},
		{[]loyalty.Lot{{Expires: to, Points: 30}}, slid},
		{
			[]loyalty.Lot{{Expires: to, Points: 25}},
			[]loyalty.Lot{
				{Expires: calendar.Slides + 20270101, Points: 5}, {Expires: calendar.Slides + 20270201, Points: 20},
			},
		},
		{[]loyalty.Lot{{Expires: to, Points: 20}}, []loyalty.Lot{{Expires: calendar.Slides + 20270201, Points: 20}}},
		{[]loyalty.Lot{{Expires: to, Points: 1}}, []loyalty.Lot{{Expires: calendar.Slides + 20270201, Points: 1}}},
		{[]loyalty.Lot{{Expires: to + 1, Points: 40}}, nil},
		{nil, nil},
	} {
		a := loyalty.Account{Slides: to, Slid: slid, Purse: loyalty.Purse{Lots: c.lots}}
		if keepSlid(&a); !slices.Equal(a.Slid, c.want) {
			t.Errorf("of %v remain %v, want %v", c.lots, a.Slid, c.want)
		}
	}
	var all []loyalty.Lot
	for i := range maxSlid + 2 {
		all = addSlid(all, loyalty.Lot{Expires: calendar.Slides + calendar.Date(20270101+i), Points: 1})
	}
	if len(all) != maxSlid || all[0] != (loyalty.Lot{Expires: calendar.Slides + 20270103, Points: 3}) {
		t.Errorf("points of earlier days count as of the earliest one: %v", all)
	}
	if got := addSlid(
		[]loyalty.Lot{{Expires: calendar.Slides + 20270101, Points: 5}},
		loyalty.Lot{Expires: calendar.Slides + 20270101, Points: -5},
	); len(got) != 0 {
		t.Errorf("a day without points remains: %v", got)
	}
}
