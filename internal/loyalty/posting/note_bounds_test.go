package posting

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
)

func orderState(n int) *loyalty.OrderState {
	o := loyaltytest.Numbered(n)
	return &loyalty.OrderState{Order: loyalty.Order{ID: o.ID, PlacedAt: o.At}}
}

func TestNoticesOfASubject(t *testing.T) {
	acc := loyalty.Account{Notices: []loyalty.Notice{
		{What: loyalty.OfExpiry, Subject: "a", At: loyaltytest.Noon},
		{What: loyalty.OfFall, Subject: "b", At: loyaltytest.Noon.Add(1)},
	}}
	for _, c := range []struct {
		what    loyalty.NoticeOf
		subject string
		want    time.Time
	}{
		{loyalty.OfExpiry, "a", loyaltytest.Noon},
		{loyalty.OfFall, "b", loyaltytest.Noon.Add(1)},
		{loyalty.OfExpiry, "b", time.Time{}},
		{loyalty.OfFall, "a", time.Time{}},
	} {
		if got, ok := IsNoticed(acc, c.what, c.subject); !got.At.Equal(c.want) || ok == c.want.IsZero() {
			t.Errorf("the notice of the %s of %s is %+v, %t", c.what, c.subject, got, ok)
		}
	}
}

func TestOrdersThatWaitToBeDecidedAgain(t *testing.T) {
	x := func(n int) loyalty.Again { return loyalty.Again{Order: loyaltytest.Numbered(n)} }
	from := x(9)
	for _, c := range []struct {
		name string
		was  []loyalty.Again
		e    loyalty.Detail
		want []loyalty.Again
		from loyalty.Again
	}{
		{"none", nil, loyalty.Detail{}, nil, x(7)},
		{
			"the first", nil,
			loyalty.Detail{Remembered: loyalty.Remembered{Undecided: []loyalty.Again{x(1)}}},
			[]loyalty.Again{x(1)},
			x(7),
		},
		{
			"another and a known one",
			[]loyalty.Again{x(1), x(2)},
			loyalty.Detail{Remembered: loyalty.Remembered{Undecided: []loyalty.Again{x(2), x(3)}}},
			[]loyalty.Again{x(1), x(2), x(3)},
			x(7),
		},
		{
			"an order is decided",
			[]loyalty.Again{x(1), x(2)},
			loyalty.Detail{Subject: loyalty.Subject{Order: orderState(1)}},
			[]loyalty.Again{x(2)},
			x(7),
		},
		{
			"the last order is decided",
			[]loyalty.Again{x(1)},
			loyalty.Detail{Subject: loyalty.Subject{Order: orderState(1)}},
			nil, x(7),
		},
		{"all from an order on", nil, loyalty.Detail{Remembered: loyalty.Remembered{UndecidedFrom: &from}}, nil, x(9)},
		{
			"no longer all", nil,
			loyalty.Detail{Remembered: loyalty.Remembered{UndecidedFrom: &loyalty.Again{}}},
			nil,
			loyalty.Again{},
		},
	} {
		acc, was := loyalty.Account{Undecided: c.was, UndecidedFrom: x(7)}, slices.Clone(c.was)
		NoteUndecided(&acc, loyalty.Entry{Detail: c.e})
		if !reflect.DeepEqual(acc.Undecided, c.want) || acc.UndecidedFrom != c.from {
			t.Errorf("%s: %+v, from %+v", c.name, acc.Undecided, acc.UndecidedFrom)
		}
		if !slices.Equal(was, c.was) {
			t.Errorf("%s: the account before has %+v", c.name, c.was)
		}
	}
	acc := loyalty.Account{Undecided: []loyalty.Again{x(1)}}
	if !IsUndecided(&acc, "1") || IsUndecided(&acc, "2") {
		t.Error("only order 1 waits")
	}
}

