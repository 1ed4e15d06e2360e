package engine

import (
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// limitedProgram has a rule with a cap of 50 points and 3 uses per month, and a cap of the program of 90 per month.
func limitedProgram(t *testing.T, reject bool) *loyalty.Program {
	return made(t, func(p *loyalty.Program) {
		p.Version = 2
		p.Earn.Caps = []loyalty.Cap{{Points: 90, Per: loyalty.PerMonth, Reject: false}}
		p.Earn.Rules = []loyalty.Rule{{
			ID: "r", Give: loyalty.Fixed{Points: 10},
			Caps: []loyalty.Cap{
				{Points: 50, Per: loyalty.PerMonth, Reject: reject},
				{Points: 500, Per: loyalty.PerYear, Reject: false},
			},
			Limits: []loyalty.Limit{{Times: 3, Per: loyalty.PerMonth}, {Times: 30, Per: loyalty.PerYear}},
		}}
	})
}

func TestBoundOfAPeriod(t *testing.T) {
	p := limitedProgram(t, true)
	year, timesAYear := monthly(0), monthlyTimes(0)
	year.Per, timesAYear.Per = loyalty.PerYear, loyalty.PerYear
	week := monthly(0)
	week.Per = loyalty.PerWeek
	other := monthly(0)
	other.Rule = "earn.rules.other"
	for _, c := range []struct {
		of      loyalty.Usage
		bound   int64
		refuses bool
	}{
		{monthly(0), 50, true},
		{monthlyTimes(0), 3, false},
		{year, 500, false},
		{timesAYear, 30, false},
		{week, 0, false},
		{other, 0, false},
		{loyalty.Usage{Per: loyalty.PerMonth}, 90, false},
		{loyalty.Usage{Per: loyalty.PerMonth, Times: true}, 0, false},
	} {
		if got := award.Bound(&p.Earning, c.of); got != c.bound {
			t.Errorf("%+v: %d, want %d", c.of, got, c.bound)
		}
		if got := award.Refuses(&p.Earning, c.of); got != c.refuses {
			t.Errorf("%+v: it rejects orders: %t", c.of, got)
		}
	}
}

// An order that was reduced leaves room for later orders unless it uses everything that the cap or limit allows.
func TestBoundsThatAnOrderLeavesFull(t *testing.T) {
	p := limitedProgram(t, false)
	for _, c := range []struct {
		before, points int64
		cut            loyalty.Usage
		want           int64
	}{
		{39, 10, monthly(0), earn.HasRoom},
		{40, 10, monthly(0), earn.IsFull},
		{41, 10, monthly(0), earn.IsFull},
		{0, 50, monthly(0), earn.IsFull},
		{0, 49, monthly(0), earn.HasRoom},
	} {
		was := []loyalty.Usage{c.cut}
		s := loyalty.OrderState{
			Order: loyalty.Order{PlacedAt: noon}, Cut: was,
			Shares: []loyalty.Share{{Rule: limitedRule, Used: loyalty.Points(c.points)}},
		}
		award.FindFull(&s, loyalty.Account{Usage: []loyalty.Usage{monthly(c.before)}}, &p.Earning, p.Zone)
		if s.Cut[0].N != c.want || was[0].N != 0 {
			t.Errorf("%d used before, %d by the order: %+v, want %d", c.before, c.points, s.Cut, c.want)
		}
	}
	none := loyalty.OrderState{Order: loyalty.Order{PlacedAt: noon}}
	if award.FindFull(&none, loyalty.Account{}, &p.Earning, p.Zone); none.Cut != nil {
		t.Errorf("an order that was not cut: %+v", none.Cut)
	}
}

// The usage of later orders is needed if an order may take room from them.
func TestOrderThatMayTakeFromLaterOrders(t *testing.T) {
	p, rejecting := limitedProgram(t, false), limitedProgram(t, true)
	older := limitedProgram(t, false)
	older.Version = 1
	full, room := monthly(earn.IsFull), monthly(earn.HasRoom)
	cut := func(all ...loyalty.Usage) *loyalty.OrderState { return &loyalty.OrderState{Cut: all} }
	for _, c := range []struct {
		name    string
		rules   *loyalty.Program
		prior   *loyalty.OrderState
		cut     []loyalty.Usage
		used    []loyalty.Usage
		counted time.Duration // of a later order
		known   loyalty.PlacedOrder
		want    bool
	}{
		{"a first revision that is cut", p, nil, []loyalty.Usage{full}, nil, time.Hour, loyalty.PlacedOrder{}, true},
		{
			"a first revision that is not cut", p, nil, nil,
			[]loyalty.Usage{monthly(10)},
			time.Hour,
			loyalty.PlacedOrder{},
			false,
		},
		{"no later order", p, nil, []loyalty.Usage{full}, nil, -1, loyalty.PlacedOrder{}, false},
		{"an order at the same instant", p, nil, []loyalty.Usage{full}, nil, 0, loyalty.PlacedOrder{}, true},
		{
			"an order that was cut as much", p, cut(full),
			[]loyalty.Usage{full},
			nil, time.Hour,
			loyalty.PlacedOrder{},
			false,
		},
		{"an order that left room", p, cut(room), []loyalty.Usage{full}, nil, time.Hour, loyalty.PlacedOrder{}, true},
		{
			"an order that was cut by another bound", p, cut(monthlyTimes(earn.IsFull)),
			[]loyalty.Usage{full},
			nil,
			time.Hour,
			loyalty.PlacedOrder{},
			true,
		},
		{
			"the rules of another version", older, cut(full),
			[]loyalty.Usage{full},
			nil, time.Hour,
			loyalty.PlacedOrder{},
			true,
		},
		{
			"more of a cap of another version", older, cut(), nil,
			[]loyalty.Usage{monthly(1)},
			time.Hour,
			loyalty.PlacedOrder{},
			true,
		},
		{
			"less of a cap of another version", older, cut(), nil,
			[]loyalty.Usage{monthly(-1)},
			time.Hour,
			loyalty.PlacedOrder{},
			false,
		},
		{
			"nothing of a cap of another version", older, cut(), nil,
			[]loyalty.Usage{monthly(0)},
			time.Hour,
			loyalty.PlacedOrder{},
			false,
		},
		{
			"more of a cap that rejects", rejecting, cut(), nil,
			[]loyalty.Usage{monthly(1)},
			time.Hour,
			loyalty.PlacedOrder{},
			true,
		},
		{
			"less of a cap that rejects", rejecting, cut(), nil,
			[]loyalty.Usage{monthly(-1)},
			time.Hour,
			loyalty.PlacedOrder{},
			false,
		},
		{
			"more of a cap that cuts", p, cut(), nil,
			[]loyalty.Usage{monthly(1)},
			time.Hour,
			loyalty.PlacedOrder{},
			false,
		},
		{
			"later orders that are known", p, nil,
			[]loyalty.Usage{full},
			nil, time.Hour,
			loyalty.PlacedOrder{At: noon, ID: "1042"},
			false,
		},
		{
			"orders that are known from an earlier one on", p, nil,
			[]loyalty.Usage{full},
			nil, time.Hour,
			loyalty.PlacedOrder{At: noon, ID: "1041"},
			false,
		},
		{
			"orders that are known from a later one on", p, nil,
			[]loyalty.Usage{full},
			nil, time.Hour,
			loyalty.PlacedOrder{At: noon, ID: "1043"},
			true,
		},
	} {
		d := posting.Decide(p, loyalty.Account{Counted: noon.Add(c.counted)}, noon)
		d.Later.Than = c.known
		s := &loyalty.OrderState{Order: loyalty.Order{ID: "1042", PlacedAt: noon}, Cut: c.cut}
		if got := award.Crowded(d, c.prior, s, EarnRules(c.rules), c.used); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

func TestOrdersThatAChangeAffects(t *testing.T) {
	p := limitedProgram(t, false)
	order, next := loyalty.PlacedOrder{At: noon, ID: "2"}, loyalty.PlacedOrder{At: noon, ID: "3"}
	last := loyalty.PlacedOrder{At: noon.Add(time.Hour), ID: "1"}
	january := loyalty.PlacedOrder{At: noon.AddDate(0, 1, 0), ID: "9"}
	cut := func(orders ...loyalty.PlacedOrder) (all []loyalty.CutOrder) {
		for _, o := range orders {
			all = append(all, loyalty.CutOrder{Order: o, Ends: 20261231})
		}
		return all
	}
	later := []loyalty.LaterOrder{
		{Order: order, Usage: []loyalty.Usage{monthly(10)}},
		{Order: next, Usage: []loyalty.Usage{monthly(10)}},
		{Order: last, Usage: []loyalty.Usage{monthlyTimes(1)}},
	}
	ever := loyalty.Usage{Rule: limitedRule, Per: loyalty.PerEver, N: -1}
	for _, c := range []struct {
		name  string
		cut   []loyalty.CutOrder
		later []loyalty.LaterOrder
		s     []loyalty.Usage // that cut the order
		used  []loyalty.Usage
		want  []loyalty.PlacedOrder
	}{
		{
			"points become free", cut(loyalty.PlacedOrder{At: noon, ID: "1"}, order, next, last), nil, nil,
			[]loyalty.Usage{monthly(-1)},
			[]loyalty.PlacedOrder{next, last},
		},
		{
			"points become free in one month", cut(next, january), nil, nil,
			[]loyalty.Usage{monthly(-1)},
			[]loyalty.PlacedOrder{next},
		},
		{
			"points become free for ever", cut(next, january), nil, nil,
			[]loyalty.Usage{ever},
			[]loyalty.PlacedOrder{next, january},
		},
		{"points are used", cut(next), nil, nil, []loyalty.Usage{monthly(1)}, nil},
		{"nothing is used", cut(next), nil, nil, []loyalty.Usage{monthly(0)}, nil},
		{"the order takes from a later one", nil, later, nil, []loyalty.Usage{monthly(1)}, []loyalty.PlacedOrder{next}},
		{
			"the order takes a use of a later one", nil, later, nil,
			[]loyalty.Usage{monthlyTimes(1)},
			[]loyalty.PlacedOrder{last},
		},
		{
			"the order is cut by what a later one uses", nil, later,
			[]loyalty.Usage{monthly(earn.IsFull)},
			nil,
			[]loyalty.PlacedOrder{next},
		},
		{"the order gives back, and is not cut", nil, later, nil, []loyalty.Usage{monthly(-1)}, nil},
		{
			"the order gives back, and is cut", nil, later,
			[]loyalty.Usage{monthlyTimes(earn.IsFull)},
			[]loyalty.Usage{monthly(-1)},
			[]loyalty.PlacedOrder{next, last},
		},
		{
			"later orders use nothing", nil,
			[]loyalty.LaterOrder{{Order: next, Usage: []loyalty.Usage{monthly(0)}}},
			nil,
			[]loyalty.Usage{monthly(1)},
			nil,
		},
	} {
		d := posting.Decide(p, loyalty.Account{Cut: c.cut}, noon)
		if c.later != nil {
			d.Later = loyalty.LaterOrders{Than: order, All: c.later}
		}
		s := &loyalty.OrderState{Order: loyalty.Order{ID: order.ID, PlacedAt: order.At}, Cut: c.s}
		if got := award.Displaced(d, s, c.used); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
