package loyalty

import (
	"errors"
	"math/big"
	"reflect"
	"slices"
	"testing"
	"time"
)

func visitEvent(at time.Time) Event {
	return Event{Type: "visit.completed", ID: "v1", Member: "mem_ada", At: at}
}

func TestWhenAnEventMayHaveHappened(t *testing.T) {
	p := made(t, func(*Program) {})
	for _, c := range []struct {
		name       string
		at, joined time.Time
		code       Code
	}{
		{"now", noon, noon, ""},
		{"a little ahead", noon.Add(MaxOrderAhead), noon, ""},
		{"further ahead", noon.Add(MaxOrderAhead + 1), noon, ValidationFailed},
		{"90 days ago", noon.Add(-MaxOrderAge), noon.AddDate(-1, 0, 0), ""},
		{"longer ago", noon.Add(-MaxOrderAge - 1), noon.AddDate(-1, 0, 0), ValidationFailed},
		{"a day before joining", noon.Add(-JoinGrace), noon, ""},
		{"longer before joining", noon.Add(-JoinGrace - 1), noon, ValidationFailed},
	} {
		out, err := p.PlaceEvent(joined(t, p, c.joined), nil, p, visitEvent(c.at), noon)
		wantRefusal(t, c.name, err, c.code, map[bool]string{true: "/at"}[c.code != ""])
		if err != nil {
			continue
		}
		prior := out.Entries[0].Event
		for name, edit := range map[string]func(*Event){
			"/member": func(e *Event) { e.Member = "mem_bob" },
			"/at":     func(e *Event) { e.At = e.At.Add(1) },
			"":        func(*Event) {},
		} {
			ev := visitEvent(c.at)
			edit(&ev)
			code := ValidationFailed
			if name == "" {
				code = ""
			}
			_, err := p.PlaceEvent(out.Account, prior, p, ev, noon.AddDate(1, 0, 0))
			wantRefusal(t, c.name+", then with another "+name, err, code, name)
		}
	}
}

