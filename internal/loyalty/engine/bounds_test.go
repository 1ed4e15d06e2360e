package engine

import (
	"fmt"
	"math/big"
	"reflect"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/award"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// spans contains each period with an instant in the same period as noon, and one after that period, or zero if there is
// none.
var spans = []struct {
	per            loyalty.CapPeriod
	within, beyond string
}{
	{loyalty.PerDay, "2026-12-01T22:59:59Z", "2026-12-01T23:00:00Z"},
	{loyalty.PerWeek, "2026-12-06T22:59:59Z", "2026-12-06T23:00:00Z"},
	{loyalty.PerMonth, "2026-12-31T22:59:59Z", "2026-12-31T23:00:00Z"},
	{loyalty.PerYear, "2026-12-31T22:59:59Z", "2026-12-31T23:00:00Z"},
	{loyalty.PerEver, "2027-12-31T22:59:59Z", ""},
	{loyalty.PerOrder, "", "2026-12-01T11:00:01Z"},
}

// Each cap and limit of a rule, or of all rules, applies to a period. An order gets the remainder in the period, and
// everything again in the next one.
func TestACapAndALimitAreForAPeriod(t *testing.T) {
	for _, b := range []struct {
		name                 string
		bound                func(*loyalty.Program, loyalty.CapPeriod)
		first, within, next  loyalty.Points // of orders that would be worth 10 + 30 each
		cut, refuse, limited string         // the reason within
	}{
		{"a cap of a rule", func(p *loyalty.Program, per loyalty.CapPeriod) {
			p.Earn.Rules[0].Caps = []loyalty.Cap{{Points: 50, Per: per, Reject: false}}
		}, 40, 30, 40, "earn.rules.give: 50 per %s = -10", "", ""},
		{"a cap of a rule that refuses", func(p *loyalty.Program, per loyalty.CapPeriod) {
			p.Earn.Rules[0].Caps = []loyalty.Cap{{Points: 50, Per: per, Reject: true}}
		}, 40, 10, 40, "", "earn.rules.give: more than 50 per %s = -30", ""},
		{"a cap of all", func(p *loyalty.Program, per loyalty.CapPeriod) {
			p.Earn.Caps = []loyalty.Cap{{Points: 50, Per: per, Reject: false}}
		}, 40, 10, 40, "earn.caps: 50 per %s = -30", "", ""},
		{"a cap of all that refuses", func(p *loyalty.Program, per loyalty.CapPeriod) {
			p.Earn.Caps = []loyalty.Cap{{Points: 50, Per: per, Reject: true}}
		}, 40, 0, 40, "", "earn.caps: more than 50 per %s = -40", ""},
		{"a limit", func(p *loyalty.Program, per loyalty.CapPeriod) {
			p.Earn.Rules[0].Limits = []loyalty.Limit{{Times: 1, Per: per}}
		}, 40, 10, 40, "", "", "earn.rules.give: 1 per %s = 0"},
	} {
		for _, span := range spans {
			if b.limited != "" && span.per == loyalty.PerOrder {
				continue
			}
			t.Run(fmt.Sprint(b.name, " per ", span.per), func(t *testing.T) {
				s := newShop(
					t,
					made(
						t,
						func(p *loyalty.Program) {
							p.Earn.Rules = gives(
								loyalty.Fixed{Points: 30},
							)
							b.bound(p, span.per)
						},
					),
				)
				o := bought("EUR", loyalty.Line{Amount: 1000})
				s.sell(o, nil)
				s.want(t, o.ID, b.first)
				if span.within != "" {
					e := s.sell(with(placed(span.within), func(o *loyalty.Order) { o.ID = "within" }), nil)
					s.want(t, "within", b.within)
					reason := e.Reasons[len(e.Reasons)-1]
					if got, want := reason.Rule+": "+reason.Effect()+" = "+reason.Points, fmt.Sprintf(
						b.cut+b.refuse+b.limited, span.per,
					); got != want {
						t.Errorf("because %s, want %s", got, want)
					}
				}
				if span.beyond != "" {
					s.sell(with(placed(span.beyond), func(o *loyalty.Order) { o.ID = "beyond" }), nil)
					s.want(t, "beyond", b.next)
				}
			})
		}
	}
}

func TestWhatBoundsLeaveOfARule(t *testing.T) {
	half := func(o *loyalty.Order) { o.Refunds = []loyalty.Refund{back("1", 2500)} }
	all := func(o *loyalty.Order) { o.Refunds = []loyalty.Refund{back("1", 5000)} }
	none := func(o *loyalty.Order) { o.Refunds = nil }
	fifty := bought("EUR", loyalty.Line{Amount: 5000})
	rated := []loyalty.Rule{{ID: "give", Give: loyalty.PerAmount{Rates: euro(3)}}}
	bound := func(edit func(*loyalty.Rule)) []loyalty.Rule { r := rated[0]; edit(&r); return []loyalty.Rule{r} }
	for _, c := range []sale{
		{
			name: "a cap of an order",
			rules: bound(
				func(r *loyalty.Rule) { r.Caps = []loyalty.Cap{{Points: 100, Per: loyalty.PerOrder, Reject: false}} },
			),
			order: fifty, want: 150, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 50.00 EUR x 3 per 1.00 = 150
	earn.rules.give: 100 per order = -50`,
		},
		{
			name: "a cap that is exactly reached",
			rules: bound(
				func(r *loyalty.Rule) { r.Caps = []loyalty.Cap{{Points: 150, Per: loyalty.PerOrder, Reject: true}} },
			),
			order: fifty, want: 200, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 50.00 EUR x 3 per 1.00 = 150`,
		},
		{name: "the tightest of two caps", rules: bound(func(r *loyalty.Rule) {
			r.Caps = []loyalty.Cap{
				{Points: 120, Per: loyalty.PerOrder, Reject: false}, {Points: 100, Per: loyalty.PerDay, Reject: false},
			}
		}), order: fifty, want: 150, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 50.00 EUR x 3 per 1.00 = 150
	earn.rules.give: 120 per order = -30
	earn.rules.give: 100 per day = -20`},
		{
			name: "a cap of a rule and then that of all",
			rules: bound(
				func(r *loyalty.Rule) { r.Caps = []loyalty.Cap{{Points: 100, Per: loyalty.PerOrder, Reject: false}} },
			), program: func(p *loyalty.Program) {
				p.Earn.Caps = []loyalty.Cap{{Points: 120, Per: loyalty.PerOrder, Reject: false}}
			}, order: fifty, want: 120, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 50.00 EUR x 3 per 1.00 = 150
	earn.rules.give: 100 per order = -50
	earn.caps: 120 per order = -30`,
		},
		{
			name: "a cap, of what is left by a refund",
			rules: bound(
				func(r *loyalty.Rule) { r.Caps = []loyalty.Cap{{Points: 100, Per: loyalty.PerOrder, Reject: false}} },
			),
			order: fifty, then: []func(*loyalty.Order){half}, want: 100, because: `
	earn.purchase: 25.00 EUR x 1 per 1.00 = 25
	earn.rules.give: 25.00 EUR x 3 per 1.00 = 75
	revision: awarded by earlier revisions = -150`,
		},
		{
			name: "a cap of fractions",
			rules: bound(
				func(r *loyalty.Rule) { r.Caps = []loyalty.Cap{{Points: 100, Per: loyalty.PerOrder, Reject: false}} },
			),
			order: bought("EUR", loyalty.Line{Amount: 3350}), want: 133, because: `
	earn.purchase: 33.50 EUR x 1 per 1.00 = 33.5
	earn.rules.give: 33.50 EUR x 3 per 1.00 = 100.5
	earn.rules.give: 100 per order = -0.5
	rounding: down = -0.5`,
		},
		{
			name: "an unused budget", rules: bound(func(r *loyalty.Rule) { r.Budget = 100 }), order: fifty,
			want: 150, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 50.00 EUR x 3 per 1.00 = 150
	earn.rules.give: 100 remain in the budget = -50`,
		},
		{
			name: "what is left of a budget", rules: bound(func(r *loyalty.Rule) { r.Budget = 1000 }),
			left: earn.Budgets{"earn.rules.give": 40}, order: fifty, want: 90, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 50.00 EUR x 3 per 1.00 = 150
	earn.rules.give: 40 remain in the budget = -110`,
		},
		{
			name: "a budget that is spent", rules: bound(func(r *loyalty.Rule) { r.Budget = 1000 }),
			left: earn.Budgets{"earn.rules.give": 0}, order: fifty, want: 50, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 50.00 EUR x 3 per 1.00 = 150
	earn.rules.give: 0 remain in the budget = -150`,
		},
		{
			name: "a budget that is overspent", rules: bound(func(r *loyalty.Rule) { r.Budget = 1000 }),
			left: earn.Budgets{"earn.rules.give": -40}, order: fifty, want: 50, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 50.00 EUR x 3 per 1.00 = 150
	earn.rules.give: 0 remain in the budget = -150`,
		},
		{
			name:  "a refund does not get more of a budget than the order had",
			rules: bound(func(r *loyalty.Rule) { r.Budget = 1000 }), left: earn.Budgets{"earn.rules.give": 40},
			order: fifty, then: []func(*loyalty.Order){half}, want: 65, because: `
	earn.purchase: 25.00 EUR x 1 per 1.00 = 25
	earn.rules.give: 25.00 EUR x 3 per 1.00 = 75
	earn.rules.give: limited to the points of the whole order = -35
	revision: awarded by earlier revisions = -90`,
		},
		{
			name:  "a refund that fails gets back what the order had, and no more",
			rules: bound(func(r *loyalty.Rule) { r.Budget = 1000 }), left: earn.Budgets{"earn.rules.give": 40},
			order: fifty, then: []func(*loyalty.Order){all, none}, want: 90, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 50.00 EUR x 3 per 1.00 = 150
	earn.rules.give: 40 remain in the budget = -110`,
		},
		{
			name:  "a limit, sent twice",
			rules: bound(func(r *loyalty.Rule) { r.Limits = []loyalty.Limit{{Times: 1, Per: loyalty.PerEver}} }),
			order: fifty, then: []func(*loyalty.Order){none}, want: 200, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 50.00 EUR x 3 per 1.00 = 150
	revision: awarded by earlier revisions = -200`,
		},
		{
			name:   "a limit that an order gave back",
			rules:  bound(func(r *loyalty.Rule) { r.Limits = []loyalty.Limit{{Times: 1, Per: loyalty.PerEver}} }),
			before: []loyalty.Order{with(fifty, all)}, order: fifty, want: 200, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 50.00 EUR x 3 per 1.00 = 150`,
		},
		{
			name:   "a limit of two",
			rules:  bound(func(r *loyalty.Rule) { r.Limits = []loyalty.Limit{{Times: 2, Per: loyalty.PerEver}} }),
			before: []loyalty.Order{fifty, fifty}, order: fifty, want: 50, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 2 per ever = 0`,
		},
	} {
		t.Run(c.name, c.run)
	}
}

func TestWhatAnOrderTakesOfABudget(t *testing.T) {
	p := made(t, func(p *loyalty.Program) {
		p.Earn.Rules = []loyalty.Rule{{ID: "give", Give: loyalty.PerAmount{Rates: euro(3)}, Budget: 100}}
	})
	s := newShop(t, p)
	o := bought("EUR", loyalty.Line{Amount: 5000})
	spends := func(left earn.Budgets) []posting.Spend {
		t.Helper()
		out, err := award.PlaceOrder(Begin(p, s.acc, noon), s.states[o.ID], EarnRules(p), o, left)
		if err != nil {
			t.Fatal(err)
		}
		return out.Spends
	}
	want := func(got []posting.Spend, want ...posting.Spend) {
		t.Helper()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("it takes %+v, want %+v", got, want)
		}
	}
	give := func(n loyalty.Points) posting.Spend {
		return posting.Spend{Rule: "earn.rules.give", Points: n, Budget: 100}
	}
	want(spends(nil), give(0), give(100)) // it asks, and takes all that there can be
	want(spends(earn.Budgets{"earn.rules.give": 70}), give(70))
	want(spends(earn.Budgets{"earn.rules.give": 0}))
	s.sell(o, earn.Budgets{"earn.rules.give": 70})
	want(spends(earn.Budgets{"earn.rules.give": 0}))
	o.Refunds = []loyalty.Refund{back("1", 4000)}
	want(spends(earn.Budgets{"earn.rules.give": 0}), give(-40))
	o.Status = loyalty.OrderCanceled
	want(spends(nil), give(-70))
}

