package award

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

func TestFirstOrdersAfterAnOrder(t *testing.T) {
	account := func(counted int64, first ...int) loyalty.Account {
		return loyalty.Account{
			First:   loyalty.FirstOrders{Most: 2, Orders: loyaltytest.NumberedOrders(first...)},
			Metrics: []loyalty.Metric{{Month: 202612, Orders: counted}},
		}
	}
	for _, c := range []struct {
		name        string
		acc         loyalty.Account
		numbers     int
		order       int
		was, counts bool
		want        []int
		known       bool
	}{
		{"no rule uses numbers", account(0), 0, 1, false, true, nil, true},
		{"the first order", account(0), 2, 1, false, true, []int{1}, true},
		{"the second order", account(1, 1), 2, 2, false, true, []int{1, 2}, true},
		{"the third order", account(2, 1, 2), 2, 3, false, true, []int{1, 2}, true},
		{"an earlier order", account(2, 2, 3), 2, 1, false, true, []int{1, 2}, true},
		{"the only order no longer counts", account(1, 1), 2, 1, true, false, nil, true},
		{"one of two no longer counts", account(2, 1, 2), 2, 1, true, false, []int{2}, true},
		{"one of three no longer counts", account(3, 1, 2), 2, 1, true, false, []int{2}, false},
		{"one of many still counts", account(3, 1, 2), 2, 1, true, true, []int{1, 2}, true},
		{"an order that does not count", account(1, 1), 2, 2, false, false, []int{1}, true},
		{"a rule that uses a greater number", account(3, 1, 2), 3, 1, true, true, []int{1, 2}, false},
	} {
		p := &loyalty.Program{Zone: time.UTC}
		p.Compiled.Numbers = c.numbers
		if c.numbers == 0 {
			c.acc.First = loyalty.FirstOrders{}
		}
		x := loyaltytest.Numbered(c.order)
		o := &loyalty.Order{ID: x.ID, PlacedAt: x.At}
		next, known := FirstOrders(&p.Compiled, c.acc, &p.Compiled, o, c.was, c.counts)
		got := next.Orders
		if c.numbers == 2 && len(got) > 2 {
			got = got[:2]
		}
		if known != c.known || known && !slices.Equal(got, loyaltytest.NumberedOrders(c.want...)) {
			t.Errorf("%s: %v, %t", c.name, next.Orders, known)
		}
	}
}

func TestOrdersThatAreDecidedNext(t *testing.T) {
	waiting := loyalty.Again{Order: loyaltytest.Numbered(3), Reasons: "1042"}
	from := loyalty.Again{Order: loyaltytest.Numbered(4), Reasons: "1043"}
	var placed []loyalty.PlacedOrder
	for i := range MaxUndecided + 2 {
		placed = append(placed, loyaltytest.Numbered(4+i))
	}
	for _, c := range []struct {
		name    string
		acc     loyalty.Account
		placed  []loyalty.PlacedOrder
		want    int
		resumed bool
		next    loyalty.PlacedOrder
	}{
		{"none", loyalty.Account{Status: loyalty.Active}, nil, 0, false, loyalty.PlacedOrder{}},
		{
			"by their IDs",
			loyalty.Account{Status: loyalty.Active, Undecided: []loyalty.Again{waiting}, UndecidedFrom: from},
			placed, 1, false,
			loyalty.PlacedOrder{},
		},
		{
			"all from an order on",
			loyalty.Account{Status: loyalty.Active, UndecidedFrom: from},
			placed, MaxUndecided, true,
			loyaltytest.Numbered(4 + MaxUndecided),
		},
		{
			"the last of them",
			loyalty.Account{Status: loyalty.Active, UndecidedFrom: from},
			placed[:MaxUndecided],
			MaxUndecided, true,
			loyalty.PlacedOrder{},
		},
		{
			"no orders from there on",
			loyalty.Account{Status: loyalty.Active, UndecidedFrom: from},
			nil, 0, false,
			loyalty.PlacedOrder{},
		},
		{
			"of an account that does not earn",
			loyalty.Account{Status: "closed", Undecided: []loyalty.Again{waiting}},
			nil, 0, false,
			loyalty.PlacedOrder{},
		},
	} {
		out := Resume(c.acc, c.placed)
		if len(out.Needs.Orders) != c.want || (out.Resumed != nil) != c.resumed ||
			c.resumed && (out.Resumed.From.Order != c.next || out.Resumed.Orders[0].Reasons != "1043") {
			t.Errorf("%s: %+v, %+v", c.name, out.Needs.Orders, out.Resumed)
		}
	}
	d := &posting.Decision{}
	d.Resumed = &posting.Resumption{Orders: []loyalty.Again{waiting}, From: from}
	var e, second loyalty.Entry
	resume(d, &e)
	if resume(d, &second); len(e.Undecided) != 1 || *e.UndecidedFrom != from || second.UndecidedFrom != nil {
		t.Errorf("%+v, %+v", e.Undecided, second.Undecided)
	}
}

