package condition

import (
	"math/big"

	"github.com/expr-lang/expr/ast"
)

// A span is a range of numbers. If a bound is nil, the range has no limit on that side.
type span struct {
	low, high    *big.Rat
	above, below bool // above: the range excludes low itself; below: it excludes high itself
	whole        bool
}

// bounds contains the possible range of each number that a condition can name. Amounts and counts are never negative.
var bounds = map[string]span{
	"order.total": atLeast(0), "order.subtotal": atLeast(0), "order.discount": atLeast(0), "order.shipping": atLeast(0),
	"order.tax": atLeast(0), "order.number": wholes(1, -1), "member.orders": wholes(0, -1),
	"at.year": wholes(2000, -1), "at.month": wholes(1, 12), "at.day": wholes(1, 31), "at.hour": wholes(0,
		23), "at.minute": wholes(0, 59),
	".quantity": wholes(1, -1), ".amount": atLeast(0), "#.quantity": wholes(1, -1), "#.amount": atLeast(0),
}

func atLeast(n int64) span { return span{low: big.NewRat(n, 1)} }

// wholes returns a range of whole numbers. There is no upper bound if the parameter high is negative.
func wholes(low, high int64) span {
	s := span{low: big.NewRat(low, 1), whole: true}
	if high >= 0 {
		s.high = big.NewRat(high, 1)
	}
	return s
}

// span returns the range of a number in the world w. It reports false if the node is not a number or if its range is
// unknown.
func (j judge) span(w world, n ast.Node) (span, bool) {
	switch n := n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		r, ok := j.rat(n)
		return span{low: r, high: r}, ok
	case *ast.MemberNode:
		name := n.String()
		if s, ok := w.numbers[name]; ok {
			return s, true
		}
		s, ok := bounds[name]
		return s, ok
	case *ast.BuiltinNode:
		if n.Name == "len" || n.Name == "count" {
			return wholes(0, -1), true
		}
	case *ast.UnaryNode:
		if n.Operator == "-" {
			s, ok := j.span(w, n.Node)
			return span{}.minus(s), ok && s.low != nil && s.high != nil
		}
	case *ast.BinaryNode:
		return j.sum(w, n)
	}
	return span{}, false
}

// sum returns the range of a sum or difference of two numbers.
func (j judge) sum(w world, n *ast.BinaryNode) (span, bool) {
	a, ok := j.span(w, n.Left)
	b, ok2 := j.span(w, n.Right)
	switch {
	case !ok || !ok2:
		return span{}, false
	case n.Operator == "+":
		return a.plus(b), true
	case n.Operator == "-":
		return a.minus(b), true
	}
	return span{}, false
}

func (a span) plus(b span) span {
	return span{low: combine(a.low, b.low, 1), high: combine(a.high, b.high, 1)}
}

// minus returns the range of the difference a - b or, if a is the zero span, of the number -b.
func (a span) minus(b span) span {
	if a == (span{}) {
		a = span{low: new(big.Rat), high: new(big.Rat)}
	}
	return span{low: combine(a.low, b.high, -1), high: combine(a.high, b.low, -1)}
}

// combine adds bound b, multiplied by sign, to bound a. It returns nil if a or b is nil.
func combine(a, b *big.Rat, sign int64) *big.Rat {
	if a == nil || b == nil {
		return nil
	}
	return new(big.Rat).Add(a, new(big.Rat).Mul(b, big.NewRat(sign, 1)))
}

// compare narrows both ranges to the numbers for which the comparison can hold. It reports false if the comparison can
// never hold.
func (a span) compare(operator string, b span) (x, y span, possible bool) {
	switch operator {
	case "<":
		x, y = a.under(b.high, true), b.over(a.low, true)
	case "<=":
		x, y = a.under(b.high, b.below), b.over(a.low, a.above)
	case ">":
		x, y = a.over(b.low, true), b.under(a.high, true)
	case ">=":
		x, y = a.over(b.low, b.above), b.under(a.high, a.below)
	case "==":
		x = a.over(b.low, b.above).under(b.high, b.below)
		y = b.over(a.low, a.above).under(a.high, a.below)
	default: // "!=" narrows a range only if the excluded constant is one of its bounds
		x, y = a.except(b), b.except(a)
	}
	return x, y, !x.empty() && !y.empty()
}

func (a span) under(high *big.Rat, below bool) span {
	if high == nil || a.high != nil && (a.high.Cmp(high) < 0 || a.high.Cmp(high) == 0 && (a.below || !below)) {
		return a
	}
	a.high, a.below = high, below
	return a.rounded()
}

func (a span) over(low *big.Rat, above bool) span {
	if low == nil || a.low != nil && (a.low.Cmp(low) > 0 || a.low.Cmp(low) == 0 && (a.above || !above)) {
		return a
	}
	a.low, a.above = low, above
	return a.rounded()
}

// except removes the value of b from a. It changes a only if b is a single value and one of the bounds of a.
func (a span) except(b span) span {
	if b.low == nil || b.high == nil || b.low.Cmp(b.high) != 0 {
		return a
	}
	if a.low != nil && a.low.Cmp(b.low) == 0 {
		a.above = true
	}
	if a.high != nil && a.high.Cmp(b.low) == 0 {
		a.below = true
	}
	return a.rounded()
}

// rounded rounds the bounds of a range of whole numbers inward, so that the range includes both bounds.
func (a span) rounded() span {
	if !a.whole {
		return a
	}
	if a.low != nil {
		a.low, a.above = up(a.low, a.above), false
	}
	if a.high != nil {
		a.high, a.below = new(big.Rat).Neg(up(new(big.Rat).Neg(a.high), a.below)), false
	}
	return a
}

// up returns the smallest whole number in the range above r. The range includes r itself unless excluded is set.
func up(r *big.Rat, excluded bool) *big.Rat {
	n := new(big.Int).Neg(new(big.Int).Div(new(big.Int).Neg(r.Num()), r.Denom()))
	if excluded && r.IsInt() {
		n.Add(n, big.NewInt(1))
	}
	return new(big.Rat).SetInt(n)
}

func (a span) empty() bool {
	if a.low == nil || a.high == nil {
		return false
	}
	c := a.low.Cmp(a.high)
	return c > 0 || c == 0 && (a.above || a.below)
}
