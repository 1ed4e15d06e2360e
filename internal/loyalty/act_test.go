package loyalty

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"
)

// reviews has an event with fields of every kind.
func reviews(tb testing.TB, edit ...func(*Program)) *Program {
	return made(tb, func(p *Program) {
		p.Events = []EventType{
			{
				Name:   "lesson",
				States: []string{"done", "undone"},
				Fields: map[string]FieldKind{"name": TextField, "n": NumberField, "ok": BooleanField},
			},
		}
		p.Earn.Actions = []Action{{ID: "lesson", Event: "lesson.done", Points: 10}}
		for _, e := range edit {
			e(p)
		}
	})
}

func TestWhichEventsAreRefused(t *testing.T) {
	p := reviews(t)
	member := joined(t, p, noon.AddDate(-1, 0, 0))
	young, frozenMember := joined(t, p, noon), member
	frozenMember.Status = Frozen
	ev := Event{Type: "lesson.done", ID: "1", Member: "mem_ada", At: noon}
	for _, c := range []struct {
		name    string
		acc     Account
		edit    func(*Event)
		code    Code
		pointer string
	}{
		{"as it is", member, func(*Event) {}, "", ""},
		{"frozen", frozenMember, func(*Event) {}, AccountFrozen, "/member"},
		{"an unknown family", member, func(e *Event) { e.Type = "walk.done" }, ValidationFailed, "/type"},
		{"an unknown state", member, func(e *Event) { e.Type = "lesson.begun" }, ValidationFailed, "/type"},
		{"an event of the product's own", member, func(e *Event) { e.Type = EventBirthday }, ValidationFailed, "/type"},
		{"five minutes ahead", member, func(e *Event) { e.At = noon.Add(MaxOrderAhead) }, "", ""},
		{"more than five minutes ahead", member, func(e *Event) { e.At = noon.Add(MaxOrderAhead + 1) }, ValidationFailed, "/at"},
		{"90 days ago", member, func(e *Event) { e.At = noon.Add(-MaxOrderAge) }, "", ""},
		{"more than 90 days ago", member, func(e *Event) { e.At = noon.Add(-MaxOrderAge - 1) }, ValidationFailed, "/at"},
		{"a day before joining", young, func(e *Event) { e.At = noon.Add(-JoinGrace) }, "", ""},
		{"more than a day before joining", young, func(e *Event) { e.At = noon.Add(-JoinGrace - 1) }, ValidationFailed, "/at"},
		{"fields of all kinds", member, func(e *Event) { e.Data = map[string]any{"name": "x", "n": big.NewRat(1, 2), "ok": true} }, "", ""},
		{"an unknown field", member, func(e *Event) { e.Data = map[string]any{"name": "x", "m": "x"} }, ValidationFailed, "/data/m"},
		{"a number as a text", member, func(e *Event) { e.Data = map[string]any{"n": "1"} }, ValidationFailed, "/data/n"},
		{"a text as a boolean", member, func(e *Event) { e.Data = map[string]any{"name": true} }, ValidationFailed, "/data/name"},
		{"a boolean as a number", member, func(e *Event) { e.Data = map[string]any{"ok": big.NewRat(1, 1)} }, ValidationFailed, "/data/ok"},
		{"a value of no kind", member, func(e *Event) { e.Data = map[string]any{"ok": nil} }, ValidationFailed, "/data/ok"},
	} {
		e := ev
		c.edit(&e)
		_, err := p.PlaceEvent(c.acc, nil, p, e, noon)
		wantRefusal(t, c.name, err, c.code, c.pointer)
	}
	var unknown *Error
	_, err := p.PlaceEvent(member, nil, p, Event{Type: "x.y", Member: "mem_ada", At: noon}, noon)
	if errors.As(err, &unknown); !slices.Contains(p.eventTypes(), "lesson.undone") || len(unknown.Detail) < 40 {
		t.Errorf("the detail names the types: %v", err)
	}
	own := reviews(t, func(p *Program) { p.Events = append(p.Events, EventType{Name: "member", States: []string{"birthday"}}) })
	_, err = own.PlaceEvent(member, nil, own, Event{Type: EventBirthday, ID: "1", Member: "mem_ada", At: noon}, noon)
	wantRefusal(t, "a birthday in a family of the program", err, ValidationFailed, "/type")
	old := made(t, func(*Program) {}) // a version that does not know the event yet
	_, err = p.PlaceEvent(member, nil, old, ev, noon)
	wantRefusal(t, "by a version that does not know it", err, "", "")
	_, err = old.PlaceEvent(member, nil, p, ev, noon)
	wantRefusal(t, "by a version that no longer knows it", err, "", "")
}

