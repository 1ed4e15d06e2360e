package engine

import (
	"errors"
	"math/big"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

func visitEvent(at time.Time) loyalty.Event {
	return loyalty.Event{Type: "visit.completed", ID: "v1", Member: "mem_ada", At: at}
}

func TestWhenAnEventMayHaveHappened(t *testing.T) {
	p := made(t, func(*loyalty.Program) {})
	for _, c := range []struct {
		name       string
		at, joined time.Time
		code       loyalty.Code
	}{
		{"now", noon, noon, ""},
		{"a little ahead", noon.Add(posting.MaxOrderAhead), noon, ""},
		{"further ahead", noon.Add(posting.MaxOrderAhead + 1), noon, loyalty.ValidationFailed},
		{"90 days ago", noon.Add(-posting.MaxOrderAge), noon.AddDate(-1, 0, 0), ""},
		{"longer ago", noon.Add(-posting.MaxOrderAge - 1), noon.AddDate(-1, 0, 0), loyalty.ValidationFailed},
		{"a day before joining", noon.Add(-posting.JoinGrace), noon, ""},
		{"longer before joining", noon.Add(-posting.JoinGrace - 1), noon, loyalty.ValidationFailed},
	} {
		out, err := award.PlaceEvent(p, joined(t, p, c.joined), nil, p, visitEvent(c.at), noon)
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
			_, err := award.PlaceEvent(p, out.Account, prior, p, ev, noon.AddDate(1, 0, 0))
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
		err := award.CheckEvent(p, loyalty.Event{Type: c.kind, Data: c.data})
		code := loyalty.ValidationFailed
		if c.ok {
			code = ""
		}
		wantRefusal(t, c.kind, err, code, c.pointer)
	}
}

func TestEventsThatAnActionIsFor(t *testing.T) {
	s := &loyalty.EventState{
		Event: visitEvent(noon), Buyer: loyalty.Buyer{Level: "silver", Segments: []string{"vip", "staff"}},
	}
	for _, c := range []struct {
		action loyalty.Action
		want   string
	}{
		{loyalty.Action{}, ""},
		{loyalty.Action{From: noon}, ""},
		{loyalty.Action{From: noon.Add(1)}, "time"},
		{loyalty.Action{Until: noon.Add(1)}, ""},
		{loyalty.Action{Until: noon}, "time"},
		{loyalty.Action{From: noon.Add(-1), Until: noon.Add(1)}, ""},
		{loyalty.Action{Tiers: []string{"gold", "silver"}}, ""},
		{loyalty.Action{Tiers: []string{"gold"}}, "tiers"},
		{loyalty.Action{Segments: []string{"vip"}}, ""},
		{loyalty.Action{Segments: []string{"other"}}, "segments"},
	} {
		if got, _ := award.Elsewhere(c.action, s); got != c.want {
			t.Errorf("%+v: %q, want %q", c.action, got, c.want)
		}
	}
}

func TestDayUntilWhichAnActionRests(t *testing.T) {
	rest := loyalty.Usage{Rule: "earn.actions.a", Times: true, Per: loyalty.PerRest, Ends: 20261210, N: 1}
	edited := func(edit func(*loyalty.Usage)) loyalty.Usage {
		u := rest
		edit(&u)
		return u
	}
	for _, c := range []struct {
		name string
		u    loyalty.Usage
		day  loyalty.Date
		want loyalty.Date
	}{
		{"within it", rest, 20261209, 20261210},
		{"on its last day", rest, 20261210, 20261210},
		{"after it", rest, 20261211, 0},
		{"of another action", edited(func(u *loyalty.Usage) { u.Rule = "earn.actions.b" }), 20261209, 0},
		{"of another period", edited(func(u *loyalty.Usage) { u.Per = loyalty.PerDay }), 20261209, 0},
		{"of points", edited(func(u *loyalty.Usage) { u.Times = false }), 20261209, 0},
		{"given back", edited(func(u *loyalty.Usage) { u.N = 0 }), 20261209, 0},
	} {
		if got := award.RestsUntil(
			(loyalty.Account{Usage: []loyalty.Usage{c.u}}), "earn.actions.a", c.day,
		); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
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
				Limits: []loyalty.Limit{{Times: 1, Per: loyalty.PerMonth}}, Cooldown: loyalty.Period{Days: 5},
			}
			c.edit(&a)
			p.Earn.Actions = []loyalty.Action{a}
		})
		acc := joined(t, p, noon)
		acc.Usage = c.used
		out, err := award.PlaceEvent(p, acc, nil, p, visitEvent(noon), noon)
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
		again, err := award.PlaceEvent(p, out.Account, e.Event, p, ev, noon)
		if err != nil || again.Entries[0].Event.Worth != c.points || len(again.Entries[0].Usage) > 0 {
			t.Errorf("%s: reported again, it is %+v, %v", c.name, again.Entries[0], err)
		}
	}
}

