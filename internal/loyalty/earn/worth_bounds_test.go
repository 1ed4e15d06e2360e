package earn

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
	"github.com/perennial-loyalty/perennial/internal/loyalty/exact"
	"github.com/perennial-loyalty/perennial/internal/loyalty/loyaltytest"
	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// condition is a condition with a fixed result.
type condition struct {
	holds bool
	err   error
}

func (c condition) Holds(*loyalty.Facts) (bool, error) { return c.holds, c.err }
func (condition) OrderNumbers() int                    { return 4 }
func (condition) String() string                       { return "x" }

func TestConditionsWithoutAndWithErrors(t *testing.T) {
	for _, c := range []struct {
		when loyalty.Condition
		want bool
	}{
		{nil, true}, {condition{true, nil}, true}, {condition{false, nil}, false}, {
			condition{true, errors.New("no")}, false,
		},
	} {
		if got := Holds(c.when, &loyalty.Facts{}); got != c.want {
			t.Errorf("%+v holds: %t", c.when, got)
		}
	}
	if OrderNumbers(nil) != 0 || OrderNumbers(condition{}) != 4 {
		t.Error("only a condition uses order numbers")
	}
}

// Refunds that state lines reduce other parts before goods, in proportion. Refunds that state nothing reduce all parts.
func TestPartsThatRefundsReduce(t *testing.T) {
	done := loyalty.RefundSucceeded
	line := func(amount int64) []loyalty.RefundLine {
		return []loyalty.RefundLine{{ID: "1", Quantity: 1, Amount: amount}}
	}
	for _, c := range []struct {
		name                 string
		refunds              []loyalty.Refund
		disputes             []loyalty.Dispute
		goods, shipping, tax int64
	}{
		{"none", nil, nil, 0, 0, 0},
		{"of a line alone", []loyalty.Refund{{Amount: 50, Lines: line(50), Status: done}}, nil, 0, 0, 0},
		{
			"of a line and a part of the rest",
			[]loyalty.Refund{{Amount: 65, Lines: line(50), Status: done}},
			nil, 0,
			5, 10,
		},
		{
			"of a line and all of the rest",
			[]loyalty.Refund{{Amount: 80, Lines: line(50), Status: done}},
			nil, 0,
			10, 20,
		},
		{
			"of a line and more than the rest",
			[]loyalty.Refund{{Amount: 87, Lines: line(50), Status: done}},
			nil, 7,
			10, 20,
		},
		{"of more than the order", []loyalty.Refund{{Amount: 500, Lines: line(50), Status: done}}, nil, 50, 10, 20},
		{"of no particular part", []loyalty.Refund{{Amount: 13, Status: done}}, nil, 10, 1, 2},
		{"of the whole order", []loyalty.Refund{{Amount: 130, Status: done}}, nil, 100, 10, 20},
		{"of more than the order without parts", []loyalty.Refund{{Amount: 200, Status: done}}, nil, 100, 10, 20},
		{"of goods", []loyalty.Refund{{Amount: 100, Goods: 100, Status: done}}, nil, 100, 0, 0},
		{
			"of more goods than the order has",
			[]loyalty.Refund{{Amount: 115, Goods: 115, Status: done}},
			nil, 100,
			5, 10,
		},
		{"a dispute", nil, []loyalty.Dispute{{Amount: 13}}, 10, 1, 2},
		{"a dispute that was won", nil, []loyalty.Dispute{{Amount: 13, Status: loyalty.DisputeWon}}, 0, 0, 0},
		{
			"of shipping, and another one",
			[]loyalty.Refund{{Amount: 10, Shipping: 10, Status: done}, {Amount: 12, Status: done}},
			nil, 10, 10, 2,
		},
		{
			"of lines and more goods",
			[]loyalty.Refund{{Amount: 60, Lines: line(50), Goods: 10, Status: done}, {Amount: 7, Status: done}},
			nil,
			14, 1, 2,
		},
	} {
		o := loyalty.Order{
			Lines: []loyalty.Line{{ID: "1", Amount: 60}, {ID: "2", Amount: 60}}, Discount: 20, Shipping: 10, Tax: 20,
			Refunds: c.refunds, Disputes: c.disputes,
		}
		got := RefundedAmounts(o)
		whole := func(x exact.Number) int64 {
			n, _ := x.Add(exact.Half).Floor()
			return n
		}
		if whole(got.Goods) != c.goods || whole(got.Shipping) != c.shipping || whole(got.Tax) != c.tax {
			t.Errorf("refunds %s: goods %s, shipping %s, tax %s", c.name, got.Goods, got.Shipping, got.Tax)
		}
		if Reduced(o) != (len(c.refunds)+len(c.disputes) > 0) {
			t.Errorf("refunds %s: reduced %t", c.name, Reduced(o))
		}
	}
	zero := exact.Whole(0)
	rest := parts{exact.Whole(10), exact.Whole(20)}
	for _, c := range []struct {
		amount, goods int64
		rest          parts
		want          exact.Number
	}{
		{50, 0, rest, zero},
		{50, 0, parts{zero, zero}, zero},
		{13, 100, rest, exact.Whole(10)},
		{120, 100, rest, exact.Whole(100)},
		{118, 100, rest, exact.Number{Num: 1180, Den: 13}},
	} {
		if got := goodsOf(exact.Whole(c.amount), exact.Whole(c.goods), c.rest); got != c.want {
			t.Errorf("of %d, %s is for goods", c.amount, got)
		}
	}
}

