package engine

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/receipt"
	"pgregory.net/rapid"
)

// double returns a campaign that doubles points, up to a budget.
func double(budget loyalty.Points, edit ...func(*loyalty.Rule)) loyalty.Rule {
	r := loyalty.Rule{ID: "double", Give: loyalty.Multiply{By: big.NewRat(2, 1)}, Budget: budget}
	for _, e := range edit {
		e(&r)
	}
	return r
}

// A budget is charged the points that members receive under it, without those that a cap or rounding removes.
func TestBudgetIsChargedThePointsThatMembersReceive(t *testing.T) {
	half := func(o *loyalty.Order) { o.Refunds = []loyalty.Refund{back("1", 5000)} }
	all := func(o *loyalty.Order) { o.Refunds = []loyalty.Refund{back("1", 10000)} }
	failed := func(o *loyalty.Order) { o.Refunds[0].Status = loyalty.RefundFailed }
	canceled := func(o *loyalty.Order) { o.Status = loyalty.OrderCanceled }
	own := func(r *loyalty.Rule) { r.Life.Expires = &calendar.Expiry{After: calendar.Period{Days: 10}} }
	cap := func(n loyalty.Points, refuse bool) func(*loyalty.Program) {
		return func(p *loyalty.Program) {
			p.Earn.Caps = []loyalty.Cap{{Points: n, Per: loyalty.PerDay, Reject: refuse}}
		}
	}
	for _, c := range []struct {
		name    string
		rule    loyalty.Rule
		program func(*loyalty.Program)
		amount  int64
		then    []func(*loyalty.Order)
		worth   loyalty.Points
		charged loyalty.Points
	}{
		{"without a cap", double(1000), nil, 10000, nil, 200, 100},
		{"a cap that removes all of it", double(1000), cap(100, false), 10000, nil, 100, 0},
		{"a cap that removes some of it", double(1000), cap(130, false), 10000, nil, 130, 30},
		{"a cap below the base", double(1000), cap(70, false), 10000, nil, 70, 0},
		{"a cap that rejects", double(1000), cap(130, true), 10000, nil, 0, 0},
		{
			"a cap of its own too",
			double(
				1000,
				func(r *loyalty.Rule) { r.Caps = []loyalty.Cap{{Points: 50, Per: loyalty.PerDay, Reject: false}} },
			),
			cap(130, false), 10000, nil, 130, 30,
		},
		{"a cap and a budget that is short", double(40), cap(130, false), 10000, nil, 130, 30},
		{"a budget that is short", double(40), nil, 10000, nil, 140, 40},
		{"a fraction that rounding removes", double(1000), nil, 10040, nil, 200, 100},
		{"a fraction that makes a point with the base", double(1000), nil, 10050, nil, 201, 101},
		{"points with a lot of their own", double(1000, own), nil, 10050, nil, 201, 100},
		{"points with a lot of their own under a cap", double(1000, own), cap(130, false), 10000, nil, 130, 100},
		{"a refund", double(1000), nil, 10000, []func(*loyalty.Order){half}, 100, 50},
		{
			"a refund after which the cap removes less of it", double(1000), cap(100, false), 10000,
			[]func(*loyalty.Order){half},
			100, 50,
		},
		{"a refund that fails", double(1000), nil, 10000, []func(*loyalty.Order){all, failed}, 200, 100},
		{
			"a refund that fails under a cap", double(1000), cap(130, false), 10000,
			[]func(*loyalty.Order){all, failed},
			130, 30,
		},
		{"a canceled order", double(1000), nil, 10000, []func(*loyalty.Order){canceled}, 0, 0},
		{"a canceled order under a cap", double(1000), cap(130, false), 10000, []func(*loyalty.Order){canceled}, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newTill(t, made(t, func(p *loyalty.Program) {
				p.Campaigns = []loyalty.Rule{c.rule}
				if c.program != nil {
					c.program(p)
				}
			}))
			o := bought("EUR", loyalty.Line{Amount: c.amount})
			s.put(t, o, noon)
			for _, change := range c.then {
				change(&o)
				s.put(t, o, noon)
			}
			if got := s.states[o.ID].Worth; got != c.worth || s.spent["campaigns.double"] != c.charged {
				t.Errorf("the order gives %d and charges %d, want %d and %d: %v",
					got, s.spent["campaigns.double"], c.worth, c.charged, s.because)
			}
		})
	}
}