// A rule that loses in its group uses none of its caps, limits and budget.
func TestALoserUsesNothingUp(t *testing.T) {
	s := newShop(t, made(t, func(p *loyalty.Program) {
		p.Groups = []loyalty.Group{{ID: "best", Mode: loyalty.Best}}
		p.Earn.Rules = []loyalty.Rule{
			{
				ID: "a", Group: "best", Give: loyalty.Fixed{Points: 5},
				Limits: []loyalty.Limit{{Times: 1, Per: loyalty.PerEver}},
				Caps:   []loyalty.Cap{{Points: 5, Per: loyalty.PerEver, Reject: false}}, Budget: 5,
			},
			{ID: "b", Group: "best", Give: loyalty.Fixed{Points: 9}, Match: loyalty.Match{MinSpend: euros(50)}},
		}
	}))
	s.sell(bought("EUR", loyalty.Line{Amount: 5000}), nil)
	s.want(t, "1042", 59)
	if len(s.acc.Usage) > 0 {
		t.Errorf("a loser used %+v", s.acc.Usage)
	}
	s.sell(with(placed("2026-12-01T11:00:01Z"), func(o *loyalty.Order) { o.ID = "1043" }), nil)
	s.want(t, "1043", 15)
	if len(s.acc.Usage) != 2 {
		t.Errorf("the winner used %+v", s.acc.Usage)
	}
}

