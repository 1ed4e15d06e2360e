package engine

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

func numbered(n int) loyalty.PlacedOrder {
	return loyalty.PlacedOrder{At: noon.Add(time.Duration(n) * time.Minute).UTC(), ID: fmt.Sprint(n)}
}

func numberedOrders(ns ...int) (orders []loyalty.PlacedOrder) {
	for _, n := range ns {
		orders = append(orders, numbered(n))
	}
	return orders
}

func TestFirstOrdersAfterAChange(t *testing.T) {
	for _, c := range []struct {
		name        string
		known       []int
		order       int
		counts, all bool
		want        []int
	}{
		{"one starts to count in the middle", []int{1, 3}, 2, true, false, []int{1, 2, 3}},
		{"one starts to count at the end of all", []int{1, 3}, 4, true, true, []int{1, 3, 4}},
		{"one starts to count behind those that are known", []int{1, 3}, 4, true, false, []int{1, 3}},
		{"one counts already", []int{1, 3}, 3, true, true, []int{1, 3}},
		{"one stops counting", []int{1, 3}, 1, false, true, []int{3}},
		{"one did not count", []int{1, 3}, 2, false, true, []int{1, 3}},
		{"the only one stops counting", []int{1}, 1, false, true, nil},
		{"more than are remembered", []int{1, 2, 4, 5, 6, 7}, 3, true, true, []int{1, 2, 3, 4, 5, 6}},
	} {
		got := posting.AddFirst(
			loyalty.FirstOrders{Most: 2, Orders: numberedOrders(c.known...)}, numbered(c.order), c.counts, c.all,
		)
		if want := (loyalty.FirstOrders{Most: 2, Orders: numberedOrders(c.want...)}); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, want)
		}
	}
}

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
			Orders: numberedOrders(c.was...),
		}, loyalty.FirstOrders{
			Most:   2,
			Orders: numberedOrders(c.is...),
		}
		if got := award.Moved(was, is, numbered(c.order)); !slices.Equal(got, numberedOrders(c.want...)) {
			t.Errorf("%v becomes %v: %v, want %v", c.was, c.is, got, c.want)
		}
	}
	// The first orders may begin with orders that were not known before.
	was, is := loyalty.FirstOrders{Most: 2, Orders: numberedOrders(4)}, loyalty.FirstOrders{
		Most: 2, Orders: numberedOrders(2, 3, 4),
	}
	if got := award.Moved(was, is, numbered(2)); !slices.Equal(got, numberedOrders(3, 4)) {
		t.Errorf("with orders that were not known: %v", got)
	}
}

// All entries of a member state which orders count and which could convert the referral.
func TestFirstOrdersOfAllEntries(t *testing.T) {
	entry := func(n int, counted bool, converts ...string) loyalty.Entry {
		x := numbered(n)
		return loyalty.Entry{
			Order: &loyalty.OrderState{
				Order: loyalty.Order{ID: x.ID, PlacedAt: x.At}, Counted: counted, Converts: converts,
			},
		}
	}
	acc := loyalty.Account{
		First:      loyalty.FirstOrders{Most: 3, Target: 9, Orders: numberedOrders(7)},
		Converting: loyalty.Converting{More: true},
	}
	got := award.WithFirstOrders((&loyalty.Program{}), acc, []loyalty.Entry{
		entry(3, true), entry(2, true, "referral"),
		{},
		entry(1, true, "referral"), entry(4, false), entry(1, false),
		entry(5, true, "referral"),
	})
	want := loyalty.FirstOrders{Most: 3, Loaded: true, Orders: numberedOrders(2, 3, 5)}
	if !reflect.DeepEqual(got.First, want) {
		t.Errorf("the first orders are %+v, want %+v", got.First, want)
	}
	if want := (loyalty.Converting{Orders: numberedOrders(2, 5)}); !reflect.DeepEqual(got.Converting, want) {
		t.Errorf("the converting orders are %+v, want %+v", got.Converting, want)
	}
}

func TestFirstOrdersThatAnEntryRecords(t *testing.T) {
	x := numbered(2)
	order := &loyalty.OrderState{Order: loyalty.Order{ID: x.ID, PlacedAt: x.At}, Counted: true}
	for _, c := range []struct {
		name  string
		was   loyalty.FirstOrders
		entry loyalty.Entry
		want  loyalty.FirstOrders
	}{
		{
			"no order",
			loyalty.FirstOrders{Most: 2, Orders: numberedOrders(1)},
			loyalty.Entry{Numbers: 2},
			loyalty.FirstOrders{Most: 2, Orders: numberedOrders(1)},
		},
		{"no rule uses numbers", loyalty.FirstOrders{}, loyalty.Entry{Order: order}, loyalty.FirstOrders{}},
		{
			"a rule uses numbers",
			loyalty.FirstOrders{Orders: numberedOrders(1)},
			loyalty.Entry{Order: order, Numbers: 2},
			loyalty.FirstOrders{Most: 2, Orders: numberedOrders(1, 2)},
		},
		{
			"a milestone does",
			loyalty.FirstOrders{Orders: numberedOrders(1)},
			loyalty.Entry{Order: order, Target: 5},
			loyalty.FirstOrders{Orders: numberedOrders(1, 2)},
		},
		{
			"orders that were read",
			loyalty.FirstOrders{Most: 2, Loaded: true, Orders: numberedOrders(9)},
			loyalty.Entry{Order: order, Numbers: 2, First: numberedOrders(1, 2)},
			loyalty.FirstOrders{Most: 2, Orders: numberedOrders(1, 2)},
		},
		{
			"orders that were read for a milestone",
			loyalty.FirstOrders{Loaded: true, Orders: numberedOrders(1)},
			loyalty.Entry{Order: order, Target: 5},
			loyalty.FirstOrders{Orders: numberedOrders(1, 2)},
		},
		{
			"orders that were read for the referral",
			loyalty.FirstOrders{Loaded: true, Orders: numberedOrders(1)},
			loyalty.Entry{Order: order},
			loyalty.FirstOrders{},
		},
	} {
		acc := loyalty.Account{First: c.was, Metrics: []loyalty.Metric{{Month: 202612, Orders: 1}}}
		if posting.NoteOrder(&acc, c.entry); !reflect.DeepEqual(acc.First, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, acc.First, c.want)
		}
	}
}

