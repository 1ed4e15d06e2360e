package loyalty

import (
	"fmt"
	"math/big"
	"reflect"
	"testing"
	"time"
)

// spans is each period with an instant that lies in that of noon, and one beyond it; the zero time if there is none.
var spans = []struct {
	per            CapPeriod
	within, beyond string
}{
	{PerDay, "2026-12-01T22:59:59Z", "2026-12-01T23:00:00Z"},
	{PerWeek, "2026-12-06T22:59:59Z", "2026-12-06T23:00:00Z"},
	{PerMonth, "2026-12-31T22:59:59Z", "2026-12-31T23:00:00Z"},
	{PerYear, "2026-12-31T22:59:59Z", "2026-12-31T23:00:00Z"},
	{PerEver, "2027-12-31T22:59:59Z", ""},
	{PerOrder, "", "2026-12-01T11:00:01Z"},
}

// Whatever bounds a rule, or all of them, bounds it for its period, in which what it leaves is given, and begins anew
// behind it.
func TestACapAndALimitAreForAPeriod(t *testing.T) {
	for _, b := range []struct {
		name                 string
		bound                func(*Program, CapPeriod)
		first, within, anew  Points // of orders that would be worth 10 + 30 each
		cut, refuse, limited string // the reason within
	}{
		{"a cap of a rule", func(p *Program, per CapPeriod) { p.Earn.Rules[0].Caps = []Cap{{50, per, false}} }, 40, 30, 40, "earn.rules.give: 50 per %s = -10", "", ""},
		{"a cap of a rule that refuses", func(p *Program, per CapPeriod) { p.Earn.Rules[0].Caps = []Cap{{50, per, true}} }, 40, 10, 40, "", "earn.rules.give: more than 50 per %s = -30", ""},
		{"a cap of all", func(p *Program, per CapPeriod) { p.Earn.Caps = []Cap{{50, per, false}} }, 40, 10, 40, "earn.caps: 50 per %s = -30", "", ""},
		{"a cap of all that refuses", func(p *Program, per CapPeriod) { p.Earn.Caps = []Cap{{50, per, true}} }, 40, 0, 40, "", "earn.caps: more than 50 per %s = -40", ""},
		{"a limit", func(p *Program, per CapPeriod) { p.Earn.Rules[0].Limits = []Limit{{1, per}} }, 40, 10, 40, "", "", "earn.rules.give: 1 per %s = 0"},
	} {
		for _, span := range spans {
			if b.limited != "" && span.per == PerOrder {
				continue
			}
			t.Run(fmt.Sprint(b.name, " per ", span.per), func(t *testing.T) {
				s := newShop(t, made(t, func(p *Program) { p.Earn.Rules = gives(Fixed{30}); b.bound(p, span.per) }))
				o := bought("EUR", Line{Amount: 1000})
				s.sell(o, nil)
				s.want(t, o.ID, b.first)
				if span.within != "" {
					e := s.sell(placed(span.within).with(func(o *Order) { o.ID = "within" }), nil)
					s.want(t, "within", b.within)
					reason := e.Reasons[len(e.Reasons)-1]
					if got, want := reason.Rule+": "+reason.Effect()+" = "+reason.Points, fmt.Sprintf(b.cut+b.refuse+b.limited, span.per); got != want {
						t.Errorf("because %s, want %s", got, want)
					}
				}
				if span.beyond != "" {
					s.sell(placed(span.beyond).with(func(o *Order) { o.ID = "beyond" }), nil)
					s.want(t, "beyond", b.anew)
				}
			})
		}
	}
}

