package engine

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

// reviews has an event with fields of every kind.
func reviews(tb testing.TB, edit ...func(*loyalty.Program)) *loyalty.Program {
	return made(tb, func(p *loyalty.Program) {
		p.Events = []loyalty.EventType{
			{
				Name:   "lesson",
				States: []string{"done", "undone"},
				Fields: map[string]loyalty.FieldKind{
					"name": loyalty.TextField, "n": loyalty.NumberField, "ok": loyalty.BooleanField,
				},
			},
		}
		p.Earn.Actions = []loyalty.Action{{ID: "lesson", Event: "lesson.done", Points: 10}}
		for _, e := range edit {
			e(p)
		}
	})
}

func TestWhichEventsAreRefused(t *testing.T) {
	p := reviews(t)
	member := joined(t, p, noon.AddDate(-1, 0, 0))
	young, frozenMember := joined(t, p, noon), member
	frozenMember.Status = loyalty.Frozen
	ev := loyalty.Event{Type: "lesson.done", ID: "1", Member: "mem_ada", At: noon}
	for _, c := range []struct {
		name    string
		acc     loyalty.Account
		edit    func(*loyalty.Event)
		code    loyalty.Code
		pointer string
	}{
		{"as it is", member, func(*loyalty.Event) {}, "", ""},
		{"frozen", frozenMember, func(*loyalty.Event) {}, "", ""},
		{
			"an unknown family", member, func(e *loyalty.Event) { e.Type = "walk.done" }, loyalty.ValidationFailed,
			"/type",
		},
		{
			"an unknown state", member, func(e *loyalty.Event) { e.Type = "lesson.begun" }, loyalty.ValidationFailed,
			"/type",
		},
		{
			"an event of the product's own", member, func(e *loyalty.Event) { e.Type = award.EventBirthday },
			loyalty.ValidationFailed, "/type",
		},
		{"five minutes ahead", member, func(e *loyalty.Event) { e.At = noon.Add(loyalty.MaxOrderAhead) }, "", ""},
		{
			"more than five minutes ahead", member,
			func(e *loyalty.Event) { e.At = noon.Add(loyalty.MaxOrderAhead + 1) }, loyalty.ValidationFailed, "/at",
		},
		{"90 days ago", member, func(e *loyalty.Event) { e.At = noon.Add(-loyalty.MaxOrderAge) }, "", ""},
		{
			"more than 90 days ago", member, func(e *loyalty.Event) { e.At = noon.Add(-loyalty.MaxOrderAge - 1) },
			loyalty.ValidationFailed, "/at",
		},
		{"a day before joining", young, func(e *loyalty.Event) { e.At = noon.Add(-loyalty.JoinGrace) }, "", ""},
		{
			"more than a day before joining", young,
			func(e *loyalty.Event) { e.At = noon.Add(-loyalty.JoinGrace - 1) }, loyalty.ValidationFailed, "/at",
		},
		{
			"fields of all kinds", member,
			func(e *loyalty.Event) { e.Data = map[string]any{"name": "x", "n": big.NewRat(1, 2), "ok": true} }, "", "",
		},
		{
			"an unknown field", member, func(e *loyalty.Event) { e.Data = map[string]any{"name": "x", "m": "x"} },
			loyalty.ValidationFailed, "/data/m",
		},
		{
			"a number as a text", member, func(e *loyalty.Event) { e.Data = map[string]any{"n": "1"} },
			loyalty.ValidationFailed, "/data/n",
		},
		{
			"a text as a boolean", member, func(e *loyalty.Event) { e.Data = map[string]any{"name": true} },
			loyalty.ValidationFailed, "/data/name",
		},
		{
			"a boolean as a number", member,
			func(e *loyalty.Event) { e.Data = map[string]any{"ok": big.NewRat(1, 1)} }, loyalty.ValidationFailed,
			"/data/ok",
		},
		{
			"a value of no kind", member, func(e *loyalty.Event) { e.Data = map[string]any{"ok": nil} },
			loyalty.ValidationFailed, "/data/ok",
		},
	} {
		e := ev
		c.edit(&e)
		_, err := award.PlaceEvent(Begin(p, c.acc, noon), nil, EarnRules(p), e)
		wantRefusal(t, c.name, err, c.code, c.pointer)
	}
	var unknown *loyalty.Error
	_, err := award.PlaceEvent(
		Begin(p, member, noon), nil, EarnRules(p), loyalty.Event{Type: "x.y", Member: "mem_ada", At: noon},
	)
	if errors.As(err, &unknown); !slices.Contains(award.EventTypeNames(p.Events), "lesson.undone") ||
		len(unknown.Detail) < 40 {
		t.Errorf("the detail names the types: %v", err)
	}
	own := reviews(t, func(p *loyalty.Program) {
		p.Events = append(p.Events, loyalty.EventType{Name: "member", States: []string{"birthday"}})
	})
	_, err = award.PlaceEvent(
		Begin(own, member, noon), nil, EarnRules(own),
		loyalty.Event{Type: award.EventBirthday, ID: "1", Member: "mem_ada", At: noon},
	)
	wantRefusal(t, "a birthday in a family of the program", err, loyalty.ValidationFailed, "/type")
	old := made(t, func(*loyalty.Program) {}) // a version that does not know the event yet
	_, err = award.PlaceEvent(Begin(p, member, noon), nil, EarnRules(old), ev)
	wantRefusal(t, "by a version that does not know it", err, "", "")
	_, err = award.PlaceEvent(Begin(old, member, noon), nil, EarnRules(p), ev)
	wantRefusal(t, "by a version that no longer knows it", err, "", "")
}