func TestRulesThatMayApply(t *testing.T) {
	daily := loyalty.Limit{Times: 1, Per: loyalty.PerDay}
	day := calendar.DateOf(loyaltytest.Noon, time.UTC)
	for _, c := range []struct {
		name     string
		r        loyalty.Rule
		campaign bool
		listing  bool
		amount   int64
		used     int64
		want     bool
		why      loyalty.ReasonKind // of the reason, if there is one
	}{
		{"any", loyalty.Rule{}, false, false, 0, 0, true, ""},
		{
			"with a condition",
			loyalty.Rule{Match: loyalty.Match{When: condition{true, nil}}},
			true, false, 0, 0,
			true, "",
		},
		{
			"with a condition that does not hold",
			loyalty.Rule{Match: loyalty.Match{When: condition{}}},
			false,
			false, 0, 0, false, "",
		},
		{
			"with a condition that does not hold, in a list",
			loyalty.Rule{Match: loyalty.Match{When: condition{}}},
			false, true, 0, 0, false, loyalty.IsUnmet,
		},
		{
			"of a campaign whose condition does not hold",
			loyalty.Rule{Match: loyalty.Match{When: condition{}}},
			true, false, 0, 0, false, loyalty.IsUnmet,
		},
		{
			"of a shadow campaign whose condition does not hold",
			loyalty.Rule{Shadow: true, Match: loyalty.Match{When: condition{}}},
			true, false, 0, 0, false, "",
		},
		{
			"of a campaign whose condition fails",
			loyalty.Rule{Match: loyalty.Match{When: condition{false, errors.New("no")}}},
			true, false, 0, 0, false,
			loyalty.IsFailed,
		},
		{"for registered members", loyalty.Rule{ID: "joined", OptIn: true}, true, false, 0, 0, true, ""},
		{
			"for other registered members",
			loyalty.Rule{ID: "other", OptIn: true},
			true, false, 0, 0, false,
			loyalty.IsUnjoined,
		},
		{
			"at the minimum spend",
			loyalty.Rule{Match: loyalty.Match{MinSpend: map[loyalty.Currency]int64{"EUR": 500}}},
			true, false, 500, 0,
			true, "",
		},
		{
			"below the minimum spend",
			loyalty.Rule{Match: loyalty.Match{MinSpend: map[loyalty.Currency]int64{"EUR": 500}}},
			true, false, 499, 0,
			false, loyalty.IsShort,
		},
		{
			"with a minimum spend in another currency",
			loyalty.Rule{Match: loyalty.Match{MinSpend: map[loyalty.Currency]int64{"USD": 500}}},
			true, false, 900, 0,
			false, "",
		},
		{"with a limit", loyalty.Rule{Limits: []loyalty.Limit{daily}}, true, false, 0, 0, true, ""},
		{
			"with a limit that is reached",
			loyalty.Rule{Limits: []loyalty.Limit{daily}},
			true, false, 0, 1, false,
			loyalty.IsLimited,
		},
	} {
		v := valuation(
			loyalty.Order{PlacedAt: loyaltytest.Noon, Currency: "EUR"}, loyalty.Buyer{OptIns: []string{"joined"}},
		)
		v.currency, v.listing, v.facts = "EUR", c.listing, &loyalty.Facts{}
		v.Acc = loyalty.Account{Seen: loyaltytest.Noon, Usage: []loyalty.Usage{LimitUsage(daily, "r", day, c.used)}}
		r := &loyalty.CompiledRule{Key: "r", Campaign: c.campaign, Limits: c.r.Limits, Rule: c.r}
		m := &loyalty.Matched{Currency: "EUR", Amount: exact.Whole(c.amount)}
		if got := v.may(r, m); got != c.want {
			t.Errorf("a rule %s may apply: %t", c.name, got)
		}
		why := loyalty.ReasonKind("")
		if len(v.Reasons) > 0 {
			why = v.Reasons[0].Kind
		}
		if why != c.why || len(v.Reasons) > 1 {
			t.Errorf("a rule %s: %+v", c.name, v.Reasons)
		}
		v.Reasons, v.most = nil, &Worth{}
		if got := v.may(r, m); got != (c.want || c.why == loyalty.IsLimited) {
			t.Errorf("a rule %s of a reduced order may apply: %t", c.name, got)
		}
	}
	v := valuation(loyalty.Order{}, loyalty.Buyer{})
	for range maxWhyNots + 1 {
		v.why("r", loyalty.IsUnjoined)
	}
	if len(v.Reasons) != maxWhyNots {
		t.Errorf("the order stores %d reasons", len(v.Reasons))
	}
}

