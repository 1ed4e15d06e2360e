package engine

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
)

func TestBirthdaysCountFromWhenTheirActionWasFirstInForce(t *testing.T) {
	first, second := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	birthday := loyalty.Action{ID: "birthday", Event: award.EventBirthday, Points: 100}
	begun := birthday
	begun.Since = first
	year := loyalty.Action{ID: "birthday", Event: award.EventAnniversary}
	review := loyalty.Action{ID: "review", Event: "review.approved"}
	for name, c := range map[string]struct {
		Before []loyalty.Action
		Now    loyalty.Action
		Want   time.Time
	}{
		"a new action counts from now on":        {nil, birthday, second},
		"one that was there keeps its beginning": {[]loyalty.Action{review, begun}, birthday, first},
		"one without a beginning gets one":       {[]loyalty.Action{birthday}, birthday, second},
		"another action's beginning is none": {
			[]loyalty.Action{begun}, loyalty.Action{ID: "other", Event: award.EventBirthday}, second,
		},
		"another event under the same id begins again":     {[]loyalty.Action{begun}, year, second},
		"what members do themselves counts whenever it is": {nil, review, time.Time{}},
	} {
		p := &loyalty.Program{Earning: loyalty.Earning{Earn: loyalty.Earn{Actions: []loyalty.Action{c.Now}}}}
		Supersede(
			p, &loyalty.Program{Earning: loyalty.Earning{Earn: loyalty.Earn{Actions: c.Before}}}, second, "",
		)
		if got := p.Earn.Actions[0].Since; !got.Equal(c.Want) {
			t.Errorf("%s: since %s, not %s", name, got, c.Want)
		}
	}
	p := &loyalty.Program{Earning: loyalty.Earning{Earn: loyalty.Earn{Actions: []loyalty.Action{birthday}}}}
	if Supersede(p, nil, first, ""); !p.Earn.Actions[0].Since.Equal(first) {
		t.Errorf("the first version's birthdays count since %s", p.Earn.Actions[0].Since)
	}
}

func TestLaterVersionKeepsTheBeginningOfTheFirstAction(t *testing.T) {
	begun := loyalty.Action{ID: "birthday", Event: award.EventBirthday, Points: 1, Since: noon}
	for _, before := range [][]loyalty.Action{{begun}, {{ID: "x", Event: "visit.completed"}, begun}} {
		p := &loyalty.Program{
			Earning: loyalty.Earning{
				Earn: loyalty.Earn{Actions: []loyalty.Action{{ID: "birthday", Event: award.EventBirthday, Points: 2}}},
			},
		}
		if Supersede(
			p, &loyalty.Program{Earning: loyalty.Earning{Earn: loyalty.Earn{Actions: before}}},
			noon.AddDate(1, 0, 0), "",
		); !p.Earn.Actions[0].Since.Equal(
			noon,
		) {
			t.Errorf("since %s", p.Earn.Actions[0].Since)
		}
	}
}
