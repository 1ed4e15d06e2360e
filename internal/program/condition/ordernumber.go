package condition

import (
	"cmp"
	"math/big"

	"github.com/expr-lang/expr/ast"

	"github.com/perennial-loyalty/perennial/internal/loyalty/posting"
)

// numberNames lists the names whose value depends on the order's number. It maps each name to the difference between
// the order's number and the name's value.
var numberNames = map[string]int64{"order.number": 0, "member.orders": 1}

// A numbering determines which order numbers a condition distinguishes. An account stores only the first 20 of the
// member's orders. A condition may therefore compare the number only with numbers up to 20, and must have the same
// result for all greater numbers.
type numbering struct {
	source []rune
	most   int              // greatest order number that the condition distinguishes
	names  []ast.Node       // nodes that refer to the number of the order
	open   map[ast.Node]int // for each node, the number of its uses outside an allowed comparison
}

// orderNumbers returns the greatest order number that a condition on an order distinguishes, or 0 if it uses none.
func orderNumbers(source []rune, n ast.Node) (int, error) {
	x := numbering{source: source, open: map[ast.Node]int{}}
	ast.Walk(&n, &x)
	for _, name := range x.names {
		if x.open[name] > 0 {
			most := posting.MaxOrderNumber - numberNames[name.String()]
			return 0, refuse(
				name, "%s can only be compared with whole numbers up to %d, like %s == 3", name, most, name,
			)
		}
	}
	return x.most, nil
}

// Visit processes a node. The library calls it for the children of a node before the node.
func (x *numbering) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.MemberNode:
		if _, number := numberNames[n.String()]; number {
			x.names = append(x.names, n)
			x.open[n]++
		}
		if n.String() == "order.first" {
			x.most = max(x.most, 1)
		}
	case *ast.BinaryNode:
		x.compared(n)
	}
}

// compared processes a comparison of the order's number with a constant.
func (x *numbering) compared(n *ast.BinaryNode) {
	operator, name, with := n.Operator, n.Left, n.Right
	if x.open[name] == 0 {
		operator, name, with = cmp.Or(flipped[n.Operator], n.Operator), n.Right, n.Left
	}
	if x.open[name] == 0 {
		return
	}
	most, ok := x.asked(operator, with, numberNames[name.String()])
	if ok && most <= posting.MaxOrderNumber {
		x.open[name]--
		x.most = max(x.most, most, 1)
	}
}

var flipped = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<=", "in": "none"}

// asked returns the order number up to which the result of a comparison can change: all greater order numbers have the
// same result. It reports false if the other operand is not constant. A constant plus more is an order number: more is
// 1 for member.orders and 0 for order.number.
func (x *numbering) asked(operator string, with ast.Node, more int64) (most int, ok bool) {
	switch n := with.(type) {
	case *ast.ArrayNode:
		for _, item := range n.Nodes {
			number, known := x.asked("==", item, more)
			if most = max(most, number); !known {
				return 0, false
			}
		}
		return most, operator == "in"
	case *ast.IntegerNode, *ast.FloatNode:
	default:
		return 0, false
	}
	c, ok := judge{source: x.source}.rat(with)
	if !ok {
		return 0, false
	}
	c.Add(c, big.NewRat(more, 1))
	switch operator {
	case "==", "!=", "<=", ">":
		return floor(c), true
	case "<", ">=":
		return -floor(c.Neg(c)) - 1, true // the greatest whole number below c
	}
	return 0, false
}

// floor returns the greatest whole number that is not above r. The result has at most 18 digits.
func floor(r *big.Rat) int { return int(new(big.Int).Div(r.Num(), r.Denom()).Int64()) }