func TestFirstOrdersThatAnAccountRemembers(t *testing.T) {
	entry := func(numbers, target int, first ...int) loyalty.Entry {
		o := orderState(2)
		o.Counted = true
		return loyalty.Entry{Detail: loyalty.Detail{
			Subject: loyalty.Subject{Order: o},
			Remembered: loyalty.Remembered{
				Numbers: numbers, Target: target, First: loyaltytest.NumberedOrders(first...),
			},
		}}
	}
	for _, c := range []struct {
		name   string
		loaded bool
		known  []int
		e      loyalty.Entry
		want   []int
	}{
		{"no rule uses numbers", false, nil, entry(0, 0), nil},
		{"a rule used numbers before", false, []int{1}, entry(0, 0), []int{1}},
		{"a rule uses them", false, []int{1}, entry(1, 0), []int{1, 2}},
		{"a milestone uses them", false, []int{1}, entry(0, 1), []int{1, 2}},
		{"a rule and a milestone use them", true, []int{1}, entry(3, 3), []int{1, 2}},
		{"they were read for a referral", true, []int{1}, entry(0, 0), nil},
		{"the entry states them", true, []int{1}, entry(3, 3, 1, 2, 3), []int{1, 2, 3}},
	} {
		acc := loyalty.Account{
			First: loyalty.FirstOrders{Loaded: c.loaded, Orders: loyaltytest.NumberedOrders(c.known...)},
		}
		acc.Metrics = []loyalty.Metric{{Orders: int64(len(c.known))}}
		noteOrder(&acc, c.e)
		if !reflect.DeepEqual(acc.First.Orders, loyaltytest.NumberedOrders(c.want...)) || acc.First.Loaded ||
			acc.First.Target != 0 {
			t.Errorf("%s: %+v", c.name, acc.First)
		}
	}
	acc := loyalty.Account{Metrics: []loyalty.Metric{{Orders: 2}, {Month: 202701, Orders: 3}}}
	for n, want := range map[int]bool{4: false, 5: true, 6: true} {
		if acc.First.Orders = make([]loyalty.PlacedOrder, n); HasAllOrders(&acc) != want {
			t.Errorf("%d of 5 orders are all: %t", n, !want)
		}
	}
}

func TestOrdersThatCouldConvertAReferral(t *testing.T) {
	converting := orderState(1)
	converting.Converts = []string{"referral"}
	known := loyalty.Converting{Orders: loyaltytest.NumberedOrders(9)}
	for _, c := range []struct {
		name string
		by   loyalty.MemberID
		e    loyalty.Detail
		want []int
	}{
		{"no order", "mem_b", loyalty.Detail{}, []int{2}},
		{"an order that could", "mem_b", loyalty.Detail{Subject: loyalty.Subject{Order: converting}}, []int{1, 2}},
		{"an order that could not", "mem_b", loyalty.Detail{Subject: loyalty.Subject{Order: orderState(1)}}, []int{2}},
		{"an order that no longer could", "mem_b", loyalty.Detail{Subject: loyalty.Subject{Order: orderState(2)}}, nil},
		{
			"an order of a member without a referrer", "",
			loyalty.Detail{Subject: loyalty.Subject{Order: converting}},
			[]int{2},
		},
		{
			"orders that the entry states", "mem_b",
			loyalty.Detail{
				Subject: loyalty.Subject{Order: converting}, Remembered: loyalty.Remembered{Converting: &known},
			},
			[]int{9},
		},
	} {
		acc := loyalty.Account{Converting: loyalty.Converting{Orders: loyaltytest.NumberedOrders(2)}}
		acc.Traits.Referral.By = c.by
		if noteReferral(&acc, loyalty.Entry{Detail: c.e}); !reflect.DeepEqual(
			acc.Converting.Orders, loyaltytest.NumberedOrders(c.want...),
		) {
			t.Errorf("%s: %+v", c.name, acc.Converting.Orders)
		}
	}
}

