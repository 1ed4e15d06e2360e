package loyalty

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"
)

func numbered(n int) PlacedOrder {
	return PlacedOrder{noon.Add(time.Duration(n) * time.Minute).UTC(), fmt.Sprint(n)}
}

func numberedOrders(ns ...int) (orders []PlacedOrder) {
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
		got := FirstOrders{Most: 2, Orders: numberedOrders(c.known...)}.with(numbered(c.order), c.counts, c.all)
		if want := (FirstOrders{Most: 2, Orders: numberedOrders(c.want...)}); !reflect.DeepEqual(got, want) {
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
		was, is := FirstOrders{
			Most:   2,
			Orders: numberedOrders(c.was...),
		}, FirstOrders{
			Most:   2,
			Orders: numberedOrders(c.is...),
		}
		if got := was.moved(is, numbered(c.order)); !slices.Equal(got, numberedOrders(c.want...)) {
			t.Errorf("%v becomes %v: %v, want %v", c.was, c.is, got, c.want)
		}
	}
	// The first orders may begin with orders that were not known before.
	was, is := FirstOrders{Most: 2, Orders: numberedOrders(4)}, FirstOrders{Most: 2, Orders: numberedOrders(2, 3, 4)}
	if got := was.moved(is, numbered(2)); !slices.Equal(got, numberedOrders(3, 4)) {
		t.Errorf("with orders that were not known: %v", got)
	}
}

// All entries of a member state which orders count and which could convert the referral.
func TestFirstOrdersOfAllEntries(t *testing.T) {
	entry := func(n int, counted bool, converts ...string) Entry {
		x := numbered(n)
		return Entry{Order: &OrderState{Order: Order{ID: x.ID, PlacedAt: x.At}, Counted: counted, Converts: converts}}
	}
	acc := Account{
		First:      FirstOrders{Most: 3, Target: 9, Orders: numberedOrders(7)},
		Converting: Converting{More: true},
	}
	got := (&Program{}).WithFirstOrders(acc, []Entry{
		entry(3, true), entry(2, true, "referral"),
		{},
		entry(1, true, "referral"), entry(4, false), entry(1, false),
		entry(5, true, "referral"),
	})
	want := FirstOrders{Most: 3, Loaded: true, Orders: numberedOrders(2, 3, 5)}
	if !reflect.DeepEqual(got.First, want) {
		t.Errorf("the first orders are %+v, want %+v", got.First, want)
	}
	if want := (Converting{Orders: numberedOrders(2, 5)}); !reflect.DeepEqual(got.Converting, want) {
		t.Errorf("the converting orders are %+v, want %+v", got.Converting, want)
	}
}

func TestFirstOrdersThatAnEntryRecords(t *testing.T) {
	x := numbered(2)
	order := &OrderState{Order: Order{ID: x.ID, PlacedAt: x.At}, Counted: true}
	for _, c := range []struct {
		name  string
		was   FirstOrders
		entry Entry
		want  FirstOrders
	}{
		{"no order", FirstOrders{Most: 2, Orders: numberedOrders(1)}, Entry{Numbers: 2}, FirstOrders{Most: 2, Orders: numberedOrders(1)}},
		{"no rule uses numbers", FirstOrders{}, Entry{Order: order}, FirstOrders{}},
		{"a rule uses numbers", FirstOrders{Orders: numberedOrders(1)}, Entry{Order: order, Numbers: 2}, FirstOrders{Most: 2, Orders: numberedOrders(1, 2)}},
		{"a milestone does", FirstOrders{Orders: numberedOrders(1)}, Entry{Order: order, Target: 5}, FirstOrders{Orders: numberedOrders(1, 2)}},
		{
			"orders that were read",
			FirstOrders{Most: 2, Loaded: true, Orders: numberedOrders(9)},
			Entry{Order: order, Numbers: 2, First: numberedOrders(1, 2)},
			FirstOrders{Most: 2, Orders: numberedOrders(1, 2)},
		},
		{
			"orders that were read for a milestone",
			FirstOrders{Loaded: true, Orders: numberedOrders(1)},
			Entry{Order: order, Target: 5},
			FirstOrders{Orders: numberedOrders(1, 2)},
		},
		{
			"orders that were read for the referral",
			FirstOrders{Loaded: true, Orders: numberedOrders(1)},
			Entry{Order: order},
			FirstOrders{},
		},
	} {
		acc := Account{First: c.was, Metrics: []Metric{{Month: 202612, Orders: 1}}}
		if acc.noteOrder(c.entry); !reflect.DeepEqual(acc.First, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, acc.First, c.want)
		}
	}
}

