package engine

import (
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
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
			if got := earn.Clock(
				&p.Compiled, p.Zone, c.of, c.order, &loyalty.Buyer{Zone: c.zone},
			); got.String() != c.want {
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
			{ID: "miles", Rates: rates, Expires: calendar.Expiry{After: calendar.Period{Months: 6}}},
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
		got := tier.Of(p).Gaps(acc, rung, noon)
		if !slices.EqualFunc(got, want, slices.Equal[[]tier.Gap]) {
			t.Errorf("level %d: %+v, want %+v", rung, got, want)
		}
	}
	if got := tier.Of(p).Qualified(acc, noon); got != 1 {
		t.Errorf("the account qualifies for level %d", got)
	}
}
