package condition

import (
	"regexp"
	"regexp/syntax"

	"github.com/expr-lang/expr/ast"
)

// These constants limit the compiled size of a pattern, because even a short pattern such as (a{50}b{50}){9} can be
// large when compiled.
const (
	maxInstructions = 250
	// patternWork is the number of steps that are counted for one match. A match of a text of maxShort bytes takes
	// about as long as this number of steps.
	patternWork = 500
)

func (r *reader) unary(n *ast.UnaryNode) (ast.Node, shape, error) {
	of, is, err := r.read(n.Node)
	if err != nil {
		return nil, shape{}, err
	}
	switch n.Operator {
	case "not", "!":
		if is.kind != truth {
			return nil, shape{}, refuse(n, "not requires true or false; this is %s", is)
		}
		return not(of, n), is, nil
	case "-":
		if !is.isNumber() {
			return nil, shape{}, refuse(n, "%s cannot be negative", is)
		}
		if c, ok := of.(*ast.ConstantNode); ok {
			return constant(c.Value.(number).neg(), n), is, nil
		}
		return call(negate, n, of), is, nil
	}
	return nil, shape{}, refuse(n, "%s requires a number on each side", n.Operator)
}

func not(of, in ast.Node) ast.Node {
	return placed(&ast.UnaryNode{Operator: "not", Node: of}, in)
}

func (r *reader) binary(n *ast.BinaryNode) (ast.Node, shape, error) {
	if n.Operator == "matches" {
		return r.matches(n)
	}
	a, left, err := r.read(n.Left)
	if err != nil {
		return nil, shape{}, err
	}
	b, right, err := r.read(n.Right)
	if err != nil {
		return nil, shape{}, err
	}
	switch n.Operator {
	case "and", "&&", "or", "||":
		return r.logic(n, a, b, left, right)
	case "==", "!=", "<", "<=", ">", ">=":
		return r.comparison(n, a, b, left, right)
	case "+", "-", "*", "%":
		return r.arithmetic(n, a, b, left, right)
	case "in":
		return r.in(n, a, b, left, right)
	case "contains", "startsWith", "endsWith":
		return r.affix(n, a, b, left, right)
	case "/":
		return nil, shape{}, refuse(n, "division is not supported: multiply the other side instead")
	case "..":
		return nil, shape{}, refuse(n, ".. is not supported: compare with >= and <=")
	}
	return nil, shape{}, refuse(n, "%s is not supported", n.Operator)
}

// logic reads an operation with "and" or "or".
func (r *reader) logic(n *ast.BinaryNode, a, b ast.Node, left, right shape) (ast.Node, shape, error) {
	if left.kind != truth || right.kind != truth {
		return nil, shape{}, refuse(
			n, "both sides of %s must be true or false; one is %s", n.Operator, other(left, right),
		)
	}
	return native(n, a, b), left, nil
}

// affix reads an operation that compares a text with a part of it, such as startsWith.
func (r *reader) affix(n *ast.BinaryNode, a, b ast.Node, left, right shape) (ast.Node, shape, error) {
	switch {
	case left.kind == list:
		return nil, shape{}, refuse(n, "%s requires text; for a list, use in", n.Operator)
	case left.kind != text || right.kind != text:
		return nil, shape{}, refuse(n, "%s requires text on both sides", n.Operator)
	}
	return native(n, a, b), shape{kind: truth}, nil
}

// native returns a node that uses the library's own operator. The node replaces the node n.
func native(n *ast.BinaryNode, a, b ast.Node) ast.Node {
	return placed(&ast.BinaryNode{Operator: n.Operator, Left: a, Right: b}, n)
}

// other returns the shape of the first operand that is not a truth value. If both operands are truth values, it returns
// right.
func other(left, right shape) shape {
	if left.kind != truth {
		return left
	}
	return right
}