func TestOrdersThatWaitAfterAnEntry(t *testing.T) {
	wait := func(reason string, ns ...int) (all []Again) {
		for _, n := range ns {
			all = append(all, Again{numbered(n), reason})
		}
		return all
	}
	order := func(n int) *OrderState { return &OrderState{Order: Order{ID: fmt.Sprint(n)}} }
	from := Again{numbered(7), "b"}
	for _, c := range []struct {
		name  string
		was   []Again
		entry Entry
		want  []Again
		from  Again
	}{
		{"an order begins to wait", wait("a", 1), Entry{Undecided: wait("b", 2)}, wait("a", 1, 2), Again{numbered(9), "a"}},
		{"an order waits already", wait("a", 1), Entry{Undecided: wait("b", 1)}, wait("a", 1), Again{numbered(9), "a"}},
		{"an order was decided", wait("a", 1, 2), Entry{Order: order(1)}, wait("a", 2), Again{numbered(9), "a"}},
		{"the last order was decided", wait("a", 1), Entry{Order: order(1)}, nil, Again{numbered(9), "a"}},
		{"another order was decided", wait("a", 1), Entry{Order: order(3)}, wait("a", 1), Again{numbered(9), "a"}},
		{"the first of the rest changes", nil, Entry{UndecidedFrom: &from}, nil, from},
		{"none of the rest waits", nil, Entry{UndecidedFrom: new(Again)}, nil, Again{}},
	} {
		acc := Account{Undecided: c.was, UndecidedFrom: Again{numbered(9), "a"}}
		acc.noteUndecided(c.entry)
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
		if acc.HasUndecided() != (len(c.want) > 0 || c.from != Again{}) {
			t.Errorf("%s: orders wait: %t", c.name, acc.HasUndecided())
		}
	}
}

// An outcome postpones all but the first orders that it requests. The account remembers those that it does not yet.
func TestOrdersThatAreLeftForLater(t *testing.T) {
	first := Entry{Cause: Cause{Kind: CauseOrder, ID: "1"}}
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
		out := Outcome{Entries: []Entry{first}, Needs: Needs{Orders: numberedOrders(c.requested...)}}
		for _, n := range c.known {
			out.Account.Undecided = append(out.Account.Undecided, Again{Order: numbered(n)})
		}
		if c.from > 0 {
			out.Account.UndecidedFrom = Again{Order: numbered(c.from)}
		}
		got := out.Postpone(c.n)
		later := got.Account.undecided()
		if !slices.Equal(got.Needs.Orders, numberedOrders(c.wantNow...)) ||
			!slices.Equal(later, numberedOrders(c.wantLater...)) {
			t.Errorf("%s: now %v, later %v", c.name, got.Needs.Orders, later)
		}
		if x := got.Account.UndecidedFrom; c.wantFrom == 0 && x != (Again{}) ||
			c.wantFrom > 0 && x.Order != numbered(c.wantFrom) {
			t.Errorf("%s: and all from %+v on, want %d", c.name, x, c.wantFrom)
		}
		applied := out.Account
		applied.noteUndecided(got.Entries[0])
		if !reflect.DeepEqual(applied, got.Account) {
			t.Errorf("%s: the entry leads to %+v, the outcome states %+v", c.name, applied, got.Account)
		}
	}
	out := Outcome{Needs: Needs{Orders: numberedOrders(2, 3)}}
	if got := out.Postpone(1); len(got.Needs.Orders) != 1 || got.Account.HasUndecided() {
		t.Errorf("without an entry: %+v", got)
	}
}
