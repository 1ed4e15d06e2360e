package award

import (
	"reflect"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

func TestEventsThatAnActionIsFor(t *testing.T) {
	s := &loyalty.EventState{
		Event: loyaltytest.VisitEvent(loyaltytest.Noon),
		Buyer: loyalty.Buyer{Level: "silver", Segments: []string{"vip", "staff"}},
	}
	for _, c := range []struct {
		action loyalty.Action
		want   string
	}{
		{loyalty.Action{}, ""},
		{loyalty.Action{From: loyaltytest.Noon}, ""},
		{loyalty.Action{From: loyaltytest.Noon.Add(1)}, "time"},
		{loyalty.Action{Until: loyaltytest.Noon.Add(1)}, ""},
		{loyalty.Action{Until: loyaltytest.Noon}, "time"},
		{loyalty.Action{From: loyaltytest.Noon.Add(-1), Until: loyaltytest.Noon.Add(1)}, ""},
		{loyalty.Action{Tiers: []string{"gold", "silver"}}, ""},
		{loyalty.Action{Tiers: []string{"gold"}}, "tiers"},
		{loyalty.Action{Segments: []string{"vip"}}, ""},
		{loyalty.Action{Segments: []string{"other"}}, "segments"},
	} {
		if got, _ := unmetRestriction(c.action, s); got != c.want {
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
		day  calendar.Date
		want calendar.Date
	}{
		{"within it", rest, 20261209, 20261210},
		{"on its last day", rest, 20261210, 20261210},
		{"after it", rest, 20261211, 0},
		{"of another action", edited(func(u *loyalty.Usage) { u.Rule = "earn.actions.b" }), 20261209, 0},
		{"of another period", edited(func(u *loyalty.Usage) { u.Per = loyalty.PerDay }), 20261209, 0},
		{"of points", edited(func(u *loyalty.Usage) { u.Times = false }), 20261209, 0},
		{"given back", edited(func(u *loyalty.Usage) { u.N = 0 }), 20261209, 0},
	} {
		if got := restsUntil(
			(loyalty.Account{Usage: []loyalty.Usage{c.u}}), "earn.actions.a", c.day,
		); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestChangeOfAReferral(t *testing.T) {
	for _, c := range []struct {
		name     string
		referral loyalty.Referral
		known    []int
		decided  string
		want     ReferralChange
		changes  bool
	}{
		{"not referred", loyalty.Referral{}, []int{1}, "1", ReferralChange{}, false},
		{"no order", loyalty.Referral{By: "mem_bob"}, nil, "1", ReferralChange{Referrer: "mem_bob"}, false},
		{
			"the first order",
			loyalty.Referral{By: "mem_bob"},
			[]int{1},
			"1",
			ReferralChange{Referrer: "mem_bob", Withdrawn: "", Converts: "1"},
			true,
		},
		{
			"the converting order again",
			loyalty.Referral{By: "mem_bob", Order: "1"},
			[]int{1},
			"1",
			ReferralChange{Referrer: "mem_bob", Withdrawn: "", Converts: "1"},
			true,
		},
		{
			"another order",
			loyalty.Referral{By: "mem_bob", Order: "1"},
			[]int{1, 2},
			"2",
			ReferralChange{Referrer: "mem_bob", Withdrawn: "", Converts: "1"},
			false,
		},
		{
			"an earlier order",
			loyalty.Referral{By: "mem_bob", Order: "2"},
			[]int{1, 2},
			"1",
			ReferralChange{Referrer: "mem_bob", Withdrawn: "2", Converts: "1"},
			true,
		},
		{
			"none any longer",
			loyalty.Referral{By: "mem_bob", Order: "1"},
			nil, "1",
			ReferralChange{Referrer: "mem_bob", Withdrawn: "1", Converts: ""},
			true,
		},
		{
			"the former order again",
			loyalty.Referral{By: "mem_bob", Former: "1"},
			[]int{1},
			"1",
			ReferralChange{Referrer: "mem_bob", Withdrawn: "", Converts: "1"},
			true,
		},
		{
			"another one than the former",
			loyalty.Referral{By: "mem_bob", Former: "1"},
			[]int{2},
			"2",
			ReferralChange{Referrer: "mem_bob", Withdrawn: "1", Converts: "2"},
			true,
		},
	} {
		acc := loyalty.Account{
			Traits:     loyalty.Traits{Referral: c.referral},
			Converting: loyalty.Converting{Orders: loyaltytest.NumberedOrders(c.known...)},
		}
		if got, changes := ReferralChangeOf(acc, c.decided); got != c.want || changes != c.changes {
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
	spare := yield(&was)
	if want := []loyalty.Grant{
		{Rule: "a", ExpiredOn: 20}, {Rule: "c", Wallet: "miles", ExpiredOn: 5},
	}; !reflect.DeepEqual(spare, want) {
		t.Errorf("it yields %+v", spare)
	}
	if was.Grants[0].ExpiredOn != 10 || was.Grants[1].ExpiredOn != 10 || was.Grants[2].ExpiredOn != 0 {
		t.Errorf("it keeps %+v", was.Grants)
	}
	next := loyalty.EventState{Grants: []loyalty.Grant{{Rule: "c", ExpiredOn: 1}}}
	adopt(&next, spare)
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
		if got := sameGrants(c.x, c.y); got != c.want {
			t.Errorf("%+v and %+v are the same: %t", c.x, c.y, got)
		}
	}
}

// The friend's part of a referral has its own points, and neither limits nor restrictions.
func TestFriendsPartOfAReferral(t *testing.T) {
	a := loyalty.Action{
		ID: "friends", Event: posting.EventConverted, Points: 200, Friend: 100,
		Limits: []loyalty.Limit{{Times: 1, Per: loyalty.PerEver}},
		Tiers:  []string{"gold"}, Segments: []string{"vip"},
	}
	friends, referrers := ReferralEvents(loyalty.Referral{By: "mem_bob"}, "mem_ada", "1042")
	if got := actionOf(a, friends); got.Points != 100 || got.Limits != nil || got.Tiers != nil ||
		got.Segments != nil {
		t.Errorf("the friend's part is %+v", got)
	}
	if got := actionOf(a, referrers); !reflect.DeepEqual(got, a) {
		t.Errorf("the referrer's part is %+v", got)
	}
	other := a
	other.Event = "visit.completed"
	if got := actionOf(other, friends); !reflect.DeepEqual(got, other) {
		t.Errorf("another action is %+v", got)
	}
}