func (r *reader) comparison(n *ast.BinaryNode, a, b ast.Node, left, right shape) (ast.Node, shape, error) {
	is := shape{kind: truth}
	if left.isNumber() && right.isNumber() {
		switch n.Operator {
		case "==":
			return call(equal, n, a, b), is, nil
		case "!=":
			return not(call(equal, n, a, b), n), is, nil
		case "<":
			return call(less, n, a, b), is, nil
		case "<=":
			return call(lessEqual, n, a, b), is, nil
		case ">":
			return call(more, n, a, b), is, nil
		}
		return call(moreEqual, n, a, b), is, nil
	}
	for _, side := range []shape{left, right} {
		switch side.kind {
		case object:
			return nil, shape{}, refuse(n, "%s is not a value: use one of its fields, like %s.%s", side, side,
				namesOf(side.fields)[0])
		case list:
			return nil, shape{}, refuse(n, "a list cannot be compared: use in, any or count")
		}
	}
	switch {
	case left.kind == right.kind && (n.Operator == "==" || n.Operator == "!="):
		return native(n, a, b), is, nil
	case left.kind == right.kind:
		return nil, shape{}, refuse(n, "%s can only be compared with == and !=", left)
	}
	return nil, shape{}, refuse(n, "%s cannot be compared with %s", left, right)
}

func (r *reader) arithmetic(n *ast.BinaryNode, a, b ast.Node, left, right shape) (ast.Node, shape, error) {
	if !left.isNumber() || !right.isNumber() {
		return nil, shape{}, refuse(
			n, "%s requires numbers on both sides; these are %s and %s", n.Operator, left, right,
		)
	}
	is := shape{kind: max(left.kind, right.kind)}
	switch n.Operator {
	case "+":
		return call(add, n, a, b), is, nil
	case "-":
		return call(subtract, n, a, b), is, nil
	case "*":
		return call(multiply, n, a, b), is, nil
	}
	if is.kind != whole {
		return nil, shape{}, refuse(n, "%% requires whole numbers on both sides")
	}
	return call(remainder, n, a, b), is, nil
}

func (r *reader) in(n *ast.BinaryNode, a, b ast.Node, left, right shape) (ast.Node, shape, error) {
	is := shape{kind: truth}
	if err := r.goThrough(n, b); err != nil {
		return nil, shape{}, err
	}
	switch {
	case right.kind == text && left.kind == text:
		return nil, shape{}, refuse(n, "in requires a list; to search in text, use contains")
	case right.kind != list || right.of.kind == object || right.of.kind == list:
		return nil, shape{}, refuse(n, "in requires a list of texts or numbers on its right")
	case left.kind == text && right.isList(text):
		return call(hasText, n, a, b), is, nil
	case left.isNumber() && right.of.isNumber():
		return call(hasNumber, n, a, b), is, nil
	}
	return nil, shape{}, refuse(n, "%s is never in a list of %s", left, plural(*right.of))
}

func plural(s shape) string {
	switch {
	case s.isNumber():
		return "numbers"
	case s.kind == text:
		return "texts"
	}
	return s.String()
}

// matches reads an operation with "matches". The pattern must be constant, so that the work of a match is known at
// compile time.
func (r *reader) matches(n *ast.BinaryNode) (ast.Node, shape, error) {
	a, left, err := r.read(n.Left)
	if err != nil {
		return nil, shape{}, err
	}
	pattern, ok := n.Right.(*ast.StringNode)
	switch {
	case left.kind != text:
		return nil, shape{}, refuse(n, "matches requires text on its left")
	case !ok:
		return nil, shape{}, refuse(n.Right, "matches must be followed by a pattern in quotation marks")
	case len(pattern.Value) > maxPattern:
		return nil, shape{}, refuse(pattern, "a pattern must have at most %d bytes", maxPattern)
	}
	parsed, err := syntax.Parse(pattern.Value, syntax.Perl)
	if err != nil {
		return nil, shape{}, refuse(pattern, "this is not a valid RE2 pattern")
	}
	if p, err := syntax.Compile(parsed.Simplify()); err != nil || len(p.Inst) > maxInstructions {
		return nil, shape{}, refuse(pattern, "the pattern has too many repetitions")
	}
	compiled, err := regexp.Compile(pattern.Value)
	if err != nil {
		return nil, shape{}, refuse(pattern, "this is not a valid RE2 pattern")
	}
	r.work[len(r.around)] += patternWork
	function := matches
	if len(r.around) > 0 {
		function = matchesShort
	}
	return call(function, n, a, constant(compiled, pattern)), shape{kind: truth}, nil
}
