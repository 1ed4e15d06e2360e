package engine

import (
	"reflect"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// An activity moved the points of an order to a later day, on which they expired. Though the activity no longer counts,
// taking these points back writes them off. The member owes nothing for them.
func TestClawbackFindsPointsThatExpiredOnALaterDay(t *testing.T) {
	p := slidingProgram(t)
	acc := joined(t, p, noon.AddDate(-1, 0, 0))
	day, moved := calendar.Slides+20260601, calendar.Slides+20260701
	acc.Slides, acc.ExpiredLots = day, []loyalty.Lot{
		{Expires: calendar.Slides + 20260501, Points: 10}, {Expires: moved, Points: 70},
	}
	g := loyalty.Grant{ActiveAt: noon.AddDate(0, -8, 0), Expires: day, Worth: 50}
	e := posting.ClawBack(posting.Decide(p, acc, noon), loyalty.Entry{}, 50, &g)
	want := []loyalty.WriteOff{{Lot: moved, Points: 50}}
	if !reflect.DeepEqual(e.WriteOffs, want) || g.Owed != 0 || len(e.Postings) != 0 {
		t.Errorf("it writes off %+v, owes %d, and posts %+v; want %+v", e.WriteOffs, g.Owed, e.Postings, want)
	}
}
