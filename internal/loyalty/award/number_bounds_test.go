package award

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

func TestOrdersWhoseNumbersChange(t *testing.T) {
	for _, c := range []struct {
		was, is []int
		order   int
		want    []int
	}{
		{[]int{1, 2, 3, 4}, []int{2, 3, 4}, 1, []int{2, 3}},
		{[]int{2, 3, 4}, []int{1, 2, 3, 4}, 1, []int{2, 3}},
		{[]int{1, 2, 4}, []int{1, 2, 3, 4}, 3, nil},
		{[]int{2}, []int{1, 2}, 1, []int{2}},
		{[]int{1}, []int{1, 2}, 2, nil},
		{[]int{1, 2}, []int{1, 2}, 2, nil},
	} {
		was, is := loyalty.FirstOrders{
			Most:   2,
			Orders: loyaltytest.NumberedOrders(c.was...),
		}, loyalty.FirstOrders{
			Most:   2,
			Orders: loyaltytest.NumberedOrders(c.is...),
		}
		if got := moved(was, is, loyaltytest.Numbered(c.order)); !slices.Equal(
			got, loyaltytest.NumberedOrders(c.want...),
		) {
			t.Errorf("%v becomes %v: %v, want %v", c.was, c.is, got, c.want)
		}
	}
	// The first orders may begin with orders that were not known before.
	was, is := loyalty.FirstOrders{Most: 2, Orders: loyaltytest.NumberedOrders(4)}, loyalty.FirstOrders{
		Most: 2, Orders: loyaltytest.NumberedOrders(2, 3, 4),
	}
	if got := moved(was, is, loyaltytest.Numbered(2)); !slices.Equal(got, loyaltytest.NumberedOrders(3, 4)) {
		t.Errorf("with orders that were not known: %v", got)
	}
}

// All entries of a member state which orders count and which could convert the referral.
func TestFirstOrdersOfAllEntries(t *testing.T) {
	entry := func(n int, counted bool, converts ...string) loyalty.Entry {
		x := loyaltytest.Numbered(n)
		return loyalty.Entry{
			Detail: loyalty.Detail{Subject: loyalty.Subject{Order: &loyalty.OrderState{
				Order: loyalty.Order{ID: x.ID, PlacedAt: x.At}, Counted: counted, Converts: converts,
			}}},
		}
	}
	acc := loyalty.Account{
		First:      loyalty.FirstOrders{Most: 3, Target: 9, Orders: loyaltytest.NumberedOrders(7)},
		Converting: loyalty.Converting{More: true},
	}
	got := WithFirstOrders(acc, []loyalty.Entry{
		entry(3, true), entry(2, true, "referral"),
		{},
		entry(1, true, "referral"), entry(4, false), entry(1, false),
		entry(5, true, "referral"),
	})
	want := loyalty.FirstOrders{Most: 3, Loaded: true, Orders: loyaltytest.NumberedOrders(2, 3, 5)}
	if !reflect.DeepEqual(got.First, want) {
		t.Errorf("the first orders are %+v, want %+v", got.First, want)
	}
	if want := (loyalty.Converting{
		Orders: loyaltytest.NumberedOrders(2, 5),
	}); !reflect.DeepEqual(got.Converting, want) {
		t.Errorf("the converting orders are %+v, want %+v", got.Converting, want)
	}
}