// If a refund fails or an order is restored, the member gets the points that the budget had granted, even if other
// orders have used the budget since.
func TestRestoredPointsExceedABudgetThatOthersUsed(t *testing.T) {
	for name, change := range map[string][2]func(*loyalty.Order){
		"a refund that fails": {
			func(o *loyalty.Order) { o.Refunds = []loyalty.Refund{back("1", 10000)} },
			func(o *loyalty.Order) {
				o.Refunds = []loyalty.Refund{back("1", 10000)}
				o.Refunds[0].Status = loyalty.RefundFailed
			},
		},
		"a canceled order that is restored": {
			func(o *loyalty.Order) { o.Status = loyalty.OrderCanceled },
			func(o *loyalty.Order) { o.Status = loyalty.OrderPaid },
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := made(t, func(p *loyalty.Program) { p.Campaigns = []loyalty.Rule{double(100)} })
			ada, eve := newTill(t, p), newTill(t, p)
			eve.spent = ada.spent
			mine, hers := bought("EUR", loyalty.Line{Amount: 10000}), bought("EUR", loyalty.Line{Amount: 10000})
			hers.ID = "hers"
			put := func(s *till, o loyalty.Order, worth, charged loyalty.Points) {
				t.Helper()
				if s.put(t, o, noon); s.states[o.ID].Worth != worth || s.spent["campaigns.double"] != charged {
					t.Fatalf("the order gives %d and %d are charged, want %d and %d: %v",
						s.states[o.ID].Worth, s.spent["campaigns.double"], worth, charged, s.because)
				}
			}
			put(ada, mine, 200, 100)
			change[0](&mine)
			put(ada, mine, 0, 0)
			put(eve, hers, 200, 100)
			change[1](&mine)
			put(ada, mine, 200, 200)
			late := bought("EUR", loyalty.Line{Amount: 10000})
			late.ID = "late"
			put(eve, late, 100, 200)
			hers.Status = loyalty.OrderCanceled
			put(eve, hers, 0, 100)
			mine.Status, mine.Refunds = loyalty.OrderCanceled, nil
			put(ada, mine, 0, 0)
		})
	}
}

// budgetProgram returns a program with caps, and with campaigns that have budgets.
func budgetProgram(t *rapid.T) *loyalty.Program {
	p := *randomProgram(t)
	p.Earn.Rules, p.Groups = nil, nil
	p.Earn.Rounding = rapid.SampledFrom(
		[]loyalty.Rounding{loyalty.Down, loyalty.Up, loyalty.Nearest, loyalty.HalfEven},
	).Draw(t, "rounding")
	p.Earn.Caps = nil
	for _, per := range []loyalty.CapPeriod{loyalty.PerOrder, loyalty.PerDay} {
		if n := rapid.IntRange(-200, 300).Draw(t, "cap of"); n > 0 {
			p.Earn.Caps = append(
				p.Earn.Caps,
				loyalty.Cap{Points: loyalty.Points(n), Per: per, Reject: rapid.IntRange(0, 3).Draw(t, "rejects") == 0},
			)
		}
	}
	budget := func(what string) loyalty.Points { return loyalty.Points(rapid.IntRange(1, 300).Draw(t, what)) }
	p.Campaigns = []loyalty.Rule{
		double(budget("budget"), func(r *loyalty.Rule) { r.Give = loyalty.Multiply{By: big.NewRat(3, 2)} }),
		{ID: "fixed", Give: loyalty.Fixed{Points: 17}, Budget: budget("budget of fixed points")},
		{
			ID: "own", Give: loyalty.Multiply{By: big.NewRat(4, 3)}, Budget: budget("budget of its own"),
			Life: loyalty.Life{Expires: &calendar.Expiry{After: calendar.Period{Days: 9}}},
		},
	}
	if rapid.Bool().Draw(t, "capped") {
		p.Campaigns[0].Caps = []loyalty.Cap{
			{
				Points: loyalty.Points(rapid.IntRange(1, 60).Draw(t, "cap of double")), Per: loyalty.PerDay,
				Reject: false,
			},
		}
	}
	if err := Compile(&p); err != nil {
		t.Fatal(err)
	}
	return &p
}

