package loyalty

import (
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"
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
		p := fiveIf(t, Match{Weekdays: c.days, HoursFrom: c.from, HoursUntil: c.until})
		if got := applies(t, p, 0, noon); got != c.want { // Tuesday, noon in Berlin
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

func TestTimeZoneThatCounts(t *testing.T) {
	p := testProgram(t)
	tokyo := zone(t, "Asia/Tokyo")
	for _, c := range []struct {
		of    TimezoneOf
		order *Order
		zone  string
		want  string
	}{
		{ProgramClock, &Order{Clock: tokyo}, "America/New_York", "Europe/Berlin"},
		{StoreClock, &Order{Clock: tokyo}, "America/New_York", "Asia/Tokyo"},
		{StoreClock, &Order{}, "America/New_York", "Europe/Berlin"},
		{StoreClock, nil, "America/New_York", "Europe/Berlin"},
		{MemberClock, &Order{Clock: tokyo}, "America/New_York", "America/New_York"},
		{MemberClock, &Order{Clock: tokyo}, "", "Europe/Berlin"},
		{MemberClock, &Order{Clock: tokyo}, "Europe/Atlantis", "Europe/Berlin"},
	} {
		for range 2 { // the second time from the cache
			if got := p.clock(c.of, c.order, &Buyer{Zone: c.zone}); got.String() != c.want {
				t.Errorf("%d with %+v and %q: %s, want %s", c.of, c.order, c.zone, got, c.want)
			}
		}
	}
}

// A campaign that applies to the order but whose condition is not met states so, once. Other rules and rules in shadow
// mode do not.
func TestReasonOfAnUnmetCondition(t *testing.T) {
	unmet := condition(func(*Facts) (bool, error) { return false, nil })
	fails := condition(func(*Facts) (bool, error) { return true, errors.New("no such value") })
	for _, c := range []struct {
		name     string
		when     condition
		campaign bool
		shadow   bool
		want     []ReasonKind
	}{
		{"a campaign", unmet, true, false, []ReasonKind{IsUnmet}},
		{"a campaign in shadow mode", unmet, true, true, nil},
		{"a rule", unmet, false, false, nil},
		{"a condition that fails", fails, true, false, []ReasonKind{IsFailed}},
		{"a condition of a rule that fails", fails, false, false, []ReasonKind{IsFailed}},
	} {
		p := made(t, func(p *Program) {
			r := []Rule{{ID: "r", Give: Fixed{5}, Shadow: c.shadow, Match: Match{When: c.when}}}
			if p.Campaigns = r; !c.campaign {
				p.Campaigns, p.Earn.Rules = nil, r
			}
		})
		q, err := p.Quote(joined(t, p, noon), paid("EUR", Line{Amount: 10_00}), nil, noon)
		if err != nil {
			t.Fatal(err)
		}
		var got []ReasonKind
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
	p := made(t, func(p *Program) {
		p.Earn.Counts = Counts{Shipping: true}
		p.Earn.Rules = []Rule{
			{ID: "triple", Give: Multiply{big.NewRat(3, 1)}, Match: Match{Brands: []string{"east"}}},
		}
	})
	o := paid("EUR", Line{Amount: 1000_00, Brand: "east"})
	o.Shipping = 5_00
	if q, err := p.Quote(joined(t, p, noon), o, nil, noon); err != nil || q.Points != 5 {
		t.Errorf("%d points because %v, %v", q.Points, q.Reasons, err)
	}
}

// A rule for whole orders also applies to an order without line items, but not to one of which nothing earns.
func TestRuleForAWholeOrder(t *testing.T) {
	p := made(t, func(p *Program) { p.Earn.Rules = []Rule{{ID: "r", Give: Fixed{5}}} })
	for _, c := range []struct {
		name  string
		lines []Line
		want  Points
	}{
		{"no line items", nil, 5},
		{"a line item", []Line{{Amount: 1_00}}, 6},
		{"a free line item", []Line{{}}, 5},
		{"a gift card", []Line{{Category: "gift-cards", Amount: 10_00}}, 0},
	} {
		q, err := p.Quote(joined(t, p, noon), paid("EUR", c.lines...), nil, noon)
		if err != nil || q.Points != c.want {
			t.Errorf("%s: %d points because %v, %v; want %d", c.name, q.Points, q.Reasons, err, c.want)
		}
	}
}

// An order has grants only in the wallets that give it points.
func TestOrderHasNoGrantInAWalletThatGivesNothing(t *testing.T) {
	p := made(t, func(p *Program) {
		rates := map[Currency]Rate{"EUR": {Points: big.NewRat(1, 1), Per: 100_00}}
		p.Wallets = []Wallet{{ID: "miles", Rates: rates, Expires: Expiry{After: Period{Months: 6}}}}
	})
	for amount, want := range map[int64]int{99_99: 1, 100_00: 2} {
		s := newShop(t, p)
		s.tell(paid("EUR", Line{Amount: amount}), noon)
		if got := s.states["1042"].Grants; len(got) != want {
			t.Errorf("an order of %d has the grants %+v", amount, got)
		}
	}
}

func TestGapsOfALevel(t *testing.T) {
	p := bySpend(t, func(t *Tiers) {
		t.Ways = [][]Measure{{BySpend}, {ByOrders, ByVisits}, {ByOrders}}
		t.Visit = "visit.completed"
		t.Levels = []Level{
			{ID: "bronze"},
			{ID: "silver", Needs: []Need{{BySpend, 500_00}, {ByOrders, 3}}},
			{ID: "gold", Needs: []Need{{BySpend, 500_00}, {ByOrders, 5}, {ByVisits, 2}}},
		}
	})
	acc := joined(t, p, noon)
	acc.Metrics = []Metric{{Month: 202612, Spend: 250_00, Orders: 4, Visits: 2}}
	spend, orders := Gap{BySpend, 500_00, 250_00}, Gap{ByOrders, 3, 4}
	more, visits := Gap{ByOrders, 5, 4}, Gap{ByVisits, 2, 2}
	for rung, want := range [][][]Gap{
		{{{BySpend, 0, 250_00}}, {{ByOrders, 0, 4}, {ByVisits, 0, 2}}, {{ByOrders, 0, 4}}},
		{{spend}, {orders}},
		{{spend}, {more, visits}, {more}},
	} {
		got := p.Gaps(acc, rung, noon)
		if !slices.EqualFunc(got, want, slices.Equal[[]Gap]) {
			t.Errorf("level %d: %+v, want %+v", rung, got, want)
		}
	}
	if got := p.qualified(acc, noon); got != 1 {
		t.Errorf("the account qualifies for level %d", got)
	}
}

func TestNearestGap(t *testing.T) {
	far, near, done := Gap{BySpend, 100, 10}, Gap{ByOrders, 10, 9}, Gap{ByVisits, 2, 2}
	half, owed := Gap{ByVisits, 2, 1}, Gap{ByPointsEarned, 100, -50}
	for _, c := range []struct {
		ways    [][]Gap
		want    Gap
		besides []Gap
	}{
		{[][]Gap{{far}}, far, nil},
		{[][]Gap{{far, near, done}}, far, []Gap{near}},
		{[][]Gap{{near, half, far}}, far, []Gap{near, half}},
		{[][]Gap{{far}, {near}}, near, nil},
		{[][]Gap{{near}, {far}}, near, nil},
		{[][]Gap{{far}, {near, half, done}}, half, []Gap{near}},
		{[][]Gap{{far}, {done}}, Gap{}, nil},
		{[][]Gap{{owed, far}}, owed, []Gap{far}},
		{nil, Gap{}, nil},
	} {
		got := nearest(c.ways)
		if got != c.want {
			t.Errorf("%+v: %+v, want %+v", c.ways, got, c.want)
		}
		if others := besides(c.ways, c.want); !slices.Equal(others, c.besides) {
			t.Errorf("%+v: besides %+v, want %+v", c.ways, others, c.besides)
		}
	}
}

func TestOrderOfLevels(t *testing.T) {
	two := [][]Measure{{BySpend}, {ByOrders}}
	for _, c := range []struct {
		name   string
		ways   [][]Measure
		levels []Level
		ok     bool
	}{
		{"one measure", nil, []Level{{ID: "a"}, {ID: "b", From: 1}, {ID: "c", From: 2}}, true},
		{"the first needs something", nil, []Level{{ID: "a", From: 1}}, false},
		{"the second needs nothing", nil, []Level{{ID: "a"}, {ID: "b"}}, false},
		{"two need the same", nil, []Level{{ID: "a"}, {ID: "b", From: 2}, {ID: "c", From: 2}}, false},
		{"no bonus below zero", nil, []Level{{ID: "a", EntryBonus: -1}}, false},
		{"the largest bonus", nil, []Level{{ID: "a", EntryBonus: MaxPoints}}, true},
		{"a larger bonus", nil, []Level{{ID: "a", EntryBonus: MaxPoints + 1}}, false},
		{"two measures", two, []Level{{ID: "a"}, {ID: "b", Needs: []Need{{BySpend, 1}, {ByOrders, 1}}}}, true},
		{"the first needs something of two", two, []Level{{ID: "a", Needs: []Need{{BySpend, 1}}}}, false},
		{"the second needs nothing of two", two, []Level{{ID: "a"}, {ID: "b"}}, false},
		{"the second needs zero", two, []Level{{ID: "a"}, {ID: "b", Needs: []Need{{BySpend, 0}}}}, false},
		{"the third needs more of one", two, []Level{
			{ID: "a"}, {ID: "b", Needs: []Need{{BySpend, 5}, {ByOrders, 1}}}, {ID: "c", Needs: []Need{{BySpend, 5}, {ByOrders, 2}}},
		}, true},
		{"the third needs the same", two, []Level{
			{ID: "a"}, {ID: "b", Needs: []Need{{BySpend, 5}, {ByOrders, 1}}}, {ID: "c", Needs: []Need{{BySpend, 5}, {ByOrders, 1}}},
		}, false},
		{"the third needs less of one", two, []Level{
			{ID: "a"}, {ID: "b", Needs: []Need{{BySpend, 5}, {ByOrders, 1}}}, {ID: "c", Needs: []Need{{BySpend, 4}, {ByOrders, 2}}},
		}, false},
	} {
		tiers := Tiers{Levels: c.levels, Ways: c.ways, By: BySpend}
		var err error
		for i := range c.levels {
			err = errors.Join(err, tiers.checkLevel(i))
		}
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestPeriodsOfTiers(t *testing.T) {
	levels := []Level{{ID: "bronze"}, {ID: "silver", From: 1}}
	for _, c := range []struct {
		name  string
		tiers Tiers
		ok    bool
	}{
		{"months", Tiers{Window: Window{CycleWindow, 1, 101}, KeepPeriods: 1}, true},
		{"no months", Tiers{Window: Window{CycleWindow, 0, 101}}, false},
		{"five months", Tiers{Window: Window{CycleWindow, 5, 101}}, false},
		{"a cycle from no day", Tiers{Window: Window{CycleWindow, 3, 100}}, false},
		{"a cycle from the last day", Tiers{Window: Window{CycleWindow, 3, 1231}}, true},
		{"a cycle from a later day", Tiers{Window: Window{CycleWindow, 3, 1232}}, false},
		{"years from joining", Tiers{Window: Window{Kind: JoinWindow, Months: 12}}, true},
		{"kept by periods without periods", Tiers{Months: 12, KeepPeriods: 1}, false},
		{"with the next period without periods", Tiers{Months: 12, MoveUp: NextPeriod}, false},
		{"as many brands as there may be", Tiers{Brands: make([]string, MaxBrands)}, true},
		{"one brand too many", Tiers{Brands: make([]string, MaxBrands+1)}, false},
		{"a minimum", Tiers{Levels: levels, Minimums: []Minimum{{"silver", "vip"}}}, true},
		{"a minimum of no level", Tiers{Levels: levels, Minimums: []Minimum{{"gold", "vip"}}}, false},
	} {
		if err := c.tiers.check(); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
