package condition

import (
	"slices"

	"github.com/expr-lang/expr/ast"

	"github.com/perennial-loyalty/perennial/internal/program/nearest"
)

var functions = []string{
	"all", "any", "count", "filter", "len", "lower", "map", "max", "min", "none", "one", "sum", "upper",
}

func (r *reader) unknownFunction(n *ast.CallNode) (ast.Node, shape, error) {
	name, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		return nil, shape{}, refuse(n, "only a function name can precede a parenthesis")
	}
	return nil, shape{}, unknown(n, "unknown function "+shown(name.Value), nearest.Word(name.Value, functions))
}

func (r *reader) function(n *ast.BuiltinNode) (ast.Node, shape, error) {
	switch {
	case !slices.Contains(functions, n.Name):
		return nil, shape{}, refuse(n, "a condition cannot use %s", n.Name)
	case len(n.Arguments) == 0:
		return nil, shape{}, refuse(n, "%s requires an argument", n.Name)
	case len(n.Arguments) > 1 && n.Name != "max" && n.Name != "min":
		if _, ok := n.Arguments[1].(*ast.PredicateNode); !ok || len(n.Arguments) > 2 {
			return nil, shape{}, refuse(n, "%s takes exactly one argument", n.Name)
		}
		return r.loop(n)
	case len(n.Arguments) > 1:
		return nil, shape{}, refuse(n, "%s takes a list of numbers, like %s(map(order.items, .amount))", n.Name, n.Name)
	}
	return r.single(n)
}

// single reads a call of a built-in function with one argument.
func (r *reader) single(n *ast.BuiltinNode) (ast.Node, shape, error) {
	of, is, err := r.read(n.Arguments[0])
	if err != nil {
		return nil, shape{}, err
	}
	switch n.Name {
	case "lower", "upper":
		if is.kind != text {
			return nil, shape{}, refuse(n, "%s requires text; this is %s", n.Name, is)
		}
		return placed(&ast.BuiltinNode{Name: n.Name, Arguments: []ast.Node{of}}, n), is, nil
	case "len", "count":
		if is.kind != list && (is.kind != text || n.Name == "count") {
			return nil, shape{}, refuse(n, "%s requires a list; this is %s", n.Name, is)
		}
		return placed(&ast.BuiltinNode{Name: "len", Arguments: []ast.Node{of}}, n), shape{kind: whole}, nil
	}
	return r.ofNumbers(n, of, is)
}

// ofNumbers reads a call of sum, max or min with a list of numbers.
func (r *reader) ofNumbers(n *ast.BuiltinNode, of ast.Node, is shape) (ast.Node, shape, error) {
	if is.kind != list || !is.of.isNumber() {
		return nil, shape{}, refuse(
			n, "%s requires a list of numbers, like %s(map(order.items, .amount))", n.Name, n.Name,
		)
	}
	if err := r.goThrough(n, of); err != nil {
		return nil, shape{}, err
	}
	switch n.Name {
	case "max":
		return call(largest, n, of), *is.of, nil
	case "min":
		return call(smallest, n, of), *is.of, nil
	}
	return call(sum, n, of), *is.of, nil
}

// goThrough adds the work of a function that loops over a list without an expression, such as max. A list literal adds
// no work, because its nodes are already counted.
func (r *reader) goThrough(n, of ast.Node) error {
	if _, ok := of.(*ast.ConstantNode); ok {
		return nil
	}
	if len(r.around) == maxDepth {
		return tooDeep(n)
	}
	r.work[len(r.around)+1]++
	return nil
}

func tooDeep(at ast.Node) error {
	return refuse(at, "list functions can be nested at most %d levels deep", maxDepth)
}

// loop reads a call of a function that evaluates an expression for each element of a list, such as any.
func (r *reader) loop(n *ast.BuiltinNode) (ast.Node, shape, error) {
	of, is, err := r.read(n.Arguments[0])
	if err != nil {
		return nil, shape{}, err
	}
	if is.kind != list {
		return nil, shape{}, refuse(n, "%s requires a list; this is %s", n.Name, is)
	}
	if len(r.around) == maxDepth {
		return nil, shape{}, tooDeep(n)
	}
	question := n.Arguments[1].(*ast.PredicateNode)
	r.around = append(r.around, *is.of)
	body, answer, err := r.read(question.Node)
	r.around = r.around[:len(r.around)-1]
	if err != nil {
		return nil, shape{}, err
	}
	body = placed(&ast.PredicateNode{Node: body}, question)
	over := func(name string) ast.Node {
		return placed(&ast.BuiltinNode{Name: name, Arguments: []ast.Node{of, body}}, n)
	}
	if n.Name == "map" || n.Name == "sum" {
		if answer.kind == object || answer.kind == list {
			return nil, shape{}, refuse(question, "%s requires one value per element, like .amount", n.Name)
		}
		mapped := shape{kind: list, of: &answer}
		if n.Name == "sum" {
			return r.ofNumbers(n, over("map"), mapped)
		}
		return over("map"), mapped, nil
	}
	if answer.kind != truth {
		return nil, shape{}, refuse(
			question, "%s requires a condition on each element that is true or false; this is %s", n.Name, answer,
		)
	}
	switch n.Name {
	case "filter":
		answer = is
	case "count":
		answer = shape{kind: whole}
	}
	return over(n.Name), answer, nil
}