// receivedUnder returns the points that an order's member has received under each campaign, by the lots and reasons of
// the order's latest entry. Points of "own" are in separate lots. The other campaigns gave the last points of the
// order's worth.
func receivedUnder(p *loyalty.Program, e loyalty.Entry) map[string]loyalty.Points {
	out := map[string]loyalty.Points{}
	sum, apart := new(big.Rat), loyalty.Points(0)
	round := func() loyalty.Points {
		n, _ := loyalty.RoundPoints(exact.Of(sum), p.Earn.Rounding)
		return min(max(0, n), e.Order.Worth)
	}
	for _, g := range e.Order.Grants {
		if g.Rule == "campaigns.own" {
			apart = g.Worth
			out[g.Rule] = g.Worth
		}
	}
	later := map[string]*big.Rat{}
	var order []string
	for _, b := range e.Reasons {
		n, _ := new(big.Rat).SetString(b.Points)
		switch {
		case b.Wallet != "" || b.Rule == "earn.caps" || b.Rule == "rounding" || b.Rule == "revision" ||
			b.Kind == loyalty.IsBounded && b.Rule == "earn.purchase":
		case b.Rule == "campaigns.double" || b.Rule == "campaigns.fixed":
			if later[b.Rule] == nil {
				later[b.Rule], order = new(big.Rat), append(order, b.Rule)
			}
			later[b.Rule].Add(later[b.Rule], n)
		default:
			sum.Add(sum, n)
		}
	}
	was, rest := round(), e.Order.Worth-apart
	for _, rule := range order {
		sum.Add(sum, later[rule])
		most, _ := loyalty.RoundPoints(exact.Of(later[rule]), loyalty.Up)
		is := round()
		out[rule] = max(0, min(is-was, most, rest))
		was, rest = max(was, is), rest-out[rule]
	}
	return out
}

// A budget is charged the sum of the points that all members receive under it. Only restored points can exceed it.
func TestBudgetsAreChargedWhatAllMembersReceive(t *testing.T) {
	checks(t, 4_000)
	counts := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		p := budgetProgram(t)
		counts["histories"]++
		tills := []*till{newTill(t, p), newTill(t, p), newTill(t, p)}
		orders, last := make([][]loyalty.Order, len(tills)), map[string]loyalty.Entry{}
		for i, s := range tills {
			s.spent = tills[0].spent
			for n := range 3 {
				o := randomOrder(t, fmt.Sprint(i, "-", n))
				o.PlacedAt = noon
				orders[i] = append(orders[i], o)
			}
		}
		for range rapid.IntRange(3, 20).Draw(t, "steps") {
			i := rapid.IntRange(0, len(tills)-1).Draw(t, "member")
			o := &orders[i][rapid.IntRange(0, 2).Draw(t, "order")]
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0:
				o.Status = loyalty.OrderCanceled
			case 1:
				o.Refunds = []loyalty.Refund{back("r", receipt.OrderTotal(*o))}
			case 2:
				o.Refunds = []loyalty.Refund{back("r", receipt.OrderTotal(*o)/3)}
			case 3:
				for j := range o.Refunds {
					o.Refunds = slices.Clone(o.Refunds)
					o.Refunds[j].Status = loyalty.RefundFailed
				}
			default:
				o.Status, o.Refunds = loyalty.OrderPaid, nil
			}
			countCharges(p, counts, tills[i].put(t, *o, noon.Add(time.Hour)), tills[i])
			for _, e := range tills[i].entries {
				if e.Order != nil {
					last[e.Order.Order.ID] = e
				}
			}
			sums := map[string]loyalty.Points{}
			for _, e := range last {
				for rule, n := range receivedUnder(p, e) {
					if got := receipt.ShareOf(e.Order, rule).Charged; got != n {
						t.Fatalf("%s gives %d under %s and charges it %d: %v", e.Cause.ID, n, rule, got, e.Reasons)
					}
					sums[rule] += n
				}
			}
			for _, r := range p.Campaigns {
				if key := "campaigns." + r.ID; sums[key] != tills[0].spent[key] {
					t.Fatalf("members received %d under %s, which is charged %d", sums[key], key, tills[0].spent[key])
				}
			}
		}
	})
	t.Log(counts)
	for _, what := range []string{"charges", "cut by a cap", "exhausted", "returned", "overrun"} {
		if counts[what]*50 < counts["histories"] {
			t.Errorf(
				"only %d of %d histories had what this test is description: %s", counts[what], counts["histories"],
				what,
			)
		}
	}
}

func countCharges(p *loyalty.Program, counts map[string]int, e loyalty.Entry, s *till) {
	for _, b := range e.Reasons {
		if b.Rule == "earn.caps" {
			counts["cut by a cap"]++
		}
		if b.Kind == loyalty.IsSpent && strings.HasPrefix(b.Rule, "campaigns.") {
			counts["exhausted"]++
		}
	}
	for _, r := range p.Campaigns {
		switch x := receipt.ShareOf(e.Order, "campaigns."+r.ID); {
		case x.Charged > 0 && s.spent[x.Rule] > r.Budget:
			counts["overrun"]++
		case x.Charged > 0:
			counts["charges"]++
		case x.Granted > 0:
			counts["returned"]++
		}
	}
}