func TestLaterStatesOfAnEvent(t *testing.T) {
	p := reviews(t, func(p *Program) {
		p.Wallets = []Wallet{{ID: "miles", Unit: Units{Other: Text{"en": "miles"}}}}
		p.Earn.Actions = append(p.Earn.Actions, Action{ID: "miles", Event: "lesson.done", Points: 3, Wallet: "miles"})
	})
	acc := joined(t, p, noon)
	ev := Event{Type: "lesson.done", ID: "1", Member: "mem_ada", At: noon}
	var state *EventState
	for i, c := range []struct {
		state  string
		kind   Kind
		points Points
		total  Points
		miles  Points
	}{{"done", KindEarn, 10, 10, 3}, {"done", KindEarn, 0, 10, 3}, {"undone", KindClawback, -10, 0, 0}, {"done", KindEarn, 10, 10, 3}} {
		ev.Type = "lesson." + c.state
		out, err := p.PlaceEvent(acc, state, p, ev, noon.Add(time.Duration(i)))
		if err != nil {
			t.Fatal(err)
		}
		e := out.Entries[0]
		if e.Kind != c.kind || e.Points != c.points || e.Cause != (Cause{CauseEvent, "lesson:1", i + 1}) ||
			out.Account.Balance().Active != c.total ||
			out.Account.BalanceOf("miles").Active != c.miles ||
			!e.Effective.Equal(noon.Add(time.Duration(i))) {
			t.Errorf(
				"%d: %s of %d points, %s, effective %s, %+v",
				i,
				e.Kind,
				e.Points,
				e.Cause,
				e.Effective,
				out.Account.Balance(),
			)
		}
		if was := e.Reasons[0]; (was.Kind == WasGiven) != (state != nil && state.Worth != 0) {
			t.Errorf("%d: because %+v", i, e.Reasons)
		}
		acc, state = out.Account, e.Event
	}
	for name, edit := range map[string]func(*Event){"/member": func(e *Event) { e.Member = "mem_bob" }, "/at": func(e *Event) { e.At = noon.Add(1) }} {
		other := ev
		edit(&other)
		_, err := p.PlaceEvent(acc, state, p, other, noon)
		wantRefusal(t, "another "+name, err, ValidationFailed, name)
	}
}

func TestForWhomAnActionIs(t *testing.T) {
	until := noon.Add(time.Hour)
	p := reviews(t, func(p *Program) {
		p.Earn.Actions = []Action{
			{ID: "time", Event: "lesson.done", Points: 1, From: noon, Until: until},
			{ID: "tiers", Event: "lesson.done", Points: 2, Tiers: []string{"silver"}},
			{ID: "segments", Event: "lesson.done", Points: 4, Segments: []string{"staff"}},
			{ID: "daily", Event: "lesson.done", Points: 8, Limits: []Limit{{1, PerDay}}},
			{ID: "rests", Event: "lesson.done", Points: 16, Cooldown: Period{Days: 3}},
		}
	})
	for _, c := range []struct {
		name string
		at   time.Time
		edit func(*Account)
		want Points
		lack string
	}{
		{"before its time", noon.Add(-1), func(*Account) {}, 24, "time"},
		{"at the beginning of its time", noon, func(*Account) {}, 25, ""},
		{"before the end of its time", until.Add(-1), func(*Account) {}, 25, ""},
		{"at the end of its time", until, func(*Account) {}, 24, "time"},
		{"of a level", noon, func(a *Account) { a.Tier.Level = "silver" }, 27, ""},
		{"of a segment", noon, func(a *Account) { a.Traits.Segments = []string{"staff"} }, 29, ""},
	} {
		acc := joined(t, p, noon.AddDate(0, 0, -1))
		c.edit(&acc)
		out, err := p.PlaceEvent(acc, nil, p, Event{Type: "lesson.done", ID: "1", Member: "mem_ada", At: c.at}, until)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range out.Entries[0].Reasons {
			if b.Rule == "earn.actions.time" && (b.Kind == IsFor) != (c.lack == "time") {
				t.Errorf("%s: %+v", c.name, b)
			}
		}
		if got := out.Account.Balance().Active; got != c.want {
			t.Errorf("%s: %d points, want %d", c.name, got, c.want)
		}
	}
	acc := joined(t, p, noon.AddDate(0, 0, -1))
	for i, c := range []struct {
		days  int
		want  Points
		takes int64
	}{{0, 25, 1}, {0, 1, 0}, {1, 8, 1}, {2, 8, 1}, {3, 8, 1}, {4, 24, 1}} {
		at := noon.AddDate(0, 0, c.days)
		out, err := p.PlaceEvent(
			acc,
			nil,
			p,
			Event{Type: "lesson.done", ID: fmt.Sprint(i), Member: "mem_ada", At: at},
			at,
		)
		if err != nil {
			t.Fatal(err)
		}
		if got := out.Account.Balance().Active - acc.Balance().Active; got != c.want {
			t.Errorf("event %d gives %d points, want %d because %+v", i, got, c.want, out.Entries[0].Reasons)
		}
		uses := int64(0)
		for _, u := range out.Entries[0].Usage {
			if u.Rule == "earn.actions.daily" {
				uses += u.N
			}
		}
		if uses != c.takes {
			t.Errorf("event %d uses %d of the limit, want %d", i, uses, c.takes)
		}
		acc = out.Account
	}
}