func TestOrdersThatWaitAfterAnEntry(t *testing.T) {
	wait := func(reason string, ns ...int) (all []loyalty.Again) {
		for _, n := range ns {
			all = append(all, loyalty.Again{Order: numbered(n), Reasons: reason})
		}
		return all
	}
	order := func(n int) *loyalty.OrderState { return &loyalty.OrderState{Order: loyalty.Order{ID: fmt.Sprint(n)}} }
	from := loyalty.Again{Order: numbered(7), Reasons: "b"}
	for _, c := range []struct {
		name  string
		was   []loyalty.Again
		entry loyalty.Entry
		want  []loyalty.Again
		from  loyalty.Again
	}{
		{
			"an order begins to wait", wait("a", 1),
			loyalty.Entry{Undecided: wait("b", 2)},
			wait("a", 1, 2),
			loyalty.Again{Order: numbered(9), Reasons: "a"},
		},
		{
			"an order waits already", wait("a", 1),
			loyalty.Entry{Undecided: wait("b", 1)},
			wait("a", 1),
			loyalty.Again{Order: numbered(9), Reasons: "a"},
		},
		{
			"an order was decided", wait("a", 1, 2),
			loyalty.Entry{Order: order(1)},
			wait("a", 2),
			loyalty.Again{Order: numbered(9), Reasons: "a"},
		},
		{
			"the last order was decided", wait("a", 1),
			loyalty.Entry{Order: order(1)},
			nil,
			loyalty.Again{Order: numbered(9), Reasons: "a"},
		},
		{
			"another order was decided", wait("a", 1),
			loyalty.Entry{Order: order(3)},
			wait("a", 1),
			loyalty.Again{Order: numbered(9), Reasons: "a"},
		},
		{"the first of the rest changes", nil, loyalty.Entry{UndecidedFrom: &from}, nil, from},
		{"none of the rest waits", nil, loyalty.Entry{UndecidedFrom: new(loyalty.Again)}, nil, loyalty.Again{}},
	} {
		acc := loyalty.Account{Undecided: c.was, UndecidedFrom: loyalty.Again{Order: numbered(9), Reasons: "a"}}
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
		if award.HasUndecided(&acc) != (len(c.want) > 0 || c.from != loyalty.Again{}) {
			t.Errorf("%s: orders wait: %t", c.name, award.HasUndecided(&acc))
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
			Entries: []loyalty.Entry{first}, Needs: posting.Needs{Orders: numberedOrders(c.requested...)},
		}
		for _, n := range c.known {
			out.Account.Undecided = append(out.Account.Undecided, loyalty.Again{Order: numbered(n)})
		}
		if c.from > 0 {
			out.Account.UndecidedFrom = loyalty.Again{Order: numbered(c.from)}
		}
		got := award.Postpone(out, c.n)
		later := award.Undecided(&got.Account)
		if !slices.Equal(got.Needs.Orders, numberedOrders(c.wantNow...)) ||
			!slices.Equal(later, numberedOrders(c.wantLater...)) {
			t.Errorf("%s: now %v, later %v", c.name, got.Needs.Orders, later)
		}
		if x := got.Account.UndecidedFrom; c.wantFrom == 0 && x != (loyalty.Again{}) ||
			c.wantFrom > 0 && x.Order != numbered(c.wantFrom) {
			t.Errorf("%s: and all from %+v on, want %d", c.name, x, c.wantFrom)
		}
		applied := out.Account
		posting.NoteUndecided(&applied, got.Entries[0])
		if !reflect.DeepEqual(applied, got.Account) {
			t.Errorf("%s: the entry leads to %+v, the outcome states %+v", c.name, applied, got.Account)
		}
	}
	out := posting.Outcome{Needs: posting.Needs{Orders: numberedOrders(2, 3)}}
	if got := award.Postpone(out, 1); len(got.Needs.Orders) != 1 || award.HasUndecided(&got.Account) {
		t.Errorf("without an entry: %+v", got)
	}
}