func TestWhatBoundsLeaveOfARule(t *testing.T) {
	half := func(o *Order) { o.Refunds = []Refund{back("1", 2500)} }
	all := func(o *Order) { o.Refunds = []Refund{back("1", 5000)} }
	none := func(o *Order) { o.Refunds = nil }
	fifty := bought("EUR", Line{Amount: 5000})
	rated := []Rule{{ID: "give", Give: PerAmount{euro(3)}}}
	bound := func(edit func(*Rule)) []Rule { r := rated[0]; edit(&r); return []Rule{r} }
	for _, c := range []sale{
		{name: "a cap of an order", rules: bound(func(r *Rule) { r.Caps = []Cap{{100, PerOrder, false}} }), order: fifty, want: 150, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 50.00 EUR x 3 per 1.00 = 150
	earn.rules.give: 100 per order = -50`},
		{name: "a cap that is exactly reached", rules: bound(func(r *Rule) { r.Caps = []Cap{{150, PerOrder, true}} }), order: fifty, want: 200, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 50.00 EUR x 3 per 1.00 = 150`},
		{name: "the tightest of two caps", rules: bound(func(r *Rule) { r.Caps = []Cap{{120, PerOrder, false}, {100, PerDay, false}} }), order: fifty, want: 150, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 50.00 EUR x 3 per 1.00 = 150
	earn.rules.give: 120 per order = -30
	earn.rules.give: 100 per day = -20`},
		{name: "a cap of a rule and then that of all", rules: bound(func(r *Rule) { r.Caps = []Cap{{100, PerOrder, false}} }), program: func(p *Program) { p.Earn.Caps = []Cap{{120, PerOrder, false}} }, order: fifty, want: 120, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 50.00 EUR x 3 per 1.00 = 150
	earn.rules.give: 100 per order = -50
	earn.caps: 120 per order = -30`},
		{name: "a cap, of what is left by a refund", rules: bound(func(r *Rule) { r.Caps = []Cap{{100, PerOrder, false}} }), order: fifty, then: []func(*Order){half}, want: 100, because: `
	earn.purchase: 25.00 EUR x 1 per 1.00 = 25
	earn.rules.give: 25.00 EUR x 3 per 1.00 = 75
	revision: awarded by earlier revisions = -150`},
		{name: "a cap of fractions", rules: bound(func(r *Rule) { r.Caps = []Cap{{100, PerOrder, false}} }), order: bought("EUR", Line{Amount: 3350}), want: 133, because: `
	earn.purchase: 33.50 EUR x 1 per 1.00 = 33.5
	earn.rules.give: 33.50 EUR x 3 per 1.00 = 100.5
	earn.rules.give: 100 per order = -0.5
	rounding: down = -0.5`},
		{name: "a budget that nobody knows yet", rules: bound(func(r *Rule) { r.Budget = 100 }), order: fifty, want: 150, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 50.00 EUR x 3 per 1.00 = 150
	earn.rules.give: 100 remain in the budget = -50`},
		{name: "what is left of a budget", rules: bound(func(r *Rule) { r.Budget = 1000 }), left: Budgets{"earn.rules.give": 40}, order: fifty, want: 90, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 50.00 EUR x 3 per 1.00 = 150
	earn.rules.give: 40 remain in the budget = -110`},
		{name: "a budget that is spent", rules: bound(func(r *Rule) { r.Budget = 1000 }), left: Budgets{"earn.rules.give": 0}, order: fifty, want: 50, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 50.00 EUR x 3 per 1.00 = 150
	earn.rules.give: 0 remain in the budget = -150`},
		{name: "a budget that is overspent", rules: bound(func(r *Rule) { r.Budget = 1000 }), left: Budgets{"earn.rules.give": -40}, order: fifty, want: 50, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 50.00 EUR x 3 per 1.00 = 150
	earn.rules.give: 0 remain in the budget = -150`},
		{name: "a refund does not get more of a budget than the order had", rules: bound(func(r *Rule) { r.Budget = 1000 }), left: Budgets{"earn.rules.give": 40}, order: fifty, then: []func(*Order){half}, want: 65, because: `
	earn.purchase: 25.00 EUR x 1 per 1.00 = 25
	earn.rules.give: 25.00 EUR x 3 per 1.00 = 75
	earn.rules.give: limited to the points of the whole order = -35
	revision: awarded by earlier revisions = -90`},
		{name: "a refund that fails gets back what the order had, and no more", rules: bound(func(r *Rule) { r.Budget = 1000 }), left: Budgets{"earn.rules.give": 40}, order: fifty, then: []func(*Order){all, none}, want: 90, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 50.00 EUR x 3 per 1.00 = 150
	earn.rules.give: 40 remain in the budget = -110`},
		{name: "a limit, told twice", rules: bound(func(r *Rule) { r.Limits = []Limit{{1, PerEver}} }), order: fifty, then: []func(*Order){none}, want: 200, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 50.00 EUR x 3 per 1.00 = 150
	revision: awarded by earlier revisions = -200`},
		{name: "a limit that an order gave back", rules: bound(func(r *Rule) { r.Limits = []Limit{{1, PerEver}} }), before: []Order{fifty.with(all)}, order: fifty, want: 200, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 50.00 EUR x 3 per 1.00 = 150`},
		{name: "a limit of two", rules: bound(func(r *Rule) { r.Limits = []Limit{{2, PerEver}} }), before: []Order{fifty, fifty}, order: fifty, want: 50, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.give: 2 per ever = 0`},
	} {
		t.Run(c.name, c.run)
	}
}