func euro(points int64) map[loyalty.Currency]loyalty.Rate {
	return map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(points, 1), Per: 100}}
}

func TestBoundsThatAreNoneAreRefused(t *testing.T) {
	for name, edit := range map[string]func(*loyalty.Rule){
		"a cap below zero": func(r *loyalty.Rule) {
			r.Caps = []loyalty.Cap{
				{Points: -1, Per: loyalty.PerDay, Reject: false},
			}
		},
		"a cap per hour": func(r *loyalty.Rule) {
			r.Caps = []loyalty.Cap{
				{Points: 1, Per: "hour", Reject: false},
			}
		},
		"a limit of no time": func(r *loyalty.Rule) { r.Limits = []loyalty.Limit{{Times: 0, Per: loyalty.PerDay}} },
		"a limit of an order": func(r *loyalty.Rule) {
			r.Limits = []loyalty.Limit{
				{Times: 1, Per: loyalty.PerOrder},
			}
		},
		"a budget below zero":    func(r *loyalty.Rule) { r.Budget = -1 },
		"a budget beyond bounds": func(r *loyalty.Rule) { r.Budget = loyalty.MaxBalance + 1 },
		"a life of what it takes": func(r *loyalty.Rule) {
			r.Give = loyalty.Multiply{By: new(big.Rat)}
			r.Life.Pending = &calendar.Wait{For: calendar.Period{Days: 1}}
		},
		"a life that slides alone": func(r *loyalty.Rule) {
			r.Life.Expires = &calendar.Expiry{After: calendar.Period{Days: 1}, Inactive: true}
		},
	} {
		p := testProgram(t)
		p.Earn.Rules = gives(loyalty.Fixed{Points: 1})
		if edit(&p.Earn.Rules[0]); Compile(p) == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestTimeOfABoundIsThatOfThePlacing(t *testing.T) {
	s := newShop(t, made(t, func(p *loyalty.Program) {
		p.Earn.Caps = []loyalty.Cap{{Points: 15, Per: loyalty.PerDay, Reject: false}}
	}))
	s.acc.Joined = noon.AddDate(0, -1, 0)
	late := noon.AddDate(0, 0, 3)
	for i, day := range []int{-2, -2, -1, 0, 0} { // all reported on one day
		o := bought("EUR", loyalty.Line{Amount: 1000})
		o.ID, o.PlacedAt = fmt.Sprint(i), noon.AddDate(0, 0, day).Add(time.Duration(i)*time.Minute)
		s.submit(o, late)
	}
	for i, want := range []loyalty.Points{10, 5, 10, 10, 5} {
		s.want(t, fmt.Sprint(i), want)
	}
}
