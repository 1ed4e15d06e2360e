package engine

import (
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// An event that is reported again and gives the same points posts nothing, not even a change of zero points.
func TestEventThatGivesTheSamePointsPostsNothing(t *testing.T) {
	p := made(t, func(p *loyalty.Program) {
		p.Earn.Actions = []loyalty.Action{{
			ID: "visit", Event: "visit.completed", Points: 30,
			Life: loyalty.Life{Pending: &calendar.Wait{For: calendar.Period{Days: 3}}},
		}}
	})
	first, err := award.PlaceEvent(Begin(p, joined(t, p, noon), noon), nil, EarnRules(p), visitEvent(noon))
	if err != nil || len(first.Account.Pending) != 1 {
		t.Fatalf("the pending points are %+v, %v", first.Account.Pending, err)
	}
	again, err := award.PlaceEvent(
		Begin(p, first.Account, noon), first.Entries[0].Event, EarnRules(p), visitEvent(noon),
	)
	if err != nil || len(again.Entries) != 1 || len(again.Entries[0].Postings) != 0 {
		t.Errorf("reported again, it posts %+v, %v", again.Entries, err)
	}
}
