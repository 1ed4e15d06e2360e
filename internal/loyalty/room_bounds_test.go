package loyalty

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"
)

// limitedProgram has a rule with a cap of 50 points and 3 uses per month, and a cap of the program of 90 per month.
func limitedProgram(t *testing.T, reject bool) *Program {
	return made(t, func(p *Program) {
		p.Version = 2
		p.Earn.Caps = []Cap{{90, PerMonth, false}}
		p.Earn.Rules = []Rule{{
			ID: "r", Give: Fixed{10}, Caps: []Cap{{50, PerMonth, reject}, {500, PerYear, false}},
			Limits: []Limit{{3, PerMonth}, {30, PerYear}},
		}}
	})
}

const limitedRule = "earn.rules.r"

func monthly(n int64) Usage { return Usage{Rule: limitedRule, Per: PerMonth, Ends: 20261231, N: n} }

func monthlyTimes(n int64) Usage {
	u := monthly(n)
	u.Times = true
	return u
}

func TestBoundOfAPeriod(t *testing.T) {
	p := limitedProgram(t, true)
	year, timesAYear := monthly(0), monthlyTimes(0)
	year.Per, timesAYear.Per = PerYear, PerYear
	week := monthly(0)
	week.Per = PerWeek
	other := monthly(0)
	other.Rule = "earn.rules.other"
	for _, c := range []struct {
		of      Usage
		bound   int64
		refuses bool
	}{
		{monthly(0), 50, true},
		{monthlyTimes(0), 3, false},
		{year, 500, false},
		{timesAYear, 30, false},
		{week, 0, false},
		{other, 0, false},
		{Usage{Per: PerMonth}, 90, false},
		{Usage{Per: PerMonth, Times: true}, 0, false},
	} {
		if got := p.bound(c.of); got != c.bound {
			t.Errorf("%+v: %d, want %d", c.of, got, c.bound)
		}
		if got := p.refuses(c.of); got != c.refuses {
			t.Errorf("%+v: it rejects orders: %t", c.of, got)
		}
	}
}

// An order that was cut leaves room for later orders unless it uses everything that it may.
func TestBoundsThatAnOrderLeavesFull(t *testing.T) {
	p := limitedProgram(t, false)
	for _, c := range []struct {
		before, points int64
		cut            Usage
		want           int64
	}{
		{39, 10, monthly(0), hasRoom},
		{40, 10, monthly(0), isFull},
		{41, 10, monthly(0), isFull},
		{0, 50, monthly(0), isFull},
		{0, 49, monthly(0), hasRoom},
	} {
		was := []Usage{c.cut}
		s := OrderState{
			Order: Order{PlacedAt: noon}, Cut: was,
			Shares: []Share{{Rule: limitedRule, Used: Points(c.points)}},
		}
		s.findFull(Account{Usage: []Usage{monthly(c.before)}}, p)
		if s.Cut[0].N != c.want || was[0].N != 0 {
			t.Errorf("%d used before, %d by the order: %+v, want %d", c.before, c.points, s.Cut, c.want)
		}
	}
	none := OrderState{Order: Order{PlacedAt: noon}}
	if none.findFull(Account{}, p); none.Cut != nil {
		t.Errorf("an order that was not cut: %+v", none.Cut)
	}
}

