package engine

import (
	"math/big"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
)

func TestHowRulesOfGroupsGoTogether(t *testing.T) {
	fifty := bought("EUR", loyalty.Line{Amount: 5000})
	groups := func(p *loyalty.Program) {
		p.Groups = []loyalty.Group{
			{ID: "best", Mode: loyalty.Best},
			{ID: "only", Mode: loyalty.Exclusive},
			{ID: "sum", Mode: loyalty.Sum},
			{ID: "first", Mode: loyalty.First},
		}
	}
	fixed := func(id, group string, n loyalty.Points, priority int) loyalty.Rule {
		return loyalty.Rule{ID: id, Group: group, Priority: priority, Give: loyalty.Fixed{Points: n}}
	}
	times := func(id, group string, num, den int64) loyalty.Rule {
		return loyalty.Rule{ID: id, Group: group, Give: loyalty.Multiply{By: big.NewRat(num, den)}}
	}
	dear := func(r loyalty.Rule) loyalty.Rule { r.Match.MinSpend = euros(51); return r }
	capped := func(r loyalty.Rule, c ...loyalty.Cap) loyalty.Rule { r.Caps = c; return r }
	for _, c := range []sale{
		{
			name: "all without a group add up", rules: []loyalty.Rule{fixed("a", "", 5, 0), fixed("b", "", 7, 0)},
			order: fifty, want: 62, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.a: 5 = 5
	earn.rules.b: 7 = 7`,
		},
		{
			name:  "of multipliers without a group the best counts",
			rules: []loyalty.Rule{times("a", "", 2, 1), times("b", "", 3, 1), times("c", "", 1, 2)}, order: fifty,
			want: 150, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.b: 50 x 3 = 100
	earn.rules.a: not applied: earn.rules.b was = 0
	earn.rules.c: not applied: earn.rules.b was = 0`,
		},
		{
			name:  "a multiplier without a group adds to the others",
			rules: []loyalty.Rule{times("a", "", 2, 1), fixed("b", "", 7, 0)}, order: fifty, want: 107, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.a: 50 x 2 = 50
	earn.rules.b: 7 = 7`,
		},
		{
			name:  "multipliers add what each would: x 2 and x 3 are x 4",
			rules: []loyalty.Rule{times("a", "sum", 2, 1), times("b", "sum", 3, 1)}, order: fifty, want: 200, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.a: 50 x 2 = 50
	earn.rules.b: 50 x 3 = 100`,
		},
		{
			name:  "multipliers by nothing leave nothing, and no less",
			rules: []loyalty.Rule{times("a", "sum", 0, 1), times("b", "sum", 0, 1)}, order: fifty, want: 0, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.a: 50 x 0 = -50
	earn.rules.b: 50 x 0 = -50
	rounding: down = 50`,
		},
		{
			name:  "the best is the one that gives most",
			rules: []loyalty.Rule{fixed("a", "best", 5, 9), fixed("b", "best", 7, 0)}, order: fifty,
			want: 57, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.b: 7 = 7
	earn.rules.a: not applied: earn.rules.b was = 0`,
		},
		{
			name:  "of equal ones that of the higher priority",
			rules: []loyalty.Rule{fixed("a", "best", 5, 0), fixed("b", "best", 5, 1)}, order: fifty,
			want: 55, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.b: 5 = 5
	earn.rules.a: not applied: earn.rules.b was = 0`,
		},
		{
			name:  "of equal ones of equal priority that with the lower id",
			rules: []loyalty.Rule{fixed("b", "best", 5, 0), fixed("a", "best", 5, 0)}, order: fifty,
			want: 55, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.a: 5 = 5
	earn.rules.b: not applied: earn.rules.a was = 0`,
		},
		{
			name:  "the first is that of the highest priority",
			rules: []loyalty.Rule{fixed("a", "first", 9, 1), fixed("b", "first", 5, 2), fixed("c", "first", 7, -1)},
			order: fifty, want: 55, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.b: 5 = 5
	earn.rules.a: not applied: earn.rules.b was = 0
	earn.rules.c: not applied: earn.rules.b was = 0`,
		},
		{
			name:  "of the same priority that with the lower id",
			rules: []loyalty.Rule{fixed("b", "first", 9, 0), fixed("a", "first", 5, 0)}, order: fifty,
			want: 55, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.a: 5 = 5
	earn.rules.b: not applied: earn.rules.a was = 0`,
		},
		{
			name:  "the first of those that apply",
			rules: []loyalty.Rule{dear(fixed("a", "first", 9, 2)), fixed("b", "first", 5, 1)}, order: fifty,
			want: 55, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.a: not applied: needs 51.00 EUR, has 50.00 EUR = 0
	earn.rules.b: 5 = 5`,
		},
		{
			name: "an exclusive one leaves the groups before it, and nothing behind it", program: groups,
			want: 58, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.a: 3 = 3
	earn.rules.b: 5 = 5
	earn.rules.c: not applied: earn.rules.b was = 0
	earn.rules.d: not applied: earn.rules.b was = 0
	earn.rules.f: not applied: earn.rules.b was = 0
	earn.rules.e: not applied: earn.rules.b was = 0`,
			rules: []loyalty.Rule{
				fixed("a", "best", 3, 0), fixed("b", "only", 5, 1), fixed("c", "only", 9, 0), fixed("d", "sum", 11, 0),
				fixed("e", "", 13, 0), times("f", "", 2, 1),
			},
			order: fifty,
		},
		{
			name: "an exclusive one that does not apply excludes nothing", program: groups, want: 174, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.b: not applied: needs 51.00 EUR, has 50.00 EUR = 0
	earn.rules.d: 11 = 11
	earn.rules.f: 50 x 3 = 100
	earn.rules.e: 13 = 13`,
			rules: []loyalty.Rule{
				dear(fixed("b", "only", 5, 1)), fixed("d", "sum", 11, 0), fixed("e", "", 13, 0), times("f", "", 3, 1),
			},
			order: fifty,
		},
		{
			name: "the best after its cap",
			rules: []loyalty.Rule{
				capped(fixed("a", "best", 30, 0), loyalty.Cap{Points: 4, Per: loyalty.PerOrder, Reject: false}),
				fixed("b", "best", 5, 0),
			},
			order: fifty, want: 55, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.b: 5 = 5
	earn.rules.a: not applied: earn.rules.b was = 0`,
		},
		{
			name: "the first that its caps leave something",
			rules: []loyalty.Rule{
				capped(fixed("a", "first", 30, 2), loyalty.Cap{Points: 20, Per: loyalty.PerOrder, Reject: true}),
				fixed("b", "first", 5, 0),
			},
			order: fifty, want: 55, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.a: more than 20 per order = 0
	earn.rules.b: 5 = 5`,
		},
		{
			name: "an exclusive one that is used up excludes nothing",
			rules: []loyalty.Rule{
				{ID: "a", Group: "only", Give: loyalty.Fixed{Points: 5}, Budget: 10}, fixed("b", "", 7, 0),
			},
			left: earn.Budgets{"earn.rules.a": 0}, order: fifty, want: 57, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.a: 0 remain in the budget = 0
	earn.rules.b: 7 = 7`,
		},
		{
			name: "a multiplier that is used up, which is not silent",
			rules: []loyalty.Rule{
				capped(times("a", "", 2, 1), loyalty.Cap{Points: 0, Per: loyalty.PerDay, Reject: false}),
			},
			order: fifty, want: 50, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	earn.rules.a: 0 per day = 0`,
		},
		{
			name:    "a campaign and a rule are in one group",
			program: func(p *loyalty.Program) { groups(p); p.Campaigns = []loyalty.Rule{fixed("c", "best", 6, 0)} },
			rules:   []loyalty.Rule{fixed("a", "best", 5, 0)}, order: fifty, want: 56, because: `
	earn.purchase: 50.00 EUR x 1 per 1.00 = 50
	campaigns.c: 6 = 6
	earn.rules.a: not applied: campaigns.c was = 0`,
		},
		{
			name: "what a refund leaves of an order may be another's turn",
			rules: []loyalty.Rule{
				fixed("a", "best", 5, 0),
				{ID: "b", Group: "best", Give: loyalty.Fixed{Points: 9}, Match: loyalty.Match{MinSpend: euros(50)}},
			},
			order: fifty,
			then:  []func(*loyalty.Order){func(o *loyalty.Order) { o.Refunds = []loyalty.Refund{back("1", 1)} }},
			want:  54, because: `
	earn.purchase: 49.99 EUR x 1 per 1.00 = 49.99
	earn.rules.b: not applied: needs 50.00 EUR, has 49.99 EUR = 0
	earn.rules.a: 5 = 5
	rounding: down = -0.99
	revision: awarded by earlier revisions = -59`,
		},
	} {
		if c.program == nil {
			c.program = groups
		}
		t.Run(c.name, c.run)
	}
}

func TestAGroupThatIsNotThereIsRefused(t *testing.T) {
	p := testProgram(t)
	p.Earn.Rules = []loyalty.Rule{{ID: "a", Group: "none", Give: loyalty.Fixed{Points: 1}}}
	if Compile(p) == nil {
		t.Error("a rule is in a group that the program does not have")
	}
}
