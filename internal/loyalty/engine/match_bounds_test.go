package engine

import (
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/tier"
)

// Hours within a day belong to that day.
func TestHoursOfOneDay(t *testing.T) {
	for _, c := range []struct {
		name        string
		days        []time.Weekday
		from, until int
		want        bool
	}{
		{"on Tuesday from nine to five", []time.Weekday{time.Tuesday}, 9 * 60, 17 * 60, true},
		{"on Monday from nine to five", []time.Weekday{time.Monday}, 9 * 60, 17 * 60, false},
		{"on Tuesday from noon on", []time.Weekday{time.Tuesday}, 12 * 60, 13 * 60, true},
		{"on Tuesday until noon", []time.Weekday{time.Tuesday}, 11 * 60, 12 * 60, false},
		{"on Tuesday all day", []time.Weekday{time.Tuesday}, 0, 0, true},
		{"on Monday from noon over midnight", []time.Weekday{time.Monday}, 13 * 60, 12*60 + 1, true},
		{"on Tuesday from one over midnight", []time.Weekday{time.Tuesday}, 13 * 60, 12*60 + 1, false},
		{"at any hour", nil, 0, 0, true},
	} {
		p := fiveIf(t, loyalty.Match{Weekdays: c.days, HoursFrom: c.from, HoursUntil: c.until})
		if got := applies(t, p, 0, noon); got != c.want { // Tuesday, noon in Berlin
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

func TestTimeZoneThatCounts(t *testing.T) {
	p := testProgram(t)
	tokyo := zone(t, "Asia/Tokyo")
	for _, c := range []struct {
		of    loyalty.TimezoneOf
		order *loyalty.Order
		zone  string
		want  string
	}{
		{loyalty.ProgramClock, &loyalty.Order{Clock: tokyo}, "America/New_York", "Europe/Berlin"},
		{loyalty.StoreClock, &loyalty.Order{Clock: tokyo}, "America/New_York", "Asia/Tokyo"},
		{loyalty.StoreClock, &loyalty.Order{}, "America/New_York", "Europe/Berlin"},
		{loyalty.StoreClock, nil, "America/New_York", "Europe/Berlin"},
		{loyalty.MemberClock, &loyalty.Order{Clock: tokyo}, "America/New_York", "America/New_York"},
		{loyalty.MemberClock, &loyalty.Order{Clock: tokyo}, "", "Europe/Berlin"},
		{loyalty.MemberClock, &loyalty.Order{Clock: tokyo}, "Europe/Atlantis", "Europe/Berlin"},
	} {
		for range 2 { // the second time from the cache
			if got := earn.Clock(p, c.of, c.order, &loyalty.Buyer{Zone: c.zone}); got.String() != c.want {
				t.Errorf("%d with %+v and %q: %s, want %s", c.of, c.order, c.zone, got, c.want)
			}
		}
	}
}

// A campaign that applies to the order but whose condition is not met states so, once. Other rules and rules in shadow
// mode do not.
func TestReasonOfAnUnmetCondition(t *testing.T) {
	unmet := condition(func(*loyalty.Facts) (bool, error) { return false, nil })
	fails := condition(func(*loyalty.Facts) (bool, error) { return true, errors.New("no such value") })
	for _, c := range []struct {
		name     string
		when     condition
		campaign bool
		shadow   bool
		want     []loyalty.ReasonKind
	}{
		{"a campaign", unmet, true, false, []loyalty.ReasonKind{loyalty.IsUnmet}},
		{"a campaign in shadow mode", unmet, true, true, nil},
		{"a rule", unmet, false, false, nil},
		{"a condition that fails", fails, true, false, []loyalty.ReasonKind{loyalty.IsFailed}},
		{"a condition of a rule that fails", fails, false, false, []loyalty.ReasonKind{loyalty.IsFailed}},
	} {
		p := made(t, func(p *loyalty.Program) {
			r := []loyalty.Rule{
				{ID: "r", Give: loyalty.Fixed{Points: 5}, Shadow: c.shadow, Match: loyalty.Match{When: c.when}},
			}
			if p.Campaigns = r; !c.campaign {
				p.Campaigns, p.Earn.Rules = nil, r
			}
		})
		q, err := QuoteOrder(p, joined(t, p, noon), paid("EUR", loyalty.Line{Amount: 10_00}), nil, noon)
		if err != nil {
			t.Fatal(err)
		}
		var got []loyalty.ReasonKind
		for _, b := range q.Reasons {
			if b.Rule != "earn.purchase" {
				got = append(got, b.Kind)
			}
		}
		if !slices.Equal(got, c.want) || q.Points != 10 {
			t.Errorf("%s: %d points because %v, want reasons %v", c.name, q.Points, q.Reasons, c.want)
		}
	}
}

// An order may earn for its shipping and tax only. Its line items then have no value that a rule could multiply.
func TestOrderThatEarnsForShippingOnly(t *testing.T) {
	p := made(t, func(p *loyalty.Program) {
		p.Earn.Counts = loyalty.Counts{Shipping: true}
		p.Earn.Rules = []loyalty.Rule{
			{
				ID: "triple", Give: loyalty.Multiply{By: big.NewRat(3, 1)},
				Match: loyalty.Match{Brands: []string{"east"}},
			},
		}
	})
	o := paid("EUR", loyalty.Line{Amount: 1000_00, Brand: "east"})
	o.Shipping = 5_00
	if q, err := QuoteOrder(p, joined(t, p, noon), o, nil, noon); err != nil || q.Points != 5 {
		t.Errorf("%d points because %v, %v", q.Points, q.Reasons, err)
	}
}

// A rule for whole orders also applies to an order without line items, but not to one of which nothing earns.
func TestRuleForAWholeOrder(t *testing.T) {
	p := made(t, func(p *loyalty.Program) { p.Earn.Rules = []loyalty.Rule{{ID: "r", Give: loyalty.Fixed{Points: 5}}} })
	for _, c := range []struct {
		name  string
		lines []loyalty.Line
		want  loyalty.Points
	}{
		{"no line items", nil, 5},
		{"a line item", []loyalty.Line{{Amount: 1_00}}, 6},
		{"a free line item", []loyalty.Line{{}}, 5},
		{"a gift card", []loyalty.Line{{Category: "gift-cards", Amount: 10_00}}, 0},
	} {
		q, err := QuoteOrder(p, joined(t, p, noon), paid("EUR", c.lines...), nil, noon)
		if err != nil || q.Points != c.want {
			t.Errorf("%s: %d points because %v, %v; want %d", c.name, q.Points, q.Reasons, err, c.want)
		}
	}
}

// An order has grants only in the wallets that give it points.
func TestOrderHasNoGrantInAWalletThatGivesNothing(t *testing.T) {
	p := made(t, func(p *loyalty.Program) {
		rates := map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(1, 1), Per: 100_00}}
		p.Wallets = []loyalty.Wallet{
			{ID: "miles", Rates: rates, Expires: loyalty.Expiry{After: loyalty.Period{Months: 6}}},
		}
	})
	for amount, want := range map[int64]int{99_99: 1, 100_00: 2} {
		s := newShop(t, p)
		s.submit(paid("EUR", loyalty.Line{Amount: amount}), noon)
		if got := s.states["1042"].Grants; len(got) != want {
			t.Errorf("an order of %d has the grants %+v", amount, got)
		}
	}
}

func TestGapsOfALevel(t *testing.T) {
	p := bySpend(t, func(t *loyalty.Tiers) {
		t.Ways = [][]loyalty.Measure{{loyalty.BySpend}, {loyalty.ByOrders, loyalty.ByVisits}, {loyalty.ByOrders}}
		t.Visit = "visit.completed"
		t.Levels = []loyalty.Level{
			{ID: "bronze"},
			{ID: "silver", Needs: []loyalty.Need{{By: loyalty.BySpend, From: 500_00}, {By: loyalty.ByOrders, From: 3}}},
			{
				ID: "gold",
				Needs: []loyalty.Need{
					{By: loyalty.BySpend, From: 500_00},
					{By: loyalty.ByOrders, From: 5},
					{By: loyalty.ByVisits, From: 2},
				},
			},
		}
	})
	acc := joined(t, p, noon)
	acc.Metrics = []loyalty.Metric{{Month: 202612, Spend: 250_00, Orders: 4, Visits: 2}}
	spend, orders := tier.Gap{
		By: loyalty.BySpend, From: 500_00, Have: 250_00,
	}, tier.Gap{By: loyalty.ByOrders, From: 3, Have: 4}
	more, visits := tier.Gap{By: loyalty.ByOrders, From: 5, Have: 4}, tier.Gap{By: loyalty.ByVisits, From: 2, Have: 2}
	for rung, want := range [][][]tier.Gap{
		{
			{{By: loyalty.BySpend, From: 0, Have: 250_00}},
			{{By: loyalty.ByOrders, From: 0, Have: 4}, {By: loyalty.ByVisits, From: 0, Have: 2}},
			{{By: loyalty.ByOrders, From: 0, Have: 4}},
		},
		{{spend}, {orders}},
		{{spend}, {more, visits}, {more}},
	} {
		got := tier.Gaps(p, acc, rung, noon)
		if !slices.EqualFunc(got, want, slices.Equal[[]tier.Gap]) {
			t.Errorf("level %d: %+v, want %+v", rung, got, want)
		}
	}
	if got := tier.Qualified(p, acc, noon); got != 1 {
		t.Errorf("the account qualifies for level %d", got)
	}
}

func TestNearestGap(t *testing.T) {
	far, near, done := tier.Gap{
		By: loyalty.BySpend, From: 100, Have: 10,
	}, tier.Gap{By: loyalty.ByOrders, From: 10, Have: 9}, tier.Gap{By: loyalty.ByVisits, From: 2, Have: 2}
	half, owed := tier.Gap{By: loyalty.ByVisits, From: 2, Have: 1}, tier.Gap{
		By: loyalty.ByPointsEarned, From: 100, Have: -50,
	}
	for _, c := range []struct {
		ways    [][]tier.Gap
		want    tier.Gap
		besides []tier.Gap
	}{
		{[][]tier.Gap{{far}}, far, nil},
		{[][]tier.Gap{{far, near, done}}, far, []tier.Gap{near}},
		{[][]tier.Gap{{near, half, far}}, far, []tier.Gap{near, half}},
		{[][]tier.Gap{{far}, {near}}, near, nil},
		{[][]tier.Gap{{near}, {far}}, near, nil},
		{[][]tier.Gap{{far}, {near, half, done}}, half, []tier.Gap{near}},
		{[][]tier.Gap{{far}, {done}}, tier.Gap{}, nil},
		{[][]tier.Gap{{owed, far}}, owed, []tier.Gap{far}},
		{nil, tier.Gap{}, nil},
	} {
		got := tier.Nearest(c.ways)
		if got != c.want {
			t.Errorf("%+v: %+v, want %+v", c.ways, got, c.want)
		}
		if others := tier.OtherGaps(c.ways, c.want); !slices.Equal(others, c.besides) {
			t.Errorf("%+v: other gaps %+v, want %+v", c.ways, others, c.besides)
		}
	}
}

func TestOrderOfLevels(t *testing.T) {
	two := [][]loyalty.Measure{{loyalty.BySpend}, {loyalty.ByOrders}}
	for _, c := range []struct {
		name   string
		ways   [][]loyalty.Measure
		levels []loyalty.Level
		ok     bool
	}{
		{"one measure", nil, []loyalty.Level{{ID: "a"}, {ID: "b", From: 1}, {ID: "c", From: 2}}, true},
		{"the first needs something", nil, []loyalty.Level{{ID: "a", From: 1}}, false},
		{"the second needs nothing", nil, []loyalty.Level{{ID: "a"}, {ID: "b"}}, false},
		{"two need the same", nil, []loyalty.Level{{ID: "a"}, {ID: "b", From: 2}, {ID: "c", From: 2}}, false},
		{"no bonus below zero", nil, []loyalty.Level{{ID: "a", EntryBonus: -1}}, false},
		{"the largest bonus", nil, []loyalty.Level{{ID: "a", EntryBonus: loyalty.MaxPoints}}, true},
		{"a larger bonus", nil, []loyalty.Level{{ID: "a", EntryBonus: loyalty.MaxPoints + 1}}, false},
		{
			"two measures", two,
			[]loyalty.Level{
				{ID: "a"},
				{ID: "b", Needs: []loyalty.Need{{By: loyalty.BySpend, From: 1}, {By: loyalty.ByOrders, From: 1}}},
			},
			true,
		},
		{
			"the first needs something of two", two,
			[]loyalty.Level{{ID: "a", Needs: []loyalty.Need{{By: loyalty.BySpend, From: 1}}}},
			false,
		},
		{"the second needs nothing of two", two, []loyalty.Level{{ID: "a"}, {ID: "b"}}, false},
		{
			"the second needs zero", two,
			[]loyalty.Level{{ID: "a"}, {ID: "b", Needs: []loyalty.Need{{By: loyalty.BySpend, From: 0}}}},
			false,
		},
		{"the third needs more of one", two, []loyalty.Level{
			{ID: "a"},
			{ID: "b", Needs: []loyalty.Need{{By: loyalty.BySpend, From: 5}, {By: loyalty.ByOrders, From: 1}}},
			{ID: "c", Needs: []loyalty.Need{{By: loyalty.BySpend, From: 5}, {By: loyalty.ByOrders, From: 2}}},
		}, true},
		{"the third needs the same", two, []loyalty.Level{
			{ID: "a"},
			{ID: "b", Needs: []loyalty.Need{{By: loyalty.BySpend, From: 5}, {By: loyalty.ByOrders, From: 1}}},
			{ID: "c", Needs: []loyalty.Need{{By: loyalty.BySpend, From: 5}, {By: loyalty.ByOrders, From: 1}}},
		}, false},
		{"the third needs less of one", two, []loyalty.Level{
			{ID: "a"},
			{ID: "b", Needs: []loyalty.Need{{By: loyalty.BySpend, From: 5}, {By: loyalty.ByOrders, From: 1}}},
			{ID: "c", Needs: []loyalty.Need{{By: loyalty.BySpend, From: 4}, {By: loyalty.ByOrders, From: 2}}},
		}, false},
	} {
		tiers := loyalty.Tiers{Levels: c.levels, Ways: c.ways, By: loyalty.BySpend}
		var err error
		for i := range c.levels {
			err = errors.Join(err, tier.CheckLevel(&tiers, i))
		}
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestPeriodsOfTiers(t *testing.T) {
	levels := []loyalty.Level{{ID: "bronze"}, {ID: "silver", From: 1}}
	for _, c := range []struct {
		name  string
		tiers loyalty.Tiers
		ok    bool
	}{
		{
			"months",
			loyalty.Tiers{Window: loyalty.Window{Kind: loyalty.CycleWindow, Months: 1, From: 101}, KeepPeriods: 1},
			true,
		},
		{"no months", loyalty.Tiers{Window: loyalty.Window{Kind: loyalty.CycleWindow, Months: 0, From: 101}}, false},
		{"five months", loyalty.Tiers{Window: loyalty.Window{Kind: loyalty.CycleWindow, Months: 5, From: 101}}, false},
		{
			"a cycle from no day",
			loyalty.Tiers{Window: loyalty.Window{Kind: loyalty.CycleWindow, Months: 3, From: 100}},
			false,
		},
		{
			"a cycle from the last day",
			loyalty.Tiers{Window: loyalty.Window{Kind: loyalty.CycleWindow, Months: 3, From: 1231}},
			true,
		},
		{
			"a cycle from a later day",
			loyalty.Tiers{Window: loyalty.Window{Kind: loyalty.CycleWindow, Months: 3, From: 1232}},
			false,
		},
		{"years from joining", loyalty.Tiers{Window: loyalty.Window{Kind: loyalty.JoinWindow, Months: 12}}, true},
		{"kept by periods without periods", loyalty.Tiers{Months: 12, KeepPeriods: 1}, false},
		{"with the next period without periods", loyalty.Tiers{Months: 12, MoveUp: loyalty.NextPeriod}, false},
		{"as many brands as there may be", loyalty.Tiers{Brands: make([]string, loyalty.MaxBrands)}, true},
		{"one brand too many", loyalty.Tiers{Brands: make([]string, loyalty.MaxBrands+1)}, false},
		{
			"a minimum",
			loyalty.Tiers{Levels: levels, Minimums: []loyalty.Minimum{{Level: "silver", Segment: "vip"}}},
			true,
		},
		{
			"a minimum of no level",
			loyalty.Tiers{Levels: levels, Minimums: []loyalty.Minimum{{Level: "gold", Segment: "vip"}}},
			false,
		},
	} {
		if err := tier.Check(&c.tiers); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