// The usage of later orders is needed if an order may take what they use.
func TestOrderThatMayTakeFromLaterOrders(t *testing.T) {
	p, rejecting := limitedProgram(t, false), limitedProgram(t, true)
	older := limitedProgram(t, false)
	older.Version = 1
	full, room := monthly(isFull), monthly(hasRoom)
	cut := func(all ...Usage) *OrderState { return &OrderState{Cut: all} }
	for _, c := range []struct {
		name    string
		rules   *Program
		prior   *OrderState
		cut     []Usage
		used    []Usage
		counted time.Duration // of a later order
		known   PlacedOrder
		want    bool
	}{
		{"a first revision that is cut", p, nil, []Usage{full}, nil, time.Hour, PlacedOrder{}, true},
		{"a first revision that is not cut", p, nil, nil, []Usage{monthly(10)}, time.Hour, PlacedOrder{}, false},
		{"no later order", p, nil, []Usage{full}, nil, -1, PlacedOrder{}, false},
		{"an order at the same instant", p, nil, []Usage{full}, nil, 0, PlacedOrder{}, true},
		{"an order that was cut as much", p, cut(full), []Usage{full}, nil, time.Hour, PlacedOrder{}, false},
		{"an order that left room", p, cut(room), []Usage{full}, nil, time.Hour, PlacedOrder{}, true},
		{"an order that was cut by another bound", p, cut(monthlyTimes(isFull)), []Usage{full}, nil, time.Hour, PlacedOrder{}, true},
		{"the rules of another version", older, cut(full), []Usage{full}, nil, time.Hour, PlacedOrder{}, true},
		{"more of a cap of another version", older, cut(), nil, []Usage{monthly(1)}, time.Hour, PlacedOrder{}, true},
		{"less of a cap of another version", older, cut(), nil, []Usage{monthly(-1)}, time.Hour, PlacedOrder{}, false},
		{"nothing of a cap of another version", older, cut(), nil, []Usage{monthly(0)}, time.Hour, PlacedOrder{}, false},
		{"more of a cap that rejects", rejecting, cut(), nil, []Usage{monthly(1)}, time.Hour, PlacedOrder{}, true},
		{"less of a cap that rejects", rejecting, cut(), nil, []Usage{monthly(-1)}, time.Hour, PlacedOrder{}, false},
		{"more of a cap that cuts", p, cut(), nil, []Usage{monthly(1)}, time.Hour, PlacedOrder{}, false},
		{"later orders that are known", p, nil, []Usage{full}, nil, time.Hour, PlacedOrder{noon, "1042"}, false},
		{"orders that are known from an earlier one on", p, nil, []Usage{full}, nil, time.Hour, PlacedOrder{noon, "1041"}, false},
		{"orders that are known from a later one on", p, nil, []Usage{full}, nil, time.Hour, PlacedOrder{noon, "1043"}, true},
	} {
		d := p.decide(Account{Counted: noon.Add(c.counted)}, noon)
		d.later.Than = c.known
		s := &OrderState{Order: Order{ID: "1042", PlacedAt: noon}, Cut: c.cut}
		if got := d.crowded(c.prior, s, c.rules, c.used); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

func TestOrdersThatAChangeAffects(t *testing.T) {
	p := limitedProgram(t, false)
	order, next, last := PlacedOrder{noon, "2"}, PlacedOrder{noon, "3"}, PlacedOrder{noon.Add(time.Hour), "1"}
	january := PlacedOrder{noon.AddDate(0, 1, 0), "9"}
	cut := func(orders ...PlacedOrder) (all []CutOrder) {
		for _, o := range orders {
			all = append(all, CutOrder{Order: o, Ends: 20261231})
		}
		return all
	}
	later := []LaterOrder{
		{order, []Usage{monthly(10)}},
		{next, []Usage{monthly(10)}},
		{last, []Usage{monthlyTimes(1)}},
	}
	ever := Usage{Rule: limitedRule, Per: PerEver, N: -1}
	for _, c := range []struct {
		name  string
		cut   []CutOrder
		later []LaterOrder
		s     []Usage // that cut the order
		used  []Usage
		want  []PlacedOrder
	}{
		{"points become free", cut(PlacedOrder{noon, "1"}, order, next, last), nil, nil, []Usage{monthly(-1)}, []PlacedOrder{next, last}},
		{"points become free in one month", cut(next, january), nil, nil, []Usage{monthly(-1)}, []PlacedOrder{next}},
		{"points become free for ever", cut(next, january), nil, nil, []Usage{ever}, []PlacedOrder{next, january}},
		{"points are used", cut(next), nil, nil, []Usage{monthly(1)}, nil},
		{"nothing is used", cut(next), nil, nil, []Usage{monthly(0)}, nil},
		{"the order takes from a later one", nil, later, nil, []Usage{monthly(1)}, []PlacedOrder{next}},
		{"the order takes a use of a later one", nil, later, nil, []Usage{monthlyTimes(1)}, []PlacedOrder{last}},
		{"the order is cut by what a later one uses", nil, later, []Usage{monthly(isFull)}, nil, []PlacedOrder{next}},
		{"the order gives back, and is not cut", nil, later, nil, []Usage{monthly(-1)}, nil},
		{"the order gives back, and is cut", nil, later, []Usage{monthlyTimes(isFull)}, []Usage{monthly(-1)}, []PlacedOrder{next, last}},
		{"later orders use nothing", nil, []LaterOrder{{next, []Usage{monthly(0)}}}, nil, []Usage{monthly(1)}, nil},
	} {
		d := p.decide(Account{Cut: c.cut}, noon)
		if c.later != nil {
			d.later = LaterOrders{order, c.later}
		}
		s := &OrderState{Order: Order{ID: order.ID, PlacedAt: order.At}, Cut: c.s}
		if got := d.displaced(s, c.used); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestUsageOfALaterOrderInTheSameCommand(t *testing.T) {
	x := LaterOrder{PlacedOrder{noon, "3"}, []Usage{monthly(10)}}
	entry := func(id string, n int64) Entry {
		return Entry{Order: &OrderState{Order: Order{ID: id, PlacedAt: noon}}, Usage: []Usage{monthly(n)}}
	}
	got := LaterOrders{}.of(x, []Entry{{Usage: []Usage{monthly(100)}}, entry("3", 5), entry("4", 50), entry("3", -1)})
	if want := []Usage{monthly(14)}; !slices.Equal(got, want) || x.Usage[0].N != 10 {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// A period is closed once the account may no longer store its usage.
func TestPeriodIsClosed(t *testing.T) {
	u := Usage{Ends: 20261231}
	kept := time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC).Add(usageKept)
	for at, want := range map[time.Time]bool{kept: false, kept.Add(24*time.Hour - 1): false, kept.Add(24 * time.Hour): true} {
		acc := Account{Seen: at}
		if got := acc.isClosed(u); got != want {
			t.Errorf("at %s: %t", at, got)
		}
		if acc.isClosed(Usage{}) {
			t.Error("a period without an end is closed")
		}
		if left := addUsage([]Usage{{Ends: 20261231, N: 1}}, nil, at); (len(left) == 0) != want {
			t.Errorf("at %s the account stores %+v", at, left)
		}
	}
}

func TestUsageWithoutThatOfAnOrder(t *testing.T) {
	acc := Account{Usage: []Usage{{Rule: "a", N: 5}, {Rule: "b", N: 5}, {Rule: "c", N: 5}}}
	got := acc.without([]Usage{{Rule: "a", N: 2}, {Rule: "b", N: 9}, {Rule: "d", N: 1}}).Usage
	if want := []Usage{
		{Rule: "a", N: 3},
		{Rule: "b"},
		{Rule: "c", N: 5},
	}; !slices.Equal(got, want) ||
		acc.Usage[0].N != 5 {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// An account stores the orders that were cut. It forgets those whose periods are closed, and if there are too many, the
// order whose periods end first; of several, the one placed last.
func TestCutOrdersThatAnAccountStores(t *testing.T) {
	x := func(n int, ends Date) CutOrder { return CutOrder{numbered(n), ends} }
	entry := func(n int, cut ...Usage) Entry {
		o := numbered(n)
		return Entry{Effective: noon, Order: &OrderState{Order: Order{ID: o.ID, PlacedAt: o.At}, Cut: cut}}
	}
	ever := Usage{Per: PerEver}
	year := Usage{Per: PerYear, Ends: 20271231}
	oldest := DateOf(noon.Add(-usageKept), time.UTC)
	for _, c := range []struct {
		name  string
		was   []CutOrder
		entry Entry
		want  []CutOrder
	}{
		{"an order is cut", []CutOrder{x(1, 20261231), x(3, 20261231)}, entry(2, monthly(0)), []CutOrder{x(1, 20261231), x(2, 20261231), x(3, 20261231)}},
		{"by the longest of several periods", nil, entry(2, monthly(0), year, monthlyTimes(0)), []CutOrder{x(2, 20271231)}},
		{"by a period without an end", nil, entry(2, monthly(0), ever, year), []CutOrder{x(2, 0)}},
		{"an order is cut again", []CutOrder{x(2, 20261231)}, entry(2, year), []CutOrder{x(2, 20271231)}},
		{"an order is no longer cut", []CutOrder{x(1, 20261231), x(2, 20261231)}, entry(2), []CutOrder{x(1, 20261231)}},
		{"the only order is no longer cut", []CutOrder{x(2, 20261231)}, entry(2), nil},
		{"no order", []CutOrder{x(1, 20261231)}, Entry{Effective: noon}, []CutOrder{x(1, 20261231)}},
		{"another order", []CutOrder{x(1, oldest.plus(-1)), x(3, oldest), x(4, 0)}, entry(2), []CutOrder{x(3, oldest), x(4, 0)}},
	} {
		acc := Account{Cut: c.was}
		if acc.noteCut(c.entry); !reflect.DeepEqual(acc.Cut, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, acc.Cut, c.want)
		}
	}
	var full []CutOrder
	for i := range maxCut {
		full = append(full, x(i, 20270131))
	}
	full[4].Ends, full[7].Ends, full[9].Ends = 20261231, 20261231, 0
	acc := Account{Cut: slices.Clone(full)}
	if acc.noteCut(
		entry(50, year),
	); len(acc.Cut) != maxCut || acc.Cut[7] != full[8] ||
		acc.Cut[maxCut-1] != x(50, 20271231) {
		t.Errorf("it stores %+v", acc.Cut)
	}
}

func TestUsesOfAShare(t *testing.T) {
	caps, limits := []Cap{{10, PerOrder, false}, {50, PerMonth, false}}, []Limit{{3, PerMonth}}
	for _, c := range []struct {
		was, is Points
		want    []Usage
	}{
		{0, 5, []Usage{monthly(5), monthlyTimes(1)}},
		{5, 7, []Usage{monthly(2)}},
		{5, 5, nil},
		{0, 0, nil},
		{5, 0, []Usage{monthly(-5), monthlyTimes(-1)}},
		{5, 1, []Usage{monthly(-4)}},
	} {
		s := Share{Rule: limitedRule, Used: c.was}
		if got := s.use(c.is, caps, limits, 20261210); !slices.Equal(got, c.want) || s.Used != c.is {
			t.Errorf("%d becomes %d: %+v, want %+v", c.was, c.is, got, c.want)
		}
	}
	for l, want := range map[Limit]string{
		{1, PerDay}: "once per day", {3, PerMonth}: "3 times per month", {1, PerEver}: "once ever", {2, PerEver}: "2 times ever",
	} {
		if got := l.often(); got != want {
			t.Errorf("%+v: %q, want %q", l, got, want)
		}
	}
	if got := fmt.Sprint(Cap{50, PerMonth, false}); got != "50 per month" {
		t.Error(got)
	}
}