func TestWhatAnOrderTakesOfABudget(t *testing.T) {
	p := made(t, func(p *Program) { p.Earn.Rules = []Rule{{ID: "give", Give: PerAmount{euro(3)}, Budget: 100}} })
	s := newShop(t, p)
	o := bought("EUR", Line{Amount: 5000})
	spends := func(left Budgets) []Spend {
		t.Helper()
		out, err := p.PlaceOrder(s.acc, s.states[o.ID], p, o, left, noon)
		if err != nil {
			t.Fatal(err)
		}
		return out.Spends
	}
	want := func(got []Spend, want ...Spend) {
		t.Helper()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("it takes %+v, want %+v", got, want)
		}
	}
	give := func(n Points) Spend { return Spend{"earn.rules.give", n, 100} }
	want(spends(nil), give(0), give(100)) // it asks, and takes all that there can be
	want(spends(Budgets{"earn.rules.give": 70}), give(70))
	want(spends(Budgets{"earn.rules.give": 0}))
	s.sell(o, Budgets{"earn.rules.give": 70})
	want(spends(Budgets{"earn.rules.give": 0}))
	o.Refunds = []Refund{back("1", 4000)}
	want(spends(Budgets{"earn.rules.give": 0}), give(-40))
	o.Status = OrderCanceled
	want(spends(nil), give(-70))
}

// What a rule had no part in is no part of its bounds: a loser of its group neither counts nor spends.
func TestALoserUsesNothingUp(t *testing.T) {
	s := newShop(t, made(t, func(p *Program) {
		p.Groups = []Group{{"best", Best}}
		p.Earn.Rules = []Rule{
			{ID: "a", Group: "best", Give: Fixed{5}, Limits: []Limit{{1, PerEver}}, Caps: []Cap{{5, PerEver, false}}, Budget: 5},
			{ID: "b", Group: "best", Give: Fixed{9}, Match: Match{MinSpend: euros(50)}},
		}
	}))
	s.sell(bought("EUR", Line{Amount: 5000}), nil)
	s.want(t, "1042", 59)
	if len(s.acc.Usage) > 0 {
		t.Errorf("a loser used %+v", s.acc.Usage)
	}
	s.sell(placed("2026-12-01T11:00:01Z").with(func(o *Order) { o.ID = "1043" }), nil)
	s.want(t, "1043", 15)
	if len(s.acc.Usage) != 2 {
		t.Errorf("the winner used %+v", s.acc.Usage)
	}
}

func euro(points int64) map[Currency]Rate {
	return map[Currency]Rate{"EUR": {Points: big.NewRat(points, 1), Per: 100}}
}

func TestBoundsThatAreNoneAreRefused(t *testing.T) {
	for name, edit := range map[string]func(*Rule){
		"a cap below zero":         func(r *Rule) { r.Caps = []Cap{{-1, PerDay, false}} },
		"a cap per hour":           func(r *Rule) { r.Caps = []Cap{{1, "hour", false}} },
		"a limit of no time":       func(r *Rule) { r.Limits = []Limit{{0, PerDay}} },
		"a limit of an order":      func(r *Rule) { r.Limits = []Limit{{1, PerOrder}} },
		"a budget below zero":      func(r *Rule) { r.Budget = -1 },
		"a budget beyond bounds":   func(r *Rule) { r.Budget = MaxBalance + 1 },
		"a life of what it takes":  func(r *Rule) { r.Give = Multiply{new(big.Rat)}; r.Life.Pending = &Wait{For: Period{Days: 1}} },
		"a life that slides alone": func(r *Rule) { r.Life.Expires = &Expiry{After: Period{Days: 1}, Inactive: true} },
	} {
		p := testProgram(t)
		p.Earn.Rules = gives(Fixed{1})
		if edit(&p.Earn.Rules[0]); p.Compile() == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestTimeOfABoundIsThatOfThePlacing(t *testing.T) {
	s := newShop(t, made(t, func(p *Program) { p.Earn.Caps = []Cap{{15, PerDay, false}} }))
	s.acc.Joined = noon.AddDate(0, -1, 0)
	late := noon.AddDate(0, 0, 3)
	for i, day := range []int{-2, -2, -1, 0, 0} { // all told on one day
		o := bought("EUR", Line{Amount: 1000})
		o.ID, o.PlacedAt = fmt.Sprint(i), noon.AddDate(0, 0, day).Add(time.Duration(i)*time.Minute)
		s.tell(o, late)
	}
	for i, want := range []Points{10, 5, 10, 10, 5} {
		s.want(t, fmt.Sprint(i), want)
	}
}