func TestDataOfAnEvent(t *testing.T) {
	fields := map[string]FieldKind{"title": TextField, "stars": NumberField, "photo": BooleanField}
	p := made(t, func(p *Program) {
		p.Events = []EventType{{Name: "talk", States: []string{"held"}, Fields: fields}}
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
		err := p.checkEvent(Event{Type: c.kind, Data: c.data})
		code := ValidationFailed
		if c.ok {
			code = ""
		}
		wantRefusal(t, c.kind, err, code, c.pointer)
	}
}

func TestEventsThatAnActionIsFor(t *testing.T) {
	s := &EventState{Event: visitEvent(noon), Buyer: Buyer{Level: "silver", Segments: []string{"vip", "staff"}}}
	for _, c := range []struct {
		action Action
		want   string
	}{
		{Action{}, ""},
		{Action{From: noon}, ""},
		{Action{From: noon.Add(1)}, "time"},
		{Action{Until: noon.Add(1)}, ""},
		{Action{Until: noon}, "time"},
		{Action{From: noon.Add(-1), Until: noon.Add(1)}, ""},
		{Action{Tiers: []string{"gold", "silver"}}, ""},
		{Action{Tiers: []string{"gold"}}, "tiers"},
		{Action{Segments: []string{"vip"}}, ""},
		{Action{Segments: []string{"other"}}, "segments"},
	} {
		if got, _ := c.action.elsewhere(s); got != c.want {
			t.Errorf("%+v: %q, want %q", c.action, got, c.want)
		}
	}
}

func TestDayUntilWhichAnActionRests(t *testing.T) {
	rest := Usage{Rule: "earn.actions.a", Times: true, Per: perRest, Ends: 20261210, N: 1}
	edited := func(edit func(*Usage)) Usage {
		u := rest
		edit(&u)
		return u
	}
	for _, c := range []struct {
		name string
		u    Usage
		day  Date
		want Date
	}{
		{"within it", rest, 20261209, 20261210},
		{"on its last day", rest, 20261210, 20261210},
		{"after it", rest, 20261211, 0},
		{"of another action", edited(func(u *Usage) { u.Rule = "earn.actions.b" }), 20261209, 0},
		{"of another period", edited(func(u *Usage) { u.Per = PerDay }), 20261209, 0},
		{"of points", edited(func(u *Usage) { u.Times = false }), 20261209, 0},
		{"given back", edited(func(u *Usage) { u.N = 0 }), 20261209, 0},
	} {
		if got := (Account{Usage: []Usage{c.u}}).restsUntil("earn.actions.a", c.day); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// An action states each reason why it gives nothing, and uses its limits and its cooldown only if it gives points.
func TestReasonsAndUsesOfAnAction(t *testing.T) {
	yes := condition(func(*Facts) (bool, error) { return true, nil })
	fails := condition(func(*Facts) (bool, error) { return true, errors.New("no such value") })
	times := Usage{Rule: "earn.actions.a", Times: true, Per: PerMonth, Ends: 20261231, N: 1}
	resting := Usage{Rule: "earn.actions.a", Times: true, Per: perRest, Ends: 20261205, N: 1}
	for _, c := range []struct {
		name   string
		edit   func(*Action)
		used   []Usage
		points Points
		reason ReasonKind
	}{
		{"points", func(a *Action) { a.When = yes }, nil, 30, IsFixed},
		{"an unmet condition", func(a *Action) { a.When = unmet{} }, nil, 0, IsUnmet},
		{"a condition that fails", func(a *Action) { a.When = fails }, nil, 0, IsFailed},
		{"a limit that is not reached", func(a *Action) { a.Limits[0].Times = 2 }, []Usage{times}, 30, IsFixed},
		{"a limit that is reached", func(*Action) {}, []Usage{times}, 0, IsLimited},
		{"a cooldown", func(*Action) {}, []Usage{resting}, 0, IsResting},
		{"another time", func(a *Action) { a.From = noon.Add(1) }, nil, 0, IsFor},
		{"another event", func(a *Action) { a.Event = "review.approved" }, nil, 0, ""},
	} {
		p := made(t, func(p *Program) {
			a := Action{
				ID: "a", Event: "visit.completed", Points: 30, Limits: []Limit{{1, PerMonth}}, Cooldown: Period{Days: 5},
			}
			c.edit(&a)
			p.Earn.Actions = []Action{a}
		})
		acc := joined(t, p, noon)
		acc.Usage = c.used
		out, err := p.PlaceEvent(acc, nil, p, visitEvent(noon), noon)
		if err != nil {
			t.Fatal(err)
		}
		e := out.Entries[0]
		var got ReasonKind
		if len(e.Reasons) > 0 {
			got = e.Reasons[0].Kind
		}
		if e.Points != c.points || got != c.reason || len(e.Reasons) > 1 {
			t.Errorf("%s: %d points because %v", c.name, e.Points, e.Reasons)
		}
		var want []Usage
		if c.points > 0 {
			want = []Usage{times, resting}
			want[1].Ends = 20261206
		}
		if !slices.Equal(e.Usage, want) || (len(e.Event.Shares) > 0) != (c.points > 0) {
			t.Errorf("%s: it uses %+v, and the event stores %+v", c.name, e.Usage, e.Event.Shares)
		}
		ev := visitEvent(noon)
		again, err := p.PlaceEvent(out.Account, e.Event, p, ev, noon)
		if err != nil || again.Entries[0].Event.Worth != c.points || len(again.Entries[0].Usage) > 0 {
			t.Errorf("%s: reported again, it is %+v, %v", c.name, again.Entries[0], err)
		}
	}
}

// The points of a referral become active with those of its order at the earliest, and expire from then on.
func TestLifeOfAnActionsPoints(t *testing.T) {
	p := made(t, func(*Program) {})
	three := Wait{For: Period{Days: 3}}
	for _, c := range []struct {
		pending *Wait
		from    time.Time
		active  time.Time
	}{
		{nil, time.Time{}, noon},
		{nil, noon.Add(-1), noon},
		{nil, noon.Add(time.Hour), noon.Add(time.Hour)},
		{&three, noon.Add(time.Hour), noon.AddDate(0, 0, 3)},
		{&Wait{Manual: true}, noon.Add(time.Hour), time.Time{}},
	} {
		var g Grant
		d := p.decide(joined(t, p, noon), noon)
		d.begin(p, &EventState{Event: visitEvent(noon)}, Action{Life: Life{Pending: c.pending}}, &g, c.from)
		var expires Date
		if !c.active.IsZero() {
			expires = p.Earn.Expires.Date(c.active, noon, p.Zone)
		}
		if !g.ActiveAt.Equal(c.active) || g.Expires != expires {
			t.Errorf("%+v from %s: active at %s until %s, want %s until %s", c.pending, c.from, g.ActiveAt, g.Expires, c.active, expires)
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
		next, enough := Converting{numberedOrders(c.known...), c.more}.with(numbered(c.order), c.converts)
		want := Converting{numberedOrders(c.want...), c.wantMore}
		if !reflect.DeepEqual(next, want) || enough != c.enough {
			t.Errorf("%s: %+v, known %t", c.name, next, enough)
		}
	}
}

func TestChangeOfAReferral(t *testing.T) {
	for _, c := range []struct {
		name     string
		referral Referral
		known    []int
		decided  string
		want     ReferralChange
		changes  bool
	}{
		{"not referred", Referral{}, []int{1}, "1", ReferralChange{}, false},
		{"no order", Referral{By: "mem_bob"}, nil, "1", ReferralChange{Referrer: "mem_bob"}, false},
		{"the first order", Referral{By: "mem_bob"}, []int{1}, "1", ReferralChange{"mem_bob", "", "1"}, true},
		{"the converting order again", Referral{By: "mem_bob", Order: "1"}, []int{1}, "1", ReferralChange{"mem_bob", "", "1"}, true},
		{"another order", Referral{By: "mem_bob", Order: "1"}, []int{1, 2}, "2", ReferralChange{"mem_bob", "", "1"}, false},
		{"an earlier order", Referral{By: "mem_bob", Order: "2"}, []int{1, 2}, "1", ReferralChange{"mem_bob", "2", "1"}, true},
		{"none any longer", Referral{By: "mem_bob", Order: "1"}, nil, "1", ReferralChange{"mem_bob", "1", ""}, true},
		{"the former order again", Referral{By: "mem_bob", Former: "1"}, []int{1}, "1", ReferralChange{"mem_bob", "", "1"}, true},
		{"another one than the former", Referral{By: "mem_bob", Former: "1"}, []int{2}, "2", ReferralChange{"mem_bob", "1", "2"}, true},
	} {
		acc := Account{Traits: Traits{Referral: c.referral}, Converting: Converting{Orders: numberedOrders(c.known...)}}
		if got, changes := acc.ReferralChange(c.decided); got != c.want || changes != c.changes {
			t.Errorf("%s: %+v, changes %t", c.name, got, changes)
		}
	}
}

// Points that the clawback policy leaves with a member move to the event of the next order, except those that expired.
func TestPointsThatMoveToTheNextReferral(t *testing.T) {
	was := EventState{Grants: []Grant{
		{Rule: "a", ExpiredOn: 30, Expired: 10}, {Rule: "b", ExpiredOn: 10, Expired: 10}, {Rule: "c", Wallet: "miles", ExpiredOn: 5},
	}}
	spare := was.yield()
	if want := []Grant{{Rule: "a", ExpiredOn: 20}, {Rule: "c", Wallet: "miles", ExpiredOn: 5}}; !reflect.DeepEqual(spare, want) {
		t.Errorf("it yields %+v", spare)
	}
	if was.Grants[0].ExpiredOn != 10 || was.Grants[1].ExpiredOn != 10 || was.Grants[2].ExpiredOn != 0 {
		t.Errorf("it keeps %+v", was.Grants)
	}
	next := EventState{Grants: []Grant{{Rule: "c", ExpiredOn: 1}}}
	next.adopt(spare)
	want := []Grant{{Rule: "c", ExpiredOn: 6}, {Rule: "a", ExpiredOn: 20}}
	if !reflect.DeepEqual(next.Grants, want) {
		t.Errorf("the next event has %+v", next.Grants)
	}
	for _, c := range []struct {
		x, y []Grant
		want bool
	}{
		{[]Grant{{Rule: "a", Worth: 1}}, []Grant{{Rule: "a", Worth: 1, Expires: 5}}, true},
		{[]Grant{{Rule: "a", Worth: 1}}, []Grant{{Rule: "b", Worth: 1}}, false},
		{[]Grant{{Rule: "a", Worth: 1}}, []Grant{{Rule: "a", Worth: 2}}, false},
		{nil, []Grant{{Rule: "a"}}, false},
	} {
		if got := sameGrants(c.x, c.y); got != c.want {
			t.Errorf("%+v and %+v are the same: %t", c.x, c.y, got)
		}
	}
}

// The friend's part of a referral has its own points, and neither limits nor restrictions.
func TestFriendsPartOfAReferral(t *testing.T) {
	a := Action{
		ID: "friends", Event: EventConverted, Points: 200, Friend: 100, Limits: []Limit{{1, PerEver}},
		Tiers: []string{"gold"}, Segments: []string{"vip"},
	}
	friends, referrers := Referral{By: "mem_bob"}.Parts("mem_ada", "1042")
	if got := a.of(friends); got.Points != 100 || got.Limits != nil || got.Tiers != nil || got.Segments != nil {
		t.Errorf("the friend's part is %+v", got)
	}
	if got := a.of(referrers); !reflect.DeepEqual(got, a) {
		t.Errorf("the referrer's part is %+v", got)
	}
	other := a
	other.Event = "visit.completed"
	if got := other.of(friends); !reflect.DeepEqual(got, other) {
		t.Errorf("another action is %+v", got)
	}
}