func TestReasonToDecideAnOrderAgain(t *testing.T) {
	d := &posting.Decision{}
	d.Entries = []loyalty.Entry{{Cause: loyalty.Cause{ID: "1044"}}}
	d.Account.Undecided = []loyalty.Again{
		{Order: loyaltytest.Numbered(1), Reasons: "1042"}, {Order: loyaltytest.Numbered(2), Reasons: "1043"},
	}
	for order, want := range map[string]string{"1": "1042", "2": "1043", "3": "1044"} {
		if got := reason(d, order); got != want {
			t.Errorf("%s: %s, want %s", order, got, want)
		}
	}
}

// Levels are decided after all orders, from the account as it was before the first one.
func TestLevelsWaitForAllOrders(t *testing.T) {
	d := &posting.Decision{Holding: true}
	for i := range 2 {
		was := loyalty.Account{Sequence: int64(i + 1)}
		if err := settleOrder(d, loyaltytest.Noon.Add(time.Duration(i)), &was); err != nil {
			t.Fatal(err)
		}
		if len(d.Rising.Placed) != i+1 || d.Rising.Was.Sequence != 1 {
			t.Errorf("%+v", d.Rising)
		}
	}
}

func TestStateOfAnEvent(t *testing.T) {
	now := loyaltytest.Noon
	p := &loyalty.Program{Zone: time.UTC}
	prior := &loyalty.EventState{
		Event: loyalty.Event{ID: "1", Member: "mem_ada", At: now}, Revision: 2,
		Grants: []loyalty.Grant{{Worth: 9}}, Shares: []loyalty.Share{{Used: 1}},
	}
	for _, c := range []struct {
		name     string
		prior    *loyalty.EventState
		member   loyalty.MemberID
		at       time.Time
		joined   time.Time
		revision int
		pointer  string
	}{
		{"ahead", nil, "mem_ada", now.Add(loyalty.MaxOrderAhead), time.Time{}, 1, ""},
		{"too far ahead", nil, "mem_ada", now.Add(loyalty.MaxOrderAhead + 1), time.Time{}, 0, "/at"},
		{"old", nil, "mem_ada", now.Add(-loyalty.MaxOrderAge), time.Time{}, 1, ""},
		{"too old", nil, "mem_ada", now.Add(-loyalty.MaxOrderAge - 1), time.Time{}, 0, "/at"},
		{"a day before joining", nil, "mem_ada", now, now.Add(loyalty.JoinGrace), 1, ""},
		{"more than a day before joining", nil, "mem_ada", now, now.Add(loyalty.JoinGrace + 1), 0, "/at"},
		{"again", prior, "mem_ada", now, time.Time{}, 3, ""},
		{"of another member", prior, "mem_bob", now, time.Time{}, 0, "/member"},
		{"at another instant", prior, "mem_ada", now.Add(1), time.Time{}, 0, "/at"},
	} {
		ev := loyalty.Event{ID: "1", Type: "review.approved", Member: c.member, At: c.at}
		acc := loyalty.Account{Member: "mem_ada", Joined: c.joined}
		s, err := eventState(posting.Decide(p, acc, now), c.prior, earnRules(p), ev)
		if c.pointer != "" {
			loyaltytest.WantRefusal(t, c.name, err, loyalty.ValidationFailed, c.pointer)
			continue
		}
		if err != nil || s.Revision != c.revision || s.Event.Type != ev.Type {
			t.Errorf("%s: %+v, %v", c.name, s, err)
		}
		if c.prior != nil {
			if s.Grants[0].Worth, s.Shares[0].Used = 5, 5; prior.Grants[0].Worth != 9 || prior.Shares[0].Used != 1 {
				t.Errorf("%s: the state before changed", c.name)
			}
		}
	}
}

