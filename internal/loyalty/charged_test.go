package loyalty

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// double is a campaign that doubles points, up to a budget.
func double(budget Points, edit ...func(*Rule)) Rule {
	r := Rule{ID: "double", Give: Multiply{big.NewRat(2, 1)}, Budget: budget}
	for _, e := range edit {
		e(&r)
	}
	return r
}

// A budget is charged what members receive under it: not what a cap removes, nor what rounding does.
func TestBudgetIsChargedThePointsThatMembersReceive(t *testing.T) {
	half := func(o *Order) { o.Refunds = []Refund{back("1", 5000)} }
	all := func(o *Order) { o.Refunds = []Refund{back("1", 10000)} }
	failed := func(o *Order) { o.Refunds[0].Status = RefundFailed }
	canceled := func(o *Order) { o.Status = OrderCanceled }
	own := func(r *Rule) { r.Life.Expires = &Expiry{After: Period{Days: 10}} }
	cap := func(n Points, refuse bool) func(*Program) {
		return func(p *Program) { p.Earn.Caps = []Cap{{n, PerDay, refuse}} }
	}
	for _, c := range []struct {
		name    string
		rule    Rule
		program func(*Program)
		amount  int64
		then    []func(*Order)
		worth   Points
		charged Points
	}{
		{"without a cap", double(1000), nil, 10000, nil, 200, 100},
		{"a cap that removes all of it", double(1000), cap(100, false), 10000, nil, 100, 0},
		{"a cap that removes some of it", double(1000), cap(130, false), 10000, nil, 130, 30},
		{"a cap below the base", double(1000), cap(70, false), 10000, nil, 70, 0},
		{"a cap that rejects", double(1000), cap(130, true), 10000, nil, 0, 0},
		{"a cap of its own too", double(1000, func(r *Rule) { r.Caps = []Cap{{50, PerDay, false}} }), cap(130, false), 10000, nil, 130, 30},
		{"a cap and a budget that is short", double(40), cap(130, false), 10000, nil, 130, 30},
		{"a budget that is short", double(40), nil, 10000, nil, 140, 40},
		{"a fraction that rounding removes", double(1000), nil, 10040, nil, 200, 100},
		{"a fraction that makes a point with the base", double(1000), nil, 10050, nil, 201, 101},
		{"points with a lot of their own", double(1000, own), nil, 10050, nil, 201, 100},
		{"points with a lot of their own under a cap", double(1000, own), cap(130, false), 10000, nil, 130, 100},
		{"a refund", double(1000), nil, 10000, []func(*Order){half}, 100, 50},
		{"a refund after which the cap removes less of it", double(1000), cap(100, false), 10000, []func(*Order){half}, 100, 50},
		{"a refund that fails", double(1000), nil, 10000, []func(*Order){all, failed}, 200, 100},
		{"a refund that fails under a cap", double(1000), cap(130, false), 10000, []func(*Order){all, failed}, 130, 30},
		{"a canceled order", double(1000), nil, 10000, []func(*Order){canceled}, 0, 0},
		{"a canceled order under a cap", double(1000), cap(130, false), 10000, []func(*Order){canceled}, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newTill(t, made(t, func(p *Program) {
				p.Campaigns = []Rule{c.rule}
				if c.program != nil {
					c.program(p)
				}
			}))
			o := bought("EUR", Line{Amount: c.amount})
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

// A refund that fails, or an order that is restored, gives what the budget had granted, though others have used it.
func TestRestoredPointsExceedABudgetThatOthersUsed(t *testing.T) {
	for name, change := range map[string][2]func(*Order){
		"a refund that fails": {
			func(o *Order) { o.Refunds = []Refund{back("1", 10000)} },
			func(o *Order) { o.Refunds = []Refund{back("1", 10000)}; o.Refunds[0].Status = RefundFailed },
		},
		"a canceled order that is restored": {
			func(o *Order) { o.Status = OrderCanceled }, func(o *Order) { o.Status = OrderPaid },
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := made(t, func(p *Program) { p.Campaigns = []Rule{double(100)} })
			ada, eve := newTill(t, p), newTill(t, p)
			eve.spent = ada.spent
			mine, hers := bought("EUR", Line{Amount: 10000}), bought("EUR", Line{Amount: 10000})
			hers.ID = "hers"
			put := func(s *till, o Order, worth, charged Points) {
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
			late := bought("EUR", Line{Amount: 10000})
			late.ID = "late"
			put(eve, late, 100, 200)
			hers.Status = OrderCanceled
			put(eve, hers, 0, 100)
			mine.Status, mine.Refunds = OrderCanceled, nil
			put(ada, mine, 0, 0)
		})
	}
}

// budgetProgram is a program with campaigns that have budgets, and with caps.
func budgetProgram(t *rapid.T) *Program {
	p := *randomProgram(t)
	p.Earn.Rules, p.Groups = nil, nil
	p.Earn.Rounding = rapid.SampledFrom([]Rounding{Down, Up, Nearest, HalfEven}).Draw(t, "rounding")
	p.Earn.Caps = nil
	for _, per := range []CapPeriod{PerOrder, PerDay} {
		if n := rapid.IntRange(-200, 300).Draw(t, "cap of"); n > 0 {
			p.Earn.Caps = append(p.Earn.Caps, Cap{Points(n), per, rapid.IntRange(0, 3).Draw(t, "rejects") == 0})
		}
	}
	budget := func(what string) Points { return Points(rapid.IntRange(1, 300).Draw(t, what)) }
	p.Campaigns = []Rule{
		double(budget("budget"), func(r *Rule) { r.Give = Multiply{big.NewRat(3, 2)} }),
		{ID: "fixed", Give: Fixed{17}, Budget: budget("budget of fixed points")},
		{
			ID: "own", Give: Multiply{big.NewRat(4, 3)}, Budget: budget("budget of its own"),
			Life: Life{Expires: &Expiry{After: Period{Days: 9}}},
		},
	}
	if rapid.Bool().Draw(t, "capped") {
		p.Campaigns[0].Caps = []Cap{{Points(rapid.IntRange(1, 60).Draw(t, "cap of double")), PerDay, false}}
	}
	if err := p.Compile(); err != nil {
		t.Fatal(err)
	}
	return &p
}

// receivedUnder returns what an order's member has received under each campaign, by the lots and reasons of its latest
// entry: points of "own" are in lots of their own; the others are the last that make up what the order is worth.
func receivedUnder(p *Program, e Entry) map[string]Points {
	out := map[string]Points{}
	sum, apart := new(big.Rat), Points(0)
	round := func() Points {
		n, _ := exactOf(sum).round(p.Earn.Rounding)
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
			b.Kind == IsBounded && b.Rule == "earn.purchase":
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
		most, _ := exactOf(later[rule]).round(Up)
		is := round()
		out[rule] = max(0, min(is-was, most, rest))
		was, rest = max(was, is), rest-out[rule]
	}
	return out
}

// What all orders of all members receive under a budget is what it is charged, and it is exceeded by restored points
// alone.
func TestBudgetsAreChargedWhatAllMembersReceive(t *testing.T) {
	checks(t, 4_000)
	counts := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		p := budgetProgram(t)
		counts["histories"]++
		tills := []*till{newTill(t, p), newTill(t, p), newTill(t, p)}
		orders, last := make([][]Order, len(tills)), map[string]Entry{}
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
				o.Status = OrderCanceled
			case 1:
				o.Refunds = []Refund{back("r", o.total())}
			case 2:
				o.Refunds = []Refund{back("r", o.total()/3)}
			case 3:
				for j := range o.Refunds {
					o.Refunds = slices.Clone(o.Refunds)
					o.Refunds[j].Status = RefundFailed
				}
			default:
				o.Status, o.Refunds = OrderPaid, nil
			}
			countCharges(p, counts, tills[i].put(t, *o, noon.Add(time.Hour)), tills[i])
			for _, e := range tills[i].entries {
				if e.Order != nil {
					last[e.Order.Order.ID] = e
				}
			}
			sums := map[string]Points{}
			for _, e := range last {
				for rule, n := range receivedUnder(p, e) {
					if got := e.Order.shareOf(rule).Charged; got != n {
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
			t.Errorf("only %d of %d histories had what this test is description: %s", counts[what], counts["histories"], what)
		}
	}
}

func countCharges(p *Program, counts map[string]int, e Entry, s *till) {
	for _, b := range e.Reasons {
		if b.Rule == "earn.caps" {
			counts["cut by a cap"]++
		}
		if b.Kind == IsSpent && strings.HasPrefix(b.Rule, "campaigns.") {
			counts["exhausted"]++
		}
	}
	for _, r := range p.Campaigns {
		switch x := e.Order.shareOf("campaigns." + r.ID); {
		case x.Charged > 0 && s.spent[x.Rule] > r.Budget:
			counts["overrun"]++
		case x.Charged > 0:
			counts["charges"]++
		case x.Granted > 0:
			counts["returned"]++
		}
	}
}
