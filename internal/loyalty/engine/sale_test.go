package engine

import (
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/earn"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// A sale is an order under rules, with its expected points and all reasons, one per line: "rule: effect = points".
type sale struct {
	name    string
	rules   []loyalty.Rule
	program func(*loyalty.Program) // what else the program says
	member  func(*loyalty.Account)
	before  []loyalty.Order // that the member placed before
	order   loyalty.Order
	then    []func(*loyalty.Order) // after each of which it is sent again
	left    earn.Budgets
	want    loyalty.Points
	because string
}

func (c sale) run(t *testing.T) {
	p := made(t, func(p *loyalty.Program) {
		p.Earn.Rules = c.rules
		if c.program != nil {
			c.program(p)
		}
	})
	s := newShop(t, p)
	s.acc.Joined = noon.AddDate(-1, 0, 0)
	if c.member != nil {
		c.member(&s.acc)
	}
	for i, o := range c.before {
		o.ID = fmt.Sprint("0-before-", i)
		s.sell(o, nil)
	}
	o := c.order
	e := s.sell(o, c.left)
	for _, change := range c.then {
		change(&o)
		e = s.sell(o, c.left)
	}
	sum, lines := new(big.Rat), make([]string, 0, len(e.Reasons))
	for _, b := range e.Reasons {
		n, ok := new(big.Rat).SetString(b.Points)
		if !ok {
			t.Errorf("%q is no number", b.Points)
			continue
		}
		sum.Add(sum, n)
		lines = append(lines, b.Rule+": "+b.Effect()+" = "+b.Points)
	}
	if sum.Cmp(new(big.Rat).SetInt64(int64(e.Points))) != 0 {
		t.Errorf("the reasons sum to %s, and the entry moves %d", sum.RatString(), e.Points)
	}
	got, want := strings.Join(lines, "\n"), strings.ReplaceAll(strings.TrimSpace(c.because), "\n\t", "\n")
	if e.Order.Worth != c.want || got != want {
		t.Errorf("worth %d because\n%s\nwant %d because\n%s", e.Order.Worth, got, c.want, want)
	}
}

// sell reports an order when it is placed.
func (s *shop) sell(o loyalty.Order, left earn.Budgets) loyalty.Entry {
	s.pass(o.PlacedAt)
	out, err := s.place(s.states[o.ID], o, left, o.PlacedAt)
	if err != nil {
		s.t.Fatal(err)
	}
	s.took(out)
	return out.Entries[0]
}

// bought returns a paid order with line items of at least one unit each.
func bought(currency loyalty.Currency, lines ...loyalty.Line) loyalty.Order {
	for i := range lines {
		lines[i].ID, lines[i].Quantity = fmt.Sprint(i+1), max(1, lines[i].Quantity)
	}
	return loyalty.Order{
		ID: "1042", Member: "mem_ada", PlacedAt: noon, Currency: currency, Status: loyalty.OrderPaid, Lines: lines,
	}
}

func with(o loyalty.Order, edit func(*loyalty.Order)) loyalty.Order {
	edit(&o)
	return o
}

func placed(at string) loyalty.Order {
	o := bought("EUR", loyalty.Line{Amount: 1000})
	var err error
	if o.PlacedAt, err = time.Parse(time.RFC3339, at); err != nil {
		panic(err)
	}
	return o
}

// A condition is a Condition that a test defines as a function.
type condition func(*loyalty.Facts) (bool, error)

func (c condition) Holds(f *loyalty.Facts) (bool, error) { return c(f) }

func (c condition) OrderNumbers() int { return 0 }

func (c condition) String() string { return "a condition of the test" }

// numbering is a condition that uses the order's number.
type numbering struct{ condition }

func (numbering) OrderNumbers() int { return posting.MaxOrderNumber }

func euros(n int64) map[loyalty.Currency]int64 { return map[loyalty.Currency]int64{"EUR": 100 * n} }

// seven returns a rule that gives seven points to the items that it matches.
func seven(m loyalty.Match) []loyalty.Rule {
	return []loyalty.Rule{{ID: "seven", Match: m, Give: loyalty.Fixed{Points: 7}}}
}

// each returns a rule that gives one point for each unit that it matches.
func each(m loyalty.Match) []loyalty.Rule {
	return []loyalty.Rule{{ID: "each", Match: m, Give: loyalty.PerUnit{Points: big.NewRat(1, 1)}}}
}

func linked(tenders ...string) []loyalty.Rule {
	return []loyalty.Rule{
		{
			ID: "linked", Match: loyalty.Match{Tenders: tenders},
			Give: loyalty.PerAmount{
				Rates: map[loyalty.Currency]loyalty.Rate{"EUR": {Points: big.NewRat(4, 1), Per: 100}},
			},
		},
	}
}

func zone(t testing.TB, name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}