// The points of an event are posted as the difference to those that it gave before, with a reason for other wallets.
func TestPointsOfAnAction(t *testing.T) {
	p := &loyalty.Program{Zone: time.UTC}
	for _, c := range []struct {
		name    string
		wallet  string
		was     []loyalty.Grant
		target  loyalty.Points
		grants  int
		active  loyalty.Points
		reasons int
	}{
		{"nothing", "", nil, 0, 0, 0, 0},
		{"points", "", nil, 50, 1, 50, 0},
		{"the same again", "", []loyalty.Grant{{Rule: "a", Worth: 50, ActiveAt: loyaltytest.Noon}}, 50, 1, 0, 0},
		{"more", "", []loyalty.Grant{{Rule: "a", Worth: 50, ActiveAt: loyaltytest.Noon}}, 70, 1, 20, 0},
		{"nothing any more", "", []loyalty.Grant{{Rule: "a", Worth: 50, ActiveAt: loyaltytest.Noon}}, 0, 1, -50, 0},
		{"in another wallet", "miles", nil, 50, 1, 50, 0},
		{
			"more in another wallet", "miles",
			[]loyalty.Grant{{Rule: "a", Wallet: "miles", Worth: 50, ActiveAt: loyaltytest.Noon}},
			70, 1, 20, 1,
		},
		{"of another action", "", []loyalty.Grant{{Rule: "b", Worth: 50, ActiveAt: loyaltytest.Noon}}, 50, 2, 50, 0},
	} {
		acc := loyalty.Account{Member: "mem_ada", Status: loyalty.Active}
		acc.Lots = []loyalty.Lot{{Points: 100}}
		acc.Purses = []loyalty.Purse{{Wallet: "miles", Lots: []loyalty.Lot{{Points: 100}}}}
		d := posting.Decide(p, acc, loyaltytest.Noon)
		s := &loyalty.EventState{Event: loyaltytest.VisitEvent(loyaltytest.Noon), Grants: slices.Clone(c.was)}
		a := loyalty.Action{ID: "a", Wallet: c.wallet}
		e := loyalty.Entry{Cause: loyalty.Cause{Kind: loyalty.CauseEvent, ID: "visit:1"}}
		e = grantAction(d, e, earnRules(p), s, a, c.target, time.Time{})
		active := loyalty.Points(0)
		for _, x := range e.Postings {
			if x.Bucket == loyalty.BucketActive && x.Wallet == c.wallet {
				active += x.Points
			}
		}
		if len(s.Grants) != c.grants || active != c.active || len(e.Reasons) != c.reasons {
			t.Errorf("%s: %d active, %+v, %+v", c.name, active, s.Grants, e.Reasons)
		}
		if at := len(s.Grants) - 1; at >= 0 &&
			(s.Grants[at].Worth != c.target || !s.Grants[at].ActiveAt.Equal(loyaltytest.Noon)) {
			t.Errorf("%s: %+v", c.name, s.Grants[at])
		}
	}
}

func TestStatusOfAReferral(t *testing.T) {
	now := loyaltytest.Noon
	for _, c := range []struct {
		r    loyalty.Referral
		want posting.ReferralStatus
	}{
		{loyalty.Referral{}, ""},
		{loyalty.Referral{Order: "1", ActiveAt: now}, ""},
		{loyalty.Referral{By: "mem_bob"}, posting.ReferralRegistered},
		{loyalty.Referral{By: "mem_bob", Order: "1", ActiveAt: now.Add(1)}, posting.ReferralConverted},
		{loyalty.Referral{By: "mem_bob", Order: "1", ActiveAt: now}, posting.ReferralRewarded},
	} {
		if got := posting.ReferralStatusAt(c.r, now); got != c.want {
			t.Errorf("%+v: %q, want %q", c.r, got, c.want)
		}
	}
}

// A later order is decided again if an order frees capacity of its caps, or takes capacity that it used.
func TestOrdersWhoseCapacityChanges(t *testing.T) {
	state := &loyalty.OrderState{Order: loyalty.Order{ID: "2", PlacedAt: loyaltytest.Numbered(2).At}}
	later := func(n int64) loyalty.LaterOrders {
		return loyalty.LaterOrders{Than: loyaltytest.Numbered(1), All: []loyalty.LaterOrder{
			{Order: loyaltytest.Numbered(1), Usage: []loyalty.Usage{loyaltytest.Monthly(5)}},
			{Order: loyaltytest.Numbered(3), Usage: []loyalty.Usage{loyaltytest.Monthly(n)}},
		}}
	}
	for _, c := range []struct {
		name  string
		cut   []int
		later loyalty.LaterOrders
		used  int64
		want  []int
	}{
		{"nothing changes", []int{1, 3}, loyalty.LaterOrders{}, 0, nil},
		{"capacity is freed", []int{1, 3}, loyalty.LaterOrders{}, -1, []int{3}},
		{"capacity is taken, unknown later orders", []int{1, 3}, loyalty.LaterOrders{}, 1, nil},
		{"capacity is taken", nil, later(5), 1, []int{3}},
		{"capacity is freed, no order was cut", nil, later(5), -1, nil},
		{"the later order used none", nil, later(0), 1, nil},
	} {
		d := &posting.Decision{P: &loyalty.Program{Zone: time.UTC}, Later: c.later}
		for _, n := range c.cut {
			d.Account.Cut = append(d.Account.Cut, loyalty.CutOrder{Order: loyaltytest.Numbered(n)})
		}
		got := Displaced(d, state, []loyalty.Usage{loyaltytest.Monthly(c.used)})
		if fmt.Sprint(got) != fmt.Sprint(loyaltytest.NumberedOrders(c.want...)) {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
