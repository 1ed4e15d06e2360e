package posting

import (
	"reflect"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// An account remembers the original days of the points in the lot of the latest activity, and no others.
func TestOriginalDaysThatAnAccountRemembers(t *testing.T) {
	day := func(d calendar.Date) calendar.Date { return calendar.Slides + d }
	lot := func(d calendar.Date, n loyalty.Points) loyalty.Lot { return loyalty.Lot{Expires: day(d), Points: n} }
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
		if keepSlid(&acc); !reflect.DeepEqual(acc.Slid, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, acc.Slid, c.want)
		}
	}
	var all []loyalty.Lot
	for i := range maxSlid + 1 {
		all = addSlid(all, lot(calendar.Date(20270101+i), 10))
	}
	if len(all) != maxSlid || all[0] != lot(20270102, 20) {
		t.Errorf("it remembers %+v", all)
	}
	if got := addSlid(nil, lot(20270101, 0)); len(got) != 0 {
		t.Errorf("without points it remembers %+v", got)
	}
	if all = addSlid(all, lot(20270103, -10)); len(all) != maxSlid-1 || all[1] != lot(20270104, 10) {
		t.Errorf("without the third day it remembers %+v", all)
	}
}