// A budget allows what remains of it, and at least what it granted before. A rule that it once cut gets no more later.
func TestPointsThatABudgetAllows(t *testing.T) {
	for _, c := range []struct {
		name  string
		left  loyalty.Points
		known bool
		share loyalty.Share
		want  loyalty.Points
		asks  int
		cut   bool
	}{
		{"enough", 50, true, loyalty.Share{}, 50, 0, false},
		{"too little", 49, true, loyalty.Share{}, 49, 0, true},
		{"nothing", 0, true, loyalty.Share{}, 0, 0, true},
		{"an overrun", -5, true, loyalty.Share{}, 0, 0, true},
		{"an unknown amount", 0, false, loyalty.Share{}, 50, 1, false},
		{"an unknown amount after a grant", 0, false, loyalty.Share{Granted: 50}, 50, 0, false},
		{"an unknown amount after a smaller grant", 0, false, loyalty.Share{Granted: 49}, 50, 1, false},
		{"what it charged and the rest", 9, true, loyalty.Share{Charged: 40}, 49, 0, true},
		{"what it granted before", 0, true, loyalty.Share{Granted: 45, Charged: 10}, 45, 0, true},
		{"no more than after a cut", 90, true, loyalty.Share{Cut: true, Peak: 30}, 30, 0, true},
		{"the same without a cut", 90, true, loyalty.Share{Peak: 30}, 50, 0, false},
	} {
		v := valuation(loyalty.Order{PlacedAt: loyaltytest.Noon}, loyalty.Buyer{})
		c.share.Rule = "r"
		v.S.Shares = []loyalty.Share{c.share}
		if v.budgets = (Budgets{}); c.known {
			v.budgets["r"] = c.left
		}
		x := candidate{
			r:     &loyalty.CompiledRule{Key: "r", Bounded: true, Rule: loyalty.Rule{Budget: 100}},
			gives: exact.Number{Num: 99, Den: 2},
		}
		v.allowed(&x, x.whole())
		got := x.gives
		want := exact.Whole(int64(c.want))
		if c.want == 50 {
			want = exact.Number{Num: 99, Den: 2}
		}
		if got != want || len(v.asks) != c.asks || x.share.Cut != c.cut || (len(x.cuts) == 1) != (c.want != 50) {
			t.Errorf("%s: %s points, asks %+v, share %+v, cuts %+v", c.name, got, v.asks, x.share, x.cuts)
		}
		if len(x.cuts) == 1 && exact.Parse(x.cuts[0].Points).Add(exact.Number{Num: 99, Den: 2}) != want {
			t.Errorf("%s: the cut is %+v", c.name, x.cuts[0])
		}
		if x.share.Peak != max(c.share.Peak, c.want) {
			t.Errorf("%s: the peak is %d", c.name, x.share.Peak)
		}
	}
}

