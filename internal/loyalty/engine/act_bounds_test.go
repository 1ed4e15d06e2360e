package engine

import (
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

func TestWhenAnEventMayHaveHappened(t *testing.T) {
	p := made(t, func(*loyalty.Program) {})
	for _, c := range []struct {
		name       string
		at, joined time.Time
		code       loyalty.Code
	}{
		{"now", noon, noon, ""},
		{"a little ahead", noon.Add(loyalty.MaxOrderAhead), noon, ""},
		{"further ahead", noon.Add(loyalty.MaxOrderAhead + 1), noon, loyalty.ValidationFailed},
		{"90 days ago", noon.Add(-loyalty.MaxOrderAge), noon.AddDate(-1, 0, 0), ""},
		{"longer ago", noon.Add(-loyalty.MaxOrderAge - 1), noon.AddDate(-1, 0, 0), loyalty.ValidationFailed},
		{"a day before joining", noon.Add(-loyalty.JoinGrace), noon, ""},
		{"longer before joining", noon.Add(-loyalty.JoinGrace - 1), noon, loyalty.ValidationFailed},
	} {
		out, err := award.PlaceEvent(Begin(p, joined(t, p, c.joined), noon), nil, EarnRules(p), visitEvent(c.at))
		wantRefusal(t, c.name, err, c.code, map[bool]string{true: "/at"}[c.code != ""])
		if err != nil {
			continue
		}
		prior := out.Entries[0].Event
		for name, edit := range map[string]func(*loyalty.Event){
			"/member": func(e *loyalty.Event) { e.Member = "mem_bob" },
			"/at":     func(e *loyalty.Event) { e.At = e.At.Add(1) },
			"":        func(*loyalty.Event) {},
		} {
			ev := visitEvent(c.at)
			edit(&ev)
			code := loyalty.ValidationFailed
			if name == "" {
				code = ""
			}
			_, err := award.PlaceEvent(Begin(p, out.Account, noon.AddDate(1, 0, 0)), prior, EarnRules(p), ev)
			wantRefusal(t, c.name+", then with another "+name, err, code, name)
		}
	}
}

func TestDataOfAnEvent(t *testing.T) {
	fields := map[string]loyalty.FieldKind{
		"title": loyalty.TextField, "stars": loyalty.NumberField, "photo": loyalty.BooleanField,
	}
	p := made(t, func(p *loyalty.Program) {
		p.Events = []loyalty.EventType{{Name: "talk", States: []string{"held"}, Fields: fields}}
	})
	for _, c := range []struct {
		kind    string
		data    map[string]any
		pointer string
		ok      bool
	}{
		{"talk.held", nil, "", true},
		{"talk.held", map[string]any{"title": "a", "stars": big.NewRat(5, 1), "photo": true}, "", true},
		{"talk.held", map[string]any{"title": true}, "/data/title", false},
		{"talk.held", map[string]any{"stars": "5"}, "/data/stars", false},
		{"talk.held", map[string]any{"photo": big.NewRat(1, 1)}, "/data/photo", false},
		{"talk.held", map[string]any{"title": nil}, "/data/title", false},
		{"talk.held", map[string]any{"other": "a"}, "/data/other", false},
		{"talk.canceled", nil, "/type", false},
		{"member.joined", nil, "/type", false},
		{"walk.held", nil, "/type", false},
	} {
		err := award.CheckEvent(p.Events, loyalty.Event{Type: c.kind, Data: c.data})
		code := loyalty.ValidationFailed
		if c.ok {
			code = ""
		}
		wantRefusal(t, c.kind, err, code, c.pointer)
	}
}

// An action states each reason why it gives nothing, and uses its limits and its cooldown only if it gives points.
func TestReasonsAndUsesOfAnAction(t *testing.T) {
	yes := condition(func(*loyalty.Facts) (bool, error) { return true, nil })
	fails := condition(func(*loyalty.Facts) (bool, error) { return true, errors.New("no such value") })
	times := loyalty.Usage{Rule: "earn.actions.a", Times: true, Per: loyalty.PerMonth, Ends: 20261231, N: 1}
	resting := loyalty.Usage{Rule: "earn.actions.a", Times: true, Per: loyalty.PerRest, Ends: 20261205, N: 1}
	for _, c := range []struct {
		name   string
		edit   func(*loyalty.Action)
		used   []loyalty.Usage
		points loyalty.Points
		reason loyalty.ReasonKind
	}{
		{"points", func(a *loyalty.Action) { a.When = yes }, nil, 30, loyalty.IsFixed},
		{"an unmet condition", func(a *loyalty.Action) { a.When = unmet{} }, nil, 0, loyalty.IsUnmet},
		{"a condition that fails", func(a *loyalty.Action) { a.When = fails }, nil, 0, loyalty.IsFailed},
		{
			"a limit that is not reached", func(a *loyalty.Action) { a.Limits[0].Times = 2 },
			[]loyalty.Usage{times},
			30, loyalty.IsFixed,
		},
		{"a limit that is reached", func(*loyalty.Action) {}, []loyalty.Usage{times}, 0, loyalty.IsLimited},
		{"a cooldown", func(*loyalty.Action) {}, []loyalty.Usage{resting}, 0, loyalty.IsResting},
		{"another time", func(a *loyalty.Action) { a.From = noon.Add(1) }, nil, 0, loyalty.IsFor},
		{"another event", func(a *loyalty.Action) { a.Event = "review.approved" }, nil, 0, ""},
	} {
		p := made(t, func(p *loyalty.Program) {
			a := loyalty.Action{
				ID: "a", Event: "visit.completed", Points: 30,
				Limits: []loyalty.Limit{{Times: 1, Per: loyalty.PerMonth}}, Cooldown: calendar.Period{Days: 5},
			}
			c.edit(&a)
			p.Earn.Actions = []loyalty.Action{a}
		})
		acc := joined(t, p, noon)
		acc.Usage = c.used
		out, err := award.PlaceEvent(Begin(p, acc, noon), nil, EarnRules(p), visitEvent(noon))
		if err != nil {
			t.Fatal(err)
		}
		e := out.Entries[0]
		var got loyalty.ReasonKind
		if len(e.Reasons) > 0 {
			got = e.Reasons[0].Kind
		}
		if e.Points != c.points || got != c.reason || len(e.Reasons) > 1 {
			t.Errorf("%s: %d points because %v", c.name, e.Points, e.Reasons)
		}
		var want []loyalty.Usage
		if c.points > 0 {
			want = []loyalty.Usage{times, resting}
			want[1].Ends = 20261206
		}
		if !slices.Equal(e.Usage, want) || (len(e.Event.Shares) > 0) != (c.points > 0) {
			t.Errorf("%s: it uses %+v, and the event stores %+v", c.name, e.Usage, e.Event.Shares)
		}
		ev := visitEvent(noon)
		again, err := award.PlaceEvent(Begin(p, out.Account, noon), e.Event, EarnRules(p), ev)
		if err != nil || again.Entries[0].Event.Worth != c.points || len(again.Entries[0].Usage) > 0 {
			t.Errorf("%s: reported again, it is %+v, %v", c.name, again.Entries[0], err)
		}
	}
}

// The points of a referral become active with those of its order at the earliest, and expire from then on.
func TestLifeOfAnActionsPoints(t *testing.T) {
	p := made(t, func(*loyalty.Program) {})
	three := calendar.Wait{For: calendar.Period{Days: 3}}
	for _, c := range []struct {
		pending *calendar.Wait
		from    time.Time
		active  time.Time
	}{
		{nil, time.Time{}, noon},
		{nil, noon.Add(-1), noon},
		{nil, noon.Add(time.Hour), noon.Add(time.Hour)},
		{&three, noon.Add(time.Hour), noon.AddDate(0, 0, 3)},
		{&calendar.Wait{Manual: true}, noon.Add(time.Hour), time.Time{}},
	} {
		var g loyalty.Grant
		d := posting.Decide(p, joined(t, p, noon), noon)
		award.Begin(
			d, EarnRules(p), &loyalty.EventState{Event: visitEvent(noon)},
			loyalty.Action{Life: loyalty.Life{Pending: c.pending}}, &g, c.from,
		)
		var expires calendar.Date
		if !c.active.IsZero() {
			expires = p.Earn.Expires.Date(c.active, noon, p.Zone)
		}
		if !g.ActiveAt.Equal(c.active) || g.Expires != expires {
			t.Errorf(
				"%+v from %s: active at %s until %s, want %s until %s", c.pending, c.from, g.ActiveAt, g.Expires,
				c.active, expires,
			)
		}
	}
}