func TestLaterStatesOfAnEvent(t *testing.T) {
	p := reviews(t, func(p *loyalty.Program) {
		p.Wallets = []loyalty.Wallet{{ID: "miles", Unit: loyalty.Units{Other: loyalty.Text{"en": "miles"}}}}
		p.Earn.Actions = append(
			p.Earn.Actions, loyalty.Action{ID: "miles", Event: "lesson.done", Points: 3, Wallet: "miles"},
		)
	})
	acc := joined(t, p, noon)
	ev := loyalty.Event{Type: "lesson.done", ID: "1", Member: "mem_ada", At: noon}
	var state *loyalty.EventState
	for i, c := range []struct {
		state  string
		kind   loyalty.Kind
		points loyalty.Points
		total  loyalty.Points
		miles  loyalty.Points
	}{
		{"done", loyalty.KindEarn, 10, 10, 3},
		{"done", loyalty.KindEarn, 0, 10, 3},
		{"undone", loyalty.KindClawback, -10, 0, 0},
		{"done", loyalty.KindEarn, 10, 10, 3},
	} {
		ev.Type = "lesson." + c.state
		out, err := award.PlaceEvent(Begin(p, acc, noon.Add(time.Duration(i))), state, EarnRules(p), ev)
		if err != nil {
			t.Fatal(err)
		}
		e := out.Entries[0]
		if e.Kind != c.kind || e.Points != c.points ||
			e.Cause != (loyalty.Cause{Kind: loyalty.CauseEvent, ID: "lesson:1", Revision: i + 1}) ||
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
		if was := e.Reasons[0]; (was.Kind == loyalty.WasGiven) != (state != nil && state.Worth != 0) {
			t.Errorf("%d: because %+v", i, e.Reasons)
		}
		acc, state = out.Account, e.Event
	}
	for name, edit := range map[string]func(*loyalty.Event){
		"/member": func(e *loyalty.Event) { e.Member = "mem_bob" },
		"/at":     func(e *loyalty.Event) { e.At = noon.Add(1) },
	} {
		other := ev
		edit(&other)
		_, err := award.PlaceEvent(Begin(p, acc, noon), state, EarnRules(p), other)
		wantRefusal(t, "another "+name, err, loyalty.ValidationFailed, name)
	}
}

func TestForWhomAnActionIs(t *testing.T) {
	until := noon.Add(time.Hour)
	p := reviews(t, func(p *loyalty.Program) {
		p.Earn.Actions = []loyalty.Action{
			{ID: "time", Event: "lesson.done", Points: 1, From: noon, Until: until},
			{ID: "tiers", Event: "lesson.done", Points: 2, Tiers: []string{"silver"}},
			{ID: "segments", Event: "lesson.done", Points: 4, Segments: []string{"staff"}},
			{ID: "daily", Event: "lesson.done", Points: 8, Limits: []loyalty.Limit{{Times: 1, Per: loyalty.PerDay}}},
			{ID: "rests", Event: "lesson.done", Points: 16, Cooldown: calendar.Period{Days: 3}},
		}
	})
	for _, c := range []struct {
		name string
		at   time.Time
		edit func(*loyalty.Account)
		want loyalty.Points
		lack string
	}{
		{"before its time", noon.Add(-1), func(*loyalty.Account) {}, 24, "time"},
		{"at the beginning of its time", noon, func(*loyalty.Account) {}, 25, ""},
		{"before the end of its time", until.Add(-1), func(*loyalty.Account) {}, 25, ""},
		{"at the end of its time", until, func(*loyalty.Account) {}, 24, "time"},
		{"of a level", noon, func(a *loyalty.Account) { a.Tier.Level = "silver" }, 27, ""},
		{"of a segment", noon, func(a *loyalty.Account) { a.Traits.Segments = []string{"staff"} }, 29, ""},
	} {
		acc := joined(t, p, noon.AddDate(0, 0, -1))
		c.edit(&acc)
		out, err := award.PlaceEvent(
			Begin(p, acc, until), nil, EarnRules(p),
			loyalty.Event{Type: "lesson.done", ID: "1", Member: "mem_ada", At: c.at},
		)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range out.Entries[0].Reasons {
			if b.Rule == "earn.actions.time" && (b.Kind == loyalty.IsFor) != (c.lack == "time") {
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
		want  loyalty.Points
		takes int64
	}{{0, 25, 1}, {0, 1, 0}, {1, 8, 1}, {2, 8, 1}, {3, 8, 1}, {4, 24, 1}} {
		at := noon.AddDate(0, 0, c.days)
		out, err := award.PlaceEvent(
			Begin(p, acc, at), nil, EarnRules(p),
			loyalty.Event{Type: "lesson.done", ID: fmt.Sprint(i), Member: "mem_ada", At: at},
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
