package engine

import (
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// The activation of an order is its next revision. Points that were forfeited meanwhile no longer count toward levels.
func TestManualActivationOfAnOrder(t *testing.T) {
	levels := []loyalty.Level{{ID: "bronze"}, {ID: "silver", From: 1000}}
	p := plain(func(p *loyalty.Program) {
		p.Earn.Pending = loyalty.Wait{Until: loyalty.WhenDelivered, Within: loyalty.Period{Days: 30}}
		p.Compiled.Rules = []loyalty.CompiledRule{{Key: "earn.rules.x"}}
		p.Compiled.Rules[0].Life.Pending = &loyalty.Wait{Manual: true}
		p.Tiers.Levels = levels
		p.TierGroups = []loyalty.TierGroup{{ID: "partner", Tiers: loyalty.Tiers{Levels: levels}}}
	})
	cause := loyalty.Cause{Kind: loyalty.CauseOrder, ID: "1042"}
	prior := loyalty.OrderState{
		Order: paid("EUR", loyalty.Line{Amount: 1000}), Revision: 3, Worth: 60, Counted: true,
		Grants:     []loyalty.Grant{{Worth: 50}, {Rule: "earn.rules.x", Worth: 10}},
		TierGroups: []loyalty.Counted{{TierGroup: "partner", Metric: loyalty.Metric{Month: 202612, Points: 60}}},
	}
	acc := loyalty.Account{
		Member: "mem_ada", Status: loyalty.Active, Joined: loyaltytest.Noon.AddDate(-1, 0, 0),
		Pending: []loyalty.Pending{{Cause: posting.CauseOfGrant(cause, prior.Grants[1]), Points: 10}},
		Tier:    loyalty.Standing{Level: "bronze", Since: loyaltytest.Noon.AddDate(-1, 0, 0)},
		Metrics: []loyalty.Metric{{Month: 202612, Points: 60, Orders: 1}},
	}
	acc.TierGroups = []loyalty.TierGroupStanding{{
		TierGroup: "partner", Tier: acc.Tier, Metrics: []loyalty.Metric{{Month: 202612, Points: 60}},
	}}
	now := loyaltytest.Noon.AddDate(0, 0, 30)
	out, err := ActivateOrder(p, acc, prior, p, now)
	if err != nil {
		t.Fatal(err)
	}
	e := out.Entries[0]
	if e.Cause.Revision != 4 || e.Order.Revision != 4 || e.Order.Worth != 10 ||
		!e.Order.Grants[1].ActiveAt.Equal(now) ||
		e.Reasons[0].Kind != loyalty.BecameActive {
		t.Errorf("%+v", e)
	}
	if e.Metric == nil || e.Metric.Points != -50 || e.Metric.Orders != 0 || len(e.Counts) != 1 ||
		e.Counts[0].Metric.Points != -50 {
		t.Errorf("%+v, %+v", e.Metric, e.Counts)
	}
	if b := out.Account.Balance(); b.Active != 10 || b.Pending != 0 {
		t.Errorf("%+v", b)
	}
	if prior.Grants[0].Worth != 50 || !prior.Grants[1].ActiveAt.IsZero() || prior.Revision != 3 {
		t.Errorf("the state before changed: %+v", prior)
	}
	_, err = ActivateOrder(p, out.Account, *e.Order, p, now)
	wantRefusal(t, "again", err, loyalty.ValidationFailed, "")
	acc.Status = loyalty.Frozen
	_, err = ActivateOrder(p, acc, prior, p, now)
	wantRefusal(t, "a frozen account", err, loyalty.AccountFrozen, "")
}

func TestManualActivationOfAnEvent(t *testing.T) {
	for _, c := range []struct {
		name   string
		grant  string
		expiry loyalty.Date
	}{{"an action with its own expiry", "own", 20270101}, {"another action", "other", 20271201}} {
		p := plain(func(p *loyalty.Program) {
			p.Earn.Expires.After = loyalty.Period{Months: 12}
			p.Earn.Actions = []loyalty.Action{
				{ID: "first", Event: "visit"},
				{
					ID: "own", Event: "visit",
					Life: loyalty.Life{Expires: &loyalty.Expiry{After: loyalty.Period{Months: 1}}},
				},
			}
		})
		prior := loyalty.EventState{
			Event: loyaltytest.VisitEvent(loyaltytest.Noon), Revision: 3, Worth: 10,
			Grants: []loyalty.Grant{{Rule: c.grant, Worth: 10}},
		}
		cause := loyalty.Cause{Kind: loyalty.CauseEvent, ID: award.EventCause(prior.Event)}
		acc := loyalty.Account{
			Member: "mem_ada", Status: loyalty.Active,
			Pending: []loyalty.Pending{{Cause: posting.CauseOfGrant(cause, prior.Grants[0]), Points: 10}},
		}
		out, err := ActivateEvent(p, acc, prior, p, loyaltytest.Noon)
		if err != nil {
			t.Fatal(err)
		}
		e := out.Entries[0]
		if e.Cause.Revision != 4 || e.Event.Revision != 4 || e.Event.Grants[0].Expires != c.expiry ||
			out.Account.Balance().Active != 10 || !prior.Grants[0].ActiveAt.IsZero() {
			t.Errorf("%s: %+v", c.name, e)
		}
		acc.Status = loyalty.Frozen
		_, err = ActivateEvent(p, acc, prior, p, loyaltytest.Noon)
		wantRefusal(t, "a frozen account", err, loyalty.AccountFrozen, "")
	}
}

// Lots are extended until a day within the limits of the program, and expired points are returned within its period.
func TestLimitsOfGoodwill(t *testing.T) {
	sliding := loyalty.Slides + loyalty.Date(20261215)
	for _, c := range []struct {
		name   string
		extend loyalty.Period
		until  loyalty.Date
		lots   []loyalty.Lot
		ok     bool
	}{
		{"until today", loyalty.Period{Months: 1}, 20261201, []loyalty.Lot{{Expires: 20261130, Points: 5}}, true},
		{
			"until yesterday",
			loyalty.Period{Months: 1},
			20261130,
			[]loyalty.Lot{{Expires: 20261129, Points: 5}},
			false,
		},
		{"until the limit", loyalty.Period{Months: 1}, 20270101, []loyalty.Lot{{Expires: 20261215, Points: 5}}, true},
		{
			"beyond the limit",
			loyalty.Period{Months: 1},
			20270102,
			[]loyalty.Lot{{Expires: 20261215, Points: 5}},
			false,
		},
		{"no extension", loyalty.Period{}, 20261201, []loyalty.Lot{{Expires: 20261130, Points: 5}}, false},
		{"points that never expire", loyalty.Period{Months: 1}, 20270101, []loyalty.Lot{{Points: 5}}, false},
		{
			"points of that day",
			loyalty.Period{Months: 1},
			20270101,
			[]loyalty.Lot{{Expires: 20270101, Points: 5}},
			false,
		},
		{
			"points that slide",
			loyalty.Period{Months: 1},
			20270101,
			[]loyalty.Lot{{Expires: sliding, Points: 5}},
			true,
		},
		{"a sliding day", loyalty.Period{Months: 1}, sliding, []loyalty.Lot{{Expires: 20261210, Points: 5}}, false},
	} {
		p := plain(func(p *loyalty.Program) { p.Goodwill.Extend = c.extend })
		acc := loyalty.Account{Member: "mem_ada", Status: loyalty.Active}
		acc.Lots = c.lots
		out, err := Extend(p, acc, "ext_1", c.until, "sorry", loyaltytest.Noon)
		if (err == nil) != c.ok || c.ok && out.Account.Lots[0].Expires.Day() != c.until {
			t.Errorf("%s: %+v, %v", c.name, out.Account.Lots, err)
		}
		if c.ok && (out.Entries[0].Reasons[0].Kind != loyalty.WasExtended || out.Entries[0].Move.Last >= c.until) {
			t.Errorf("%s: %+v", c.name, out.Entries[0])
		}
	}
	expiry := loyalty.Entry{
		Kind: loyalty.KindExpire, Member: "mem_ada", Points: -5,
		Effective: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC),
		Cause:     loyalty.Cause{Kind: loyalty.CauseExpiry, ID: "x", Revision: 1},
		Postings: []loyalty.Posting{
			{Bucket: loyalty.BucketActive, Lot: 20261130, Points: -5},
			{Bucket: loyalty.BucketExpired, Lot: 20261130, Points: 5},
		},
	}
	for _, c := range []struct {
		name   string
		within loyalty.Period
		extend loyalty.Period
		expiry func(*loyalty.Entry)
		until  loyalty.Date
		now    time.Time
		ok     bool
	}{
		{"in time", loyalty.Period{Days: 1}, loyalty.Period{Months: 1}, nil, 20270101, loyaltytest.Noon, true},
		{
			"beyond the limit",
			loyalty.Period{Days: 1},
			loyalty.Period{Months: 1},
			nil, 20270102, loyaltytest.Noon,
			false,
		},
		{"until today", loyalty.Period{Days: 1}, loyalty.Period{Months: 1}, nil, 20261201, loyaltytest.Noon, true},
		{
			"until yesterday",
			loyalty.Period{Days: 1},
			loyalty.Period{Months: 1},
			nil, 20261130, loyaltytest.Noon,
			false,
		},
		{"without a limit", loyalty.Period{Days: 1}, loyalty.Period{}, nil, 20990101, loyaltytest.Noon, true},
		{
			"a sliding day",
			loyalty.Period{Days: 1},
			loyalty.Period{},
			nil, loyalty.Slides + 20270101,
			loyaltytest.Noon, false,
		},
		{
			"too late",
			loyalty.Period{Days: 1},
			loyalty.Period{Months: 1},
			nil, 20261210,
			time.Date(2026, 12, 2, 0, 0, 0, 0, time.UTC), false,
		},
		{
			"no reinstatement",
			loyalty.Period{},
			loyalty.Period{Months: 1},
			nil, 20261210, expiry.Effective.Add(-1),
			false,
		},
		{
			"no points",
			loyalty.Period{Days: 1},
			loyalty.Period{Months: 1},
			func(e *loyalty.Entry) { e.Points = 0 },
			20261210, loyaltytest.Noon, false,
		},
		{
			"another member",
			loyalty.Period{Days: 1},
			loyalty.Period{Months: 1},
			func(e *loyalty.Entry) { e.Member = "mem_bob" }, 20261210, loyaltytest.Noon, false,
		},
		{
			"another entry",
			loyalty.Period{Days: 1},
			loyalty.Period{Months: 1},
			func(e *loyalty.Entry) { e.Kind = loyalty.KindRedeem }, 20261210, loyaltytest.Noon, false,
		},
	} {
		p := plain(func(p *loyalty.Program) { p.Goodwill = loyalty.Goodwill{Extend: c.extend, Reinstate: c.within} })
		e := expiry
		if c.expiry != nil {
			c.expiry(&e)
		}
		acc := loyalty.Account{Member: "mem_ada", Status: loyalty.Active}
		acc.ExpiredLots = []loyalty.Lot{{Expires: 20261130, Points: 5}}
		out, err := Reinstate(p, acc, e, c.until, "sorry", c.now)
		if (err == nil) != c.ok ||
			c.ok && (out.Account.Balance().Active != 5 || out.Account.Lots[0].Expires != c.until) {
			t.Errorf("%s: %+v, %v", c.name, out.Account.Lots, err)
		}
		if c.ok && (out.Entries[0].Move == nil || out.Entries[0].Move.To != c.until ||
			out.Entries[0].Move.First != 20261130) {
			t.Errorf("%s: %+v", c.name, out.Entries[0].Move)
		}
	}
}