func TestPointsOfARuleForAReducedOrder(t *testing.T) {
	r := &loyalty.CompiledRule{Key: "r", Bounded: true}
	for _, c := range []struct {
		name  string
		given []owned
		want  int64
		ok    bool
	}{
		{"none before", nil, 9, false},
		{"another rule before", []owned{{"s", 20}}, 9, false},
		{"more before", []owned{{"s", 1}, {"r", 10}}, 9, true},
		{"the same before", []owned{{"r", 9}}, 9, true},
		{"less before", []owned{{"r", 8}}, 8, true},
		{"nothing before", []owned{{"r", 0}}, 0, true},
		{"a loss before", []owned{{"r", -3}}, 0, true},
	} {
		v := valuation(loyalty.Order{}, loyalty.Buyer{})
		v.most = &Worth{grants: c.given}
		x := candidate{r: r, gives: exact.Whole(9)}
		if ok := v.within(&x); ok != c.ok || x.gives != exact.Whole(c.want) || len(x.cuts) == 1 != (c.want != 9) {
			t.Errorf("%s: %s points, %t, cuts %+v", c.name, x.gives, ok, x.cuts)
		}
	}
	for _, c := range []struct {
		bounded, partly bool
		grants          int
	}{{false, false, 0}, {true, false, 1}, {false, true, 1}} {
		v := valuation(loyalty.Order{}, loyalty.Buyer{})
		v.partly = c.partly
		x := candidate{r: &loyalty.CompiledRule{Key: "r", Bounded: c.bounded}, gives: exact.Whole(9)}
		if !v.within(&x) || len(v.grants) != c.grants {
			t.Errorf("%+v: it records %+v", c, v.grants)
		}
	}
}

func TestPointsThatARulePays(t *testing.T) {
	g, err := loyalty.Fixed{Points: 9}.Compile()
	if err != nil {
		t.Fatal(err)
	}
	half := exact.Number{Num: 17, Den: 2}
	for _, c := range []struct {
		name                 string
		bounded, owned       bool
		budget               loyalty.Points
		gives                exact.Number
		takes, own, budgeted int
	}{
		{"a rule", false, false, 0, half, 0, 0, 0},
		{"a bounded rule", true, false, 0, half, 1, 0, 0},
		{"a bounded rule that gives nothing", true, false, 0, exact.Whole(0), 0, 0, 0},
		{"a rule with a budget", true, false, 5, half, 1, 0, 1},
		{"a rule with a budget that gives nothing", true, false, 5, exact.Whole(0), 0, 0, 0},
		{"a rule with separate points", false, true, 0, half, 0, 1, 0},
		{"a rule with separate points that gives nothing", false, true, 0, exact.Whole(0), 0, 0, 0},
		{"a rule with a budget and separate points", true, true, 5, half, 1, 1, 0},
	} {
		v := valuation(loyalty.Order{}, loyalty.Buyer{})
		v.sum = exact.Whole(1)
		r := &loyalty.CompiledRule{
			Key: "r", Giver: g, Bounded: c.bounded, Owned: c.owned, Rule: loyalty.Rule{Budget: c.budget},
		}
		v.pay(
			candidate{
				r: r, gives: c.gives, share: loyalty.Share{Peak: 4, Cut: true},
				cuts: []loyalty.Reason{{Rule: "r", Points: "-3"}},
			},
		)
		if v.sum != c.gives.Add(exact.Whole(1)) || len(v.Reasons) != 2 ||
			v.Reasons[0].Points != c.gives.Add(exact.Whole(3)).String() {
			t.Errorf("%s: sum %s, reasons %+v", c.name, v.sum, v.Reasons)
		}
		if len(v.takes) != c.takes || len(v.Own) != c.own || len(v.budgeted) != c.budgeted ||
			len(v.S.Shares) != c.takes {
			t.Errorf("%s: takes %+v, own %+v, budgeted %d", c.name, v.takes, v.Own, len(v.budgeted))
		}
		if c.takes == 1 && (v.takes[0].N != 9 || v.S.Shares[0].Peak != 9 || !v.S.Shares[0].Cut) ||
			c.own == 1 && v.Own[0].N != 8 {
			t.Errorf("%s: takes %+v, own %+v, shares %+v", c.name, v.takes, v.Own, v.S.Shares)
		}
	}
}

