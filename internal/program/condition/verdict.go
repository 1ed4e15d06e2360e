package condition

import (
	"maps"
	"math/big"
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// A Verdict states whether the answer of a condition depends on the facts.
type Verdict int

const (
	Depends Verdict = iota // the answer depends on the facts, or the analysis cannot decide
	Always                 // the condition holds for all facts
	Never                  // the condition holds for no facts
)

// Judge detects conditions that always or never hold, such as order.total < 0. It analyzes comparisons of names with
// constants, and knows the smallest and largest possible values of numbers. For names that have only a few possible
// values, such as member.tier, texts lists all of them. If the analysis cannot decide, Judge returns Depends. The
// source must be one that Compile accepts.
func Judge(source string, texts map[string][]string) Verdict {
	tree, err := parser.Parse(source)
	if err != nil {
		return Depends
	}
	j := judge{source: []rune(source), texts: texts}
	switch {
	case len(j.worlds(world{}, tree.Node, true)) == 0:
		return Never
	case len(j.worlds(world{}, tree.Node, false)) == 0:
		return Always
	}
	return Depends
}

// maxWorlds limits the number of worlds (see the type world) that a judge distinguishes for one part of a condition. If
// there are more, the judge assumes that every combination is possible.
const maxWorlds = 64

// A judge finds the sets of assumptions about the facts, called worlds, for which a condition has a given answer.
type judge struct {
	source []rune
	texts  map[string][]string
}

// A world is one set of assumptions about the facts: the range of each number, and the possible and excluded values of
// each text. Some parts of a condition cannot be analyzed. For such a part, the world contains an assumed answer, keyed
// by the part's source text.
type world struct {
	numbers map[string]span
	is      map[string][]string
	isNot   map[string][]string
	answers map[string]bool
}

func (w world) clone() world {
	return world{maps.Clone(w.numbers), maps.Clone(w.is), maps.Clone(w.isNot), maps.Clone(w.answers)}
}

// worlds returns the worlds in which the node has the wanted answer. Each returned world is w with additional
// assumptions. It returns none if the node cannot have this answer in w.
func (j judge) worlds(w world, n ast.Node, want bool) []world {
	switch n := n.(type) {
	case *ast.BoolNode:
		if n.Value != want {
			return nil
		}
		return []world{w}
	case *ast.UnaryNode:
		if n.Operator == "not" || n.Operator == "!" {
			return j.worlds(w, n.Node, !want)
		}
	case *ast.BinaryNode:
		switch n.Operator {
		case "and", "&&":
			return j.combined(w, n, want, want)
		case "or", "||":
			return j.combined(w, n, want, !want)
		case "==", "!=", "<", "<=", ">", ">=", "in":
			return j.compared(w, n, want)
		}
	case *ast.BuiltinNode:
		if answer, ok := j.list(n); ok {
			if answer != want {
				return nil
			}
			return []world{w}
		}
	}
	return assume(w, n.String(), want)
}

// combined returns the worlds (see the type world) in which the operands of n have the wanted answer: both operands if
// the parameter both is set, and otherwise at least one.
func (j judge) combined(w world, n *ast.BinaryNode, want, both bool) (out []world) {
	first := j.worlds(w, n.Left, want)
	if !both {
		out = append(first, j.worlds(w, n.Right, want)...)
	} else {
		for _, x := range first {
			out = append(out, j.worlds(x, n.Right, want)...)
		}
	}
	if len(out) > maxWorlds {
		return []world{w}
	}
	return out
}

// assume returns w with an assumed answer to a question that cannot be analyzed. It returns no world if w already
// contains the opposite answer.
func assume(w world, question string, answer bool) []world {
	if was, ok := w.answers[question]; ok {
		if was != answer {
			return nil
		}
		return []world{w}
	}
	w = w.clone()
	if w.answers == nil {
		w.answers = map[string]bool{}
	}
	w.answers[question] = answer
	return []world{w}
}

// list returns the answer of a function such as any or all if this answer is the same for every list. It reports false
// if the answer depends on the list.
func (j judge) list(n *ast.BuiltinNode) (answer, ok bool) {
	if len(n.Arguments) != 2 {
		return false, false
	}
	predicate, isPredicate := n.Arguments[1].(*ast.PredicateNode)
	if !isPredicate {
		return false, false
	}
	never := len(j.worlds(world{}, predicate.Node, true)) == 0
	always := len(j.worlds(world{}, predicate.Node, false)) == 0
	switch n.Name {
	case "any", "one":
		return false, never
	case "all":
		return true, always
	case "none":
		return true, never
	}
	return false, false
}

// compared returns the worlds in which a comparison has the wanted answer.
func (j judge) compared(w world, n *ast.BinaryNode, want bool) []world {
	if n.Operator == "in" {
		if values, ok := j.constants(n.Right); ok {
			return j.text(w, n, n.Left.String(), values, want)
		}
		return assume(w, n.String(), want)
	}
	if n.Operator == "==" || n.Operator == "!=" {
		equal := want == (n.Operator == "==")
		if s, ok := n.Right.(*ast.StringNode); ok {
			return j.text(w, n, n.Left.String(), []string{s.Value}, equal)
		}
		if s, ok := n.Left.(*ast.StringNode); ok {
			return j.text(w, n, n.Right.String(), []string{s.Value}, equal)
		}
	}
	return j.numbers(w, n, want)
}

// numbers returns the worlds in which a comparison of numbers has the wanted answer.
func (j judge) numbers(w world, n *ast.BinaryNode, want bool) []world {
	left, ok := j.span(w, n.Left)
	right, ok2 := j.span(w, n.Right)
	if !ok || !ok2 {
		return assume(w, n.String(), want)
	}
	operator := n.Operator
	if !want {
		operator = opposite[operator]
	}
	a, b, possible := left.compare(operator, right)
	if !possible {
		return nil
	}
	w = w.clone()
	if w.numbers == nil {
		w.numbers = map[string]span{}
	}
	if named(n.Left) {
		w.numbers[n.Left.String()] = a
	}
	if named(n.Right) {
		w.numbers[n.Right.String()] = b
	}
	return []world{w}
}

var opposite = map[string]string{"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}

// constants returns the values of a list literal that contains only texts. It reports false for any other node.
func (j judge) constants(n ast.Node) (values []string, ok bool) {
	list, ok := n.(*ast.ArrayNode)
	if !ok {
		return nil, false
	}
	for _, x := range list.Nodes {
		s, ok := x.(*ast.StringNode)
		if !ok {
			return nil, false
		}
		values = append(values, s.Value)
	}
	return values, true
}

// text returns the worlds in which the named text is one of the values. If want is false, it returns the worlds in
// which the text is none of the values.
func (j judge) text(w world, n ast.Node, name string, values []string, want bool) []world {
	all, closed := j.texts[name]
	if name == "at.weekday" {
		all, closed = weekdays[:], true
	}
	if is, ok := w.is[name]; ok {
		all, closed = is, true
	}
	w = w.clone()
	if w.is == nil {
		w.is, w.isNot = map[string][]string{}, map[string][]string{}
	}
	var left []string
	switch {
	case want && closed:
		left = meet(all, values)
	case want:
		left = without(values, w.isNot[name])
	case closed:
		left = without(all, values)
	default:
		w.isNot[name] = append(slices.Clone(w.isNot[name]), values...)
		return []world{w}
	}
	if len(left) == 0 {
		return nil
	}
	w.is[name] = left
	return []world{w}
}

func meet(a, b []string) (out []string) {
	for _, s := range a {
		if slices.Contains(b, s) {
			out = append(out, s)
		}
	}
	return out
}

func without(a, b []string) (out []string) {
	for _, s := range a {
		if !slices.Contains(b, s) {
			out = append(out, s)
		}
	}
	return out
}

// named reports whether a node is a name with a period, such as order.total or .quantity.
func named(n ast.Node) bool {
	_, ok := n.(*ast.MemberNode)
	return ok
}

// rat returns the exact value of a number in the source.
func (j judge) rat(n ast.Node) (*big.Rat, bool) {
	at := n.Location()
	return new(big.Rat).SetString(string(j.source[at.From:at.To]))
}