// The points of a referral become active with those of its order at the earliest, and expire from then on.
func TestLifeOfAnActionsPoints(t *testing.T) {
	p := made(t, func(*loyalty.Program) {})
	three := loyalty.Wait{For: loyalty.Period{Days: 3}}
	for _, c := range []struct {
		pending *loyalty.Wait
		from    time.Time
		active  time.Time
	}{
		{nil, time.Time{}, noon},
		{nil, noon.Add(-1), noon},
		{nil, noon.Add(time.Hour), noon.Add(time.Hour)},
		{&three, noon.Add(time.Hour), noon.AddDate(0, 0, 3)},
		{&loyalty.Wait{Manual: true}, noon.Add(time.Hour), time.Time{}},
	} {
		var g loyalty.Grant
		d := posting.Decide(p, joined(t, p, noon), noon)
		award.Begin(
			d, p, &loyalty.EventState{Event: visitEvent(noon)}, loyalty.Action{Life: loyalty.Life{Pending: c.pending}},
			&g, c.from,
		)
		var expires loyalty.Date
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

func TestOrderThatConvertsAReferral(t *testing.T) {
	for _, c := range []struct {
		name     string
		known    []int
		more     bool
		order    int
		converts bool
		want     []int
		wantMore bool
		enough   bool
	}{
		{"the first", nil, false, 1, true, []int{1}, false, true},
		{"an earlier one", []int{2}, false, 1, true, []int{1, 2}, false, true},
		{"the same one", []int{1}, false, 1, true, []int{1}, false, true},
		{"one that no longer does", []int{1, 2}, false, 1, false, []int{2}, false, true},
		{"the only one no longer does", []int{1}, false, 1, false, nil, false, true},
		{"the only one that is known no longer does", []int{1}, true, 1, false, nil, true, false},
		{"a fifth one", []int{1, 2, 3, 4}, false, 5, true, []int{1, 2, 3, 4}, true, true},
		{"one behind those that are known", []int{1, 2}, true, 5, true, []int{1, 2}, true, true},
		{"one among those that are known", []int{1, 3}, true, 2, true, []int{1, 2, 3}, true, true},
	} {
		next, enough := posting.AddConverting(
			loyalty.Converting{Orders: numberedOrders(c.known...), More: c.more}, numbered(c.order), c.converts,
		)
		want := loyalty.Converting{Orders: numberedOrders(c.want...), More: c.wantMore}
		if !reflect.DeepEqual(next, want) || enough != c.enough {
			t.Errorf("%s: %+v, known %t", c.name, next, enough)
		}
	}
}

func TestChangeOfAReferral(t *testing.T) {
	for _, c := range []struct {
		name     string
		referral loyalty.Referral
		known    []int
		decided  string
		want     award.ReferralChange
		changes  bool
	}{
		{"not referred", loyalty.Referral{}, []int{1}, "1", award.ReferralChange{}, false},
		{"no order", loyalty.Referral{By: "mem_bob"}, nil, "1", award.ReferralChange{Referrer: "mem_bob"}, false},
		{
			"the first order",
			loyalty.Referral{By: "mem_bob"},
			[]int{1},
			"1",
			award.ReferralChange{Referrer: "mem_bob", Withdrawn: "", Converts: "1"},
			true,
		},
		{
			"the converting order again",
			loyalty.Referral{By: "mem_bob", Order: "1"},
			[]int{1},
			"1",
			award.ReferralChange{Referrer: "mem_bob", Withdrawn: "", Converts: "1"},
			true,
		},
		{
			"another order",
			loyalty.Referral{By: "mem_bob", Order: "1"},
			[]int{1, 2},
			"2",
			award.ReferralChange{Referrer: "mem_bob", Withdrawn: "", Converts: "1"},
			false,
		},
		{
			"an earlier order",
			loyalty.Referral{By: "mem_bob", Order: "2"},
			[]int{1, 2},
			"1",
			award.ReferralChange{Referrer: "mem_bob", Withdrawn: "2", Converts: "1"},
			true,
		},
		{
			"none any longer",
			loyalty.Referral{By: "mem_bob", Order: "1"},
			nil, "1",
			award.ReferralChange{Referrer: "mem_bob", Withdrawn: "1", Converts: ""},
			true,
		},
		{
			"the former order again",
			loyalty.Referral{By: "mem_bob", Former: "1"},
			[]int{1},
			"1",
			award.ReferralChange{Referrer: "mem_bob", Withdrawn: "", Converts: "1"},
			true,
		},
		{
			"another one than the former",
			loyalty.Referral{By: "mem_bob", Former: "1"},
			[]int{2},
			"2",
			award.ReferralChange{Referrer: "mem_bob", Withdrawn: "1", Converts: "2"},
			true,
		},
	} {
		acc := loyalty.Account{
			Traits:     loyalty.Traits{Referral: c.referral},
			Converting: loyalty.Converting{Orders: numberedOrders(c.known...)},
		}
		if got, changes := award.ReferralChangeOf(acc, c.decided); got != c.want || changes != c.changes {
			t.Errorf("%s: %+v, changes %t", c.name, got, changes)
		}
	}
}

// Points that the clawback policy leaves with a member move to the event of the next order, except those that expired.
func TestPointsThatMoveToTheNextReferral(t *testing.T) {
	was := loyalty.EventState{Grants: []loyalty.Grant{
		{Rule: "a", ExpiredOn: 30, Expired: 10},
		{Rule: "b", ExpiredOn: 10, Expired: 10},
		{Rule: "c", Wallet: "miles", ExpiredOn: 5},
	}}
	spare := award.Yield(&was)
	if want := []loyalty.Grant{
		{Rule: "a", ExpiredOn: 20}, {Rule: "c", Wallet: "miles", ExpiredOn: 5},
	}; !reflect.DeepEqual(spare, want) {
		t.Errorf("it yields %+v", spare)
	}
	if was.Grants[0].ExpiredOn != 10 || was.Grants[1].ExpiredOn != 10 || was.Grants[2].ExpiredOn != 0 {
		t.Errorf("it keeps %+v", was.Grants)
	}
	next := loyalty.EventState{Grants: []loyalty.Grant{{Rule: "c", ExpiredOn: 1}}}
	award.Adopt(&next, spare)
	want := []loyalty.Grant{{Rule: "c", ExpiredOn: 6}, {Rule: "a", ExpiredOn: 20}}
	if !reflect.DeepEqual(next.Grants, want) {
		t.Errorf("the next event has %+v", next.Grants)
	}
	for _, c := range []struct {
		x, y []loyalty.Grant
		want bool
	}{
		{[]loyalty.Grant{{Rule: "a", Worth: 1}}, []loyalty.Grant{{Rule: "a", Worth: 1, Expires: 5}}, true},
		{[]loyalty.Grant{{Rule: "a", Worth: 1}}, []loyalty.Grant{{Rule: "b", Worth: 1}}, false},
		{[]loyalty.Grant{{Rule: "a", Worth: 1}}, []loyalty.Grant{{Rule: "a", Worth: 2}}, false},
		{nil, []loyalty.Grant{{Rule: "a"}}, false},
	} {
		if got := award.SameGrants(c.x, c.y); got != c.want {
			t.Errorf("%+v and %+v are the same: %t", c.x, c.y, got)
		}
	}
}

// The friend's part of a referral has its own points, and neither limits nor restrictions.
func TestFriendsPartOfAReferral(t *testing.T) {
	a := loyalty.Action{
		ID: "friends", Event: award.EventConverted, Points: 200, Friend: 100,
		Limits: []loyalty.Limit{{Times: 1, Per: loyalty.PerEver}},
		Tiers:  []string{"gold"}, Segments: []string{"vip"},
	}
	friends, referrers := award.ReferralEvents(loyalty.Referral{By: "mem_bob"}, "mem_ada", "1042")
	if got := award.ActionOf(a, friends); got.Points != 100 || got.Limits != nil || got.Tiers != nil ||
		got.Segments != nil {
		t.Errorf("the friend's part is %+v", got)
	}
	if got := award.ActionOf(a, referrers); !reflect.DeepEqual(got, a) {
		t.Errorf("the referrer's part is %+v", got)
	}
	other := a
	other.Event = "visit.completed"
	if got := award.ActionOf(other, friends); !reflect.DeepEqual(got, other) {
		t.Errorf("another action is %+v", got)
	}
}