func TestOrdersThatWaitAfterAnEntry(t *testing.T) {
	wait := func(reason string, ns ...int) (all []loyalty.Again) {
		for _, n := range ns {
			all = append(all, loyalty.Again{Order: loyaltytest.Numbered(n), Reasons: reason})
		}
		return all
	}
	order := func(n int) *loyalty.OrderState { return &loyalty.OrderState{Order: loyalty.Order{ID: fmt.Sprint(n)}} }
	from := loyalty.Again{Order: loyaltytest.Numbered(7), Reasons: "b"}
	for _, c := range []struct {
		name  string
		was   []loyalty.Again
		entry loyalty.Entry
		want  []loyalty.Again
		from  loyalty.Again
	}{
		{
			"an order begins to wait", wait("a", 1),
			loyalty.Entry{Detail: loyalty.Detail{Remembered: loyalty.Remembered{Undecided: wait("b", 2)}}},
			wait("a", 1, 2),
			loyalty.Again{Order: loyaltytest.Numbered(9), Reasons: "a"},
		},
		{
			"an order waits already", wait("a", 1),
			loyalty.Entry{Detail: loyalty.Detail{Remembered: loyalty.Remembered{Undecided: wait("b", 1)}}},
			wait("a", 1),
			loyalty.Again{Order: loyaltytest.Numbered(9), Reasons: "a"},
		},
		{
			"an order was decided", wait("a", 1, 2),
			loyalty.Entry{Detail: loyalty.Detail{Subject: loyalty.Subject{Order: order(1)}}},
			wait("a", 2),
			loyalty.Again{Order: loyaltytest.Numbered(9), Reasons: "a"},
		},
		{
			"the last order was decided", wait("a", 1),
			loyalty.Entry{Detail: loyalty.Detail{Subject: loyalty.Subject{Order: order(1)}}},
			nil,
			loyalty.Again{Order: loyaltytest.Numbered(9), Reasons: "a"},
		},
		{
			"another order was decided", wait("a", 1),
			loyalty.Entry{Detail: loyalty.Detail{Subject: loyalty.Subject{Order: order(3)}}},
			wait("a", 1),
			loyalty.Again{Order: loyaltytest.Numbered(9), Reasons: "a"},
		},
		{
			"the first of the rest changes", nil,
			loyalty.Entry{Detail: loyalty.Detail{Remembered: loyalty.Remembered{UndecidedFrom: &from}}},
			nil, from,
		},
		{
			"none of the rest waits", nil,
			loyalty.Entry{Detail: loyalty.Detail{Remembered: loyalty.Remembered{UndecidedFrom: new(loyalty.Again)}}},
			nil,
			loyalty.Again{},
		},
	} {
		acc := loyalty.Account{
			Undecided: c.was, UndecidedFrom: loyalty.Again{Order: loyaltytest.Numbered(9), Reasons: "a"},
		}
		posting.NoteUndecided(&acc, c.entry)
		for i := range acc.Undecided {
			acc.Undecided[i].Reasons = "a"
		}
		if !reflect.DeepEqual(acc.Undecided, c.want) || acc.UndecidedFrom != c.from {
			t.Errorf(
				"%s: %+v and from %+v, want %+v and %+v",
				c.name,
				acc.Undecided,
				acc.UndecidedFrom,
				c.want,
				c.from,
			)
		}
		if HasUndecided(&acc) != (len(c.want) > 0 || c.from != loyalty.Again{}) {
			t.Errorf("%s: orders wait: %t", c.name, HasUndecided(&acc))
		}
	}
}

// An outcome postpones all but the first orders that it requests. The account remembers those that it does not yet.
func TestOrdersThatAreLeftForLater(t *testing.T) {
	first := loyalty.Entry{Cause: loyalty.Cause{Kind: loyalty.CauseOrder, ID: "1"}}
	for _, c := range []struct {
		name      string
		requested []int
		n         int
		known     []int
		from      int
		wantNow   []int
		wantLater []int
		wantFrom  int
	}{
		{"all fit", []int{2, 3}, 2, nil, 0, []int{2, 3}, nil, 0},
		{"one is left", []int{2, 3, 4}, 2, nil, 0, []int{2, 3}, []int{4}, 0},
		{"one waits already", []int{2, 3, 4}, 1, []int{3}, 0, []int{2}, []int{3, 4}, 0},
		{"those from one on wait already", []int{2, 3, 4}, 1, nil, 4, []int{2}, []int{3}, 4},
		{
			"more than are remembered",
			[]int{2, 13, 14},
			0,
			[]int{20, 21, 22, 23, 24, 25, 26, 27, 28},
			0, nil,
			[]int{20, 21, 22, 23, 24, 25, 26, 27, 28, 2},
			13,
		},
	} {
		out := posting.Outcome{
			Entries: []loyalty.Entry{first}, Needs: posting.Needs{Orders: loyaltytest.NumberedOrders(c.requested...)},
		}
		for _, n := range c.known {
			out.Account.Undecided = append(out.Account.Undecided, loyalty.Again{Order: loyaltytest.Numbered(n)})
		}
		if c.from > 0 {
			out.Account.UndecidedFrom = loyalty.Again{Order: loyaltytest.Numbered(c.from)}
		}
		got := Postpone(out, c.n)
		later := undecided(&got.Account)
		if !slices.Equal(got.Needs.Orders, loyaltytest.NumberedOrders(c.wantNow...)) ||
			!slices.Equal(later, loyaltytest.NumberedOrders(c.wantLater...)) {
			t.Errorf("%s: now %v, later %v", c.name, got.Needs.Orders, later)
		}
		if x := got.Account.UndecidedFrom; c.wantFrom == 0 && x != (loyalty.Again{}) ||
			c.wantFrom > 0 && x.Order != loyaltytest.Numbered(c.wantFrom) {
			t.Errorf("%s: and all from %+v on, want %d", c.name, x, c.wantFrom)
		}
		if len(out.Entries[0].Undecided) > 0 {
			t.Errorf("%s: the entry before changed: %+v", c.name, out.Entries[0].Undecided)
		}
		applied := out.Account
		posting.NoteUndecided(&applied, got.Entries[0])
		if !reflect.DeepEqual(applied, got.Account) {
			t.Errorf("%s: the entry leads to %+v, the outcome states %+v", c.name, applied, got.Account)
		}
	}
	out := posting.Outcome{Needs: posting.Needs{Orders: loyaltytest.NumberedOrders(2, 3)}}
	if got := Postpone(out, 1); len(got.Needs.Orders) != 1 || HasUndecided(&got.Account) {
		t.Errorf("without an entry: %+v", got)
	}
}