func TestChargesToBudgets(t *testing.T) {
	r := &loyalty.CompiledRule{Key: "r", Rule: loyalty.Rule{Budget: 100}}
	for _, c := range []struct {
		charged, granted, received, whole loyalty.Points
		spends, left                      loyalty.Points
	}{
		{0, 0, 9, 0, 9, 9}, {9, 9, 9, 0, 0, 9}, {9, 9, 4, 0, -5, 9}, {4, 9, 4, 20, 0, 20}, {0, 0, 0, 0, 0, 0},
	} {
		w := Worth{received: []owned{{"r", c.received}}, granted: []owned{{"r", c.whole}}}
		s := loyalty.Share{Rule: "r", Charged: c.charged, Granted: c.granted}
		w.chargeBudget(r, &s)
		var want []posting.Spend
		if c.spends != 0 {
			want = []posting.Spend{{Rule: "r", Points: c.spends, Budget: 100}}
		}
		if !slices.Equal(w.Spends, want) || s.Charged != c.received || s.Granted != c.left {
			t.Errorf("%+v: spends %+v, share %+v", c, w.Spends, s)
		}
	}
	s := loyalty.Share{}
	w := Worth{received: []owned{{"r", 5}}}
	if w.chargeBudget(&loyalty.CompiledRule{Key: "r"}, &s); len(w.Spends) != 0 || s.Charged != 0 {
		t.Errorf("a rule without a budget: %+v", w.Spends)
	}
}

// Points whose condition was not met in time are forfeited, by rule or all the others.
func TestForfeitedPoints(t *testing.T) {
	at := loyaltytest.Noon
	for _, c := range []struct {
		name  string
		late  []string
		total loyalty.Points
		takes int
		why   int
	}{
		{"none", nil, 10, 3, 0},
		{"those of a rule", []string{"a"}, 7, 2, 1},
		{"those of a rule without points", []string{"b"}, 10, 3, 0},
		{"the others", []string{""}, 3, 1, 1},
		{"all", []string{"", "a"}, 0, 0, 2},
	} {
		w := Worth{
			Total: 10, Own: []owned{{"a", 3}, {"b", 0}}, takes: []owned{
				{"a", 3}, {"b", 0}, {"c", 4},
			}, received: []owned{{"a", 3}, {"b", 0}, {"c", 4}},
		}
		w.forfeit(time.UTC, func(rule string) time.Time {
			if slices.Contains(c.late, rule) {
				return at
			}
			return time.Time{}
		})
		if w.Total != c.total || len(w.takes) != c.takes || len(w.received) != c.takes || len(w.Reasons) != c.why {
			t.Errorf("%s: %d remain, takes %+v, reasons %+v", c.name, w.Total, w.takes, w.Reasons)
		}
	}
	w := Worth{Total: 5, Own: []owned{{"a", 3}, {"b", 4}, {"c", 1}}}
	if w.fit(); !slices.Equal(w.Own, []owned{{"a", 3}, {"b", 2}, {"c", 0}}) {
		t.Errorf("the rules fit as %+v", w.Own)
	}
	for total, want := range map[loyalty.Points]loyalty.Points{4: 4, 5: 5, 6: 5} {
		w := Worth{Total: total}
		if w.bound(&Worth{Total: 5}); w.Total != want || len(w.Reasons) == 1 != (total == 6) {
			t.Errorf("%d points are bounded to %d", total, w.Total)
		}
	}
}

func TestNumbersOfOrders(t *testing.T) {
	for _, c := range []struct {
		name    string
		most    int
		known   []int
		amount  int64
		placed  bool
		counted bool
		want    int64
	}{
		{"without rules about numbers", 0, []int{1}, 5, false, true, 7},
		{"the first", 3, []int{3}, 5, false, true, 0},
		{"the second", 3, []int{1, 3}, 5, false, true, 1},
		{"the greatest number", 1, []int{1, 3}, 5, false, true, 1},
		{"beyond the greatest number", 1, []int{0, 1, 3}, 5, false, true, 1},
		{"without earning items", 3, []int{1}, 0, false, false, -1},
		{"placed without earning items", 3, []int{1}, 0, true, true, 1},
	} {
		x := loyaltytest.Numbered(2)
		v := valuation(
			loyalty.Order{ID: x.ID, PlacedAt: x.At, Lines: []loyalty.Line{{ID: "1", Amount: c.amount}}},
			loyalty.Buyer{Orders: 7},
		)
		v.Compiled.Numbers, v.Earn.CountPlaced = c.most, c.placed
		v.Acc.First.Orders = loyaltytest.NumberedOrders(c.known...)
		v.share, v.undiscounted = exact.Whole(1), exact.Whole(1)
		if v.number(); v.Counted != c.counted || v.S.Buyer.Orders != c.want {
			t.Errorf("%s: counted %t, %d before it", c.name, v.Counted, v.S.Buyer.Orders)
		}
	}
}