// An entry changes exactly the parts of the account that it states.
func TestPartsOfAnAccountThatAnEntryChanges(t *testing.T) {
	at := loyaltytest.Noon
	was := loyalty.Account{
		Sequence: 1, Member: "mem_a", Status: loyalty.Frozen, Joined: at.AddDate(0, -1, 0), Carried: "0.5",
		Traits: loyalty.Traits{Birthday: 101, Referral: loyalty.Referral{By: "mem_r"}},
		Holds: []loyalty.Hold{
			{Redemption: loyalty.Redemption{ID: "rd"}, Lots: []loyalty.Lot{lotOf(sliding(jan31), 4)}},
		},
		Slides: sliding(jan31), Slid: []loyalty.Lot{lotOf(sliding(jan31-1), 3)},
		LastActivity: at.Add(-9), Counted: at.Add(-9), Seen: at.Add(-9),
		Purse: loyalty.Purse{
			Lots: []loyalty.Lot{lotOf(sliding(jan31), 9)}, ExpiredLots: []loyalty.Lot{lotOf(2026_11_30, 5)},
		},
	}
	order := orderState(0)
	order.Order.PlacedAt = at.Add(-3)
	metric := &loyalty.Metric{Month: 202612, Orders: 1}
	conversion := &loyalty.Converted{ID: "c", Points: 1, Received: 2}
	reached := loyalty.Reached{Grant: loyalty.Grant{Rule: "levels.gold"}}
	for _, c := range []struct {
		name string
		e    loyalty.Entry
		want func(a *loyalty.Account)
	}{
		{"nothing", loyalty.Entry{}, func(a *loyalty.Account) {}},
		{
			"an enrollment",
			loyalty.Entry{Kind: loyalty.KindEnroll, Member: "mem_b"},
			func(a *loyalty.Account) { a.Member, a.Status, a.Joined = "mem_b", loyalty.Active, at },
		},
		{
			"traits",
			loyalty.Entry{Detail: loyalty.Detail{Subject: loyalty.Subject{Traits: &loyalty.Traits{Birthday: 202}}}},
			func(a *loyalty.Account) { a.Traits = loyalty.Traits{Birthday: 202} },
		},
		{
			"a carried fraction",
			loyalty.Entry{Detail: loyalty.Detail{Remembered: loyalty.Remembered{Carried: "0.7"}}},
			func(a *loyalty.Account) { a.Carried = "0.7" },
		},
		{
			"no carried fraction",
			loyalty.Entry{Detail: loyalty.Detail{Remembered: loyalty.Remembered{Carried: "0"}}},
			func(a *loyalty.Account) { a.Carried = "" },
		},
		{
			"a grace period",
			loyalty.Entry{Detail: loyalty.Detail{LotEffects: loyalty.LotEffects{Graced: []calendar.Date{jan31}}}},
			func(a *loyalty.Account) { a.Graced = []calendar.Date{jan31} },
		},
		{
			"a metric of an order",
			loyalty.Entry{
				Detail: loyalty.Detail{
					Subject:      loyalty.Subject{Order: order},
					LevelEffects: loyalty.LevelEffects{Metric: metric, Window: 12},
				},
			},
			func(a *loyalty.Account) { a.Metrics, a.Counted = []loyalty.Metric{*metric}, at },
		},
		{
			"a metric of an event",
			loyalty.Entry{Detail: loyalty.Detail{
				Subject:      loyalty.Subject{Event: &loyalty.EventState{Event: loyalty.Event{At: at.Add(4)}}},
				LevelEffects: loyalty.LevelEffects{Metric: metric, Window: 12},
			}},
			func(a *loyalty.Account) { a.Metrics, a.Counted = []loyalty.Metric{*metric}, at.Add(4) },
		},
		{
			"a brand",
			loyalty.Entry{
				Detail: loyalty.Detail{
					LevelEffects: loyalty.LevelEffects{
						Brands: []loyalty.Bought{{Month: 202612, Brand: "b", N: 1}}, Window: 12,
					},
				},
			},
			func(a *loyalty.Account) { a.Brands = []loyalty.Bought{{Month: 202612, Brand: "b", N: 1}} },
		},
		{
			"counts of levels and of a tier group",
			loyalty.Entry{Detail: loyalty.Detail{LevelEffects: loyalty.LevelEffects{Counts: []loyalty.TierGroupCount{
				{Metric: *metric, Brands: []loyalty.Bought{{Brand: "a", N: 1}}, Window: 12},
				{TierGroup: "club", Metric: *metric, Brands: []loyalty.Bought{{Brand: "b", N: 1}}, Window: 12},
			}}}},
			func(a *loyalty.Account) {
				a.Metrics, a.Brands = []loyalty.Metric{*metric}, []loyalty.Bought{{Brand: "a", N: 1}}
				a.TierGroups = []loyalty.TierGroupStanding{
					{
						TierGroup: "club", Metrics: []loyalty.Metric{*metric},
						Brands: []loyalty.Bought{{Brand: "b", N: 1}},
					},
				}
			},
		},
		{
			"usage of an order",
			loyalty.Entry{
				Detail: loyalty.Detail{
					Subject:    loyalty.Subject{Order: order},
					Remembered: loyalty.Remembered{Usage: []loyalty.Usage{{Rule: "a", N: 1}}},
				},
			},
			func(a *loyalty.Account) {
				a.Usage, a.Counted = []loyalty.Usage{{Rule: "a", N: 1}}, at.Add(-3)
			},
		},
		{
			"usage without an order",
			loyalty.Entry{
				Detail: loyalty.Detail{Remembered: loyalty.Remembered{Usage: []loyalty.Usage{{Rule: "a", N: 1}}}},
			},
			func(a *loyalty.Account) { a.Usage = []loyalty.Usage{{Rule: "a", N: 1}} },
		},
		{
			"a write-off",
			loyalty.Entry{
				Detail: loyalty.Detail{
					LotEffects: loyalty.LotEffects{WriteOffs: []loyalty.WriteOff{{Lot: 2026_11_30, Points: 2}}},
				},
			},
			func(a *loyalty.Account) { a.ExpiredLots = []loyalty.Lot{lotOf(2026_11_30, 3)} },
		},
		{
			"a conversion and its reversal",
			loyalty.Entry{Detail: loyalty.Detail{
				Subject:    loyalty.Subject{Conversion: conversion},
				LotEffects: loyalty.LotEffects{Reversals: []loyalty.Unconverted{took("c", 2, 1)}},
			}},
			func(a *loyalty.Account) {
				a.Conversions = []loyalty.Converted{{ID: "c", Points: 1, Received: 2, Reversed: 2, Returned: 1}}
			},
		},
		{
			"a level and an entry bonus on another day",
			loyalty.Entry{Detail: loyalty.Detail{
				Subject: loyalty.Subject{Reached: &reached},
				LevelEffects: loyalty.LevelEffects{
					Redated: []loyalty.Reached{{Grant: loyalty.Grant{Rule: "levels.vip"}}},
				},
			}},
			func(a *loyalty.Account) {
				a.Reached = []loyalty.Reached{reached, {Grant: loyalty.Grant{Rule: "levels.vip"}}}
			},
		},
		{
			"a move and a postponed lot",
			loyalty.Entry{
				Detail: loyalty.Detail{
					LotEffects: loyalty.LotEffects{
						Move: &loyalty.Move{To: jan31}, Extended: []loyalty.Extended{{Lot: jan31, Points: 1}},
					},
				},
			},
			func(a *loyalty.Account) {
				a.Moves, a.Extended = []loyalty.Move{{To: jan31}}, []loyalty.Extended{{Lot: jan31, Points: 1}}
			},
		},
		{
			"a notice",
			loyalty.Entry{
				Detail: loyalty.Detail{Subject: loyalty.Subject{Notice: &loyalty.Notice{Subject: "s", At: at}}},
			},
			func(a *loyalty.Account) { a.Notices = []loyalty.Notice{{Subject: "s", At: at}} },
		},
		{
			"an activity that slides the points",
			loyalty.Entry{Detail: loyalty.Detail{
				Subject:    loyalty.Subject{Activity: &loyalty.ActivityChange{At: at.Add(-1)}},
				LotEffects: loyalty.LotEffects{Slides: sliding(jan31)},
			}},
			func(a *loyalty.Account) { a.Activities, a.LastActivity = []time.Time{at.Add(-1)}, at.Add(-1) },
		},
		{
			"a move of the sliding points without an activity",
			loyalty.Entry{Detail: loyalty.Detail{LotEffects: loyalty.LotEffects{Slides: sliding(jan31)}}},
			func(a *loyalty.Account) { a.Slid = nil },
		},
		{
			"an order that could convert a referral and is cut",
			loyalty.Entry{Detail: loyalty.Detail{
				Subject: loyalty.Subject{Order: &loyalty.OrderState{
					Order: order.Order, Counted: true, Converts: []string{"referral"},
					Cut: []loyalty.Usage{{Per: loyalty.PerEver}},
				}},
				Remembered: loyalty.Remembered{Numbers: 2},
			}},
			func(a *loyalty.Account) {
				all := []loyalty.PlacedOrder{order.Order.Placed()}
				a.Cut, a.First = []loyalty.CutOrder{{Order: all[0]}}, loyalty.FirstOrders{Most: 2, Orders: all}
				a.Converting, a.LastActivity = loyalty.Converting{Orders: all}, at.Add(-3)
			},
		},
		{
			"points that were spent",
			loyalty.Entry{Postings: []loyalty.Posting{
				{Bucket: loyalty.BucketActive, Lot: sliding(jan31), Points: -7},
				{Bucket: loyalty.BucketRedeemed, Points: 7},
			}},
			func(a *loyalty.Account) {
				a.Lots, a.Redeemed = []loyalty.Lot{lotOf(sliding(jan31), 2)}, 7
				a.Slid = []loyalty.Lot{lotOf(sliding(jan31-1), 2)}
			},
		},
		{
			"reserved points that no longer slide",
			loyalty.Entry{Detail: loyalty.Detail{LotEffects: loyalty.LotEffects{Stale: sliding(jan31)}}},
			func(a *loyalty.Account) {
				a.Holds = []loyalty.Hold{{Redemption: a.Holds[0].Redemption, Lots: []loyalty.Lot{lotOf(jan31, 4)}}}
			},
		},
		{
			"a move of the sliding points to another day",
			loyalty.Entry{Detail: loyalty.Detail{LotEffects: loyalty.LotEffects{Slides: Forever}}},
			func(a *loyalty.Account) { a.Slid, a.Slides = nil, Forever },
		},
	} {
		want := was
		want.Seen = at
		c.want(&want)
		want.Sequence = 2
		c.e.Sequence, c.e.Effective, c.e.Recorded = 2, at, at.Add(1)
		if got, err := Apply(was, c.e); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v\n%+v, want\n%+v", c.name, err, got, want)
		}
	}
	old := was
	old.Seen = at.Add(1)
	old.Past = []loyalty.Standing{{Level: "basic"}}
	old.Tier.Since = at.Add(-PastAge)
	note(&old, loyalty.Entry{Effective: at.Add(1), Recorded: at})
	if !old.Seen.Equal(at.Add(1)) || len(old.Past) != 1 {
		t.Errorf("after an earlier entry it was seen at %s", old.Seen)
	}
	many := loyalty.Account{Moves: make([]loyalty.Move, loyalty.MaxMoves)}
	note(&many, loyalty.Entry{Detail: loyalty.Detail{LotEffects: loyalty.LotEffects{Move: &loyalty.Move{To: jan31}}}})
	if len(many.Moves) != loyalty.MaxMoves || many.Moves[loyalty.MaxMoves-1].To != jan31 {
		t.Errorf("it remembers %d moves", len(many.Moves))
	}
}

func TestStandingsThatAnEntryStates(t *testing.T) {
	gold := loyalty.Standing{Level: "gold", Since: loyaltytest.Noon}
	was := loyalty.Account{Tier: loyalty.Standing{Level: "basic", Since: loyaltytest.Noon.Add(-1)}}
	detail := loyalty.Detail{LevelEffects: loyalty.LevelEffects{Standing: &gold}}
	for _, c := range []struct {
		name          string
		kind          loyalty.Kind
		group         string
		tier, inGroup string
		past          int
	}{
		{"an enrollment", loyalty.KindEnroll, "", "gold", "", 0},
		{"a move", loyalty.KindMoveTier, "", "gold", "", 1},
		{"a move in a tier group", loyalty.KindMoveTier, "club", "basic", "gold", 0},
		{"an enrollment in a tier group", loyalty.KindEnroll, "club", "basic", "gold", 0},
	} {
		acc := was
		e := loyalty.Entry{Kind: c.kind, Effective: loyaltytest.Noon, Recorded: loyaltytest.Noon, Detail: detail}
		e.TierGroup = c.group
		note(&acc, e)
		inGroup := ""
		if len(acc.TierGroups) > 0 {
			inGroup = acc.TierGroups[0].Tier.Level
		}
		if acc.Tier.Level != c.tier || inGroup != c.inGroup || len(acc.Past) != c.past {
			t.Errorf("%s: %+v, past %+v, tier groups %+v", c.name, acc.Tier, acc.Past, acc.TierGroups)
		}
	}
}
