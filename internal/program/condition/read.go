package condition

import (
	"fmt"
	"slices"

	"github.com/expr-lang/expr/ast"

	"github.com/perennial-loyalty/perennial/internal/program/nearest"
)

// A reader converts the parser's tree to a tree with exact numbers. It rejects everything that is not part of the
// language. It never modifies a node of the parser, because the tree can contain a node twice: in 1 < x < 2, the node
// of x is in both comparisons.
type reader struct {
	source []rune
	env    Env
	names  map[string]shape
	around []shape // the shapes of the current elements of the enclosing loops, the innermost loop last
	nodes  int
	work   work

	ordered bool // whether the condition uses the order
}

func refuse(at ast.Node, format string, arguments ...any) error {
	return &Error{Column: at.Location().From, Message: fmt.Sprintf(format, arguments...)}
}

// read returns the node that replaces n in the compiled condition, and the shape of the node's value.
func (r *reader) read(n ast.Node) (ast.Node, shape, error) {
	if r.nodes++; r.nodes > maxNodes {
		return nil, shape{}, refuse(n, "a condition must have at most %d names, values and operators", maxNodes)
	}
	r.work[len(r.around)]++
	switch n := n.(type) {
	case *ast.BoolNode:
		return placed(&ast.BoolNode{Value: n.Value}, n), shape{kind: truth}, nil
	case *ast.StringNode:
		return placed(&ast.StringNode{Value: n.Value}, n), shape{kind: text}, nil
	case *ast.IntegerNode, *ast.FloatNode:
		return r.number(n)
	case *ast.ArrayNode:
		return r.array(n)
	case *ast.IdentifierNode:
		return r.name(n)
	case *ast.PointerNode:
		return r.element(n)
	case *ast.MemberNode:
		return r.field(n)
	case *ast.UnaryNode:
		return r.unary(n)
	case *ast.BinaryNode:
		return r.binary(n)
	case *ast.BuiltinNode:
		return r.function(n)
	case *ast.CallNode:
		return r.unknownFunction(n)
	}
	return nil, shape{}, r.unsupported(n)
}

// number reads a number from its digits in the source, because the parser's own value is an inexact float.
func (r *reader) number(n ast.Node) (ast.Node, shape, error) {
	at := n.Location()
	value, isWhole, ok := parse(string(r.source[at.From:at.To]))
	switch {
	case !ok:
		return nil, shape{}, refuse(n, "a number must have at most 18 digits, like 1250 or 12.50")
	case isWhole:
		return constant(value, n), shape{kind: whole}, nil
	}
	return constant(value, n), shape{kind: decimal}, nil
}

// array reads a list literal.
func (r *reader) array(n *ast.ArrayNode) (ast.Node, shape, error) {
	var texts []string
	var numbers []any
	var of shape
	for _, x := range n.Nodes {
		value, is, err := r.read(x)
		if err != nil {
			return nil, shape{}, err
		}
		switch v := value.(type) {
		case *ast.StringNode:
			texts = append(texts, v.Value)
		case *ast.ConstantNode:
			if _, ok := v.Value.(number); !ok {
				return nil, shape{}, refuse(x, "a list in a list is not supported")
			}
			numbers = append(numbers, v.Value)
		default:
			return nil, shape{}, refuse(x, "a list must contain texts or numbers, like [\"gold\", \"silver\"]")
		}
		of = is
		if len(texts) > 0 && len(numbers) > 0 {
			return nil, shape{}, refuse(x, "a list must contain only texts or only numbers")
		}
	}
	switch {
	case len(texts) > 0:
		return constant(texts, n), shape{kind: list, of: &of}, nil
	case len(numbers) > 0:
		of.kind = decimal
		return constant(numbers, n), shape{kind: list, of: &of}, nil
	}
	return nil, shape{}, refuse(n, "a list must not be empty")
}

func (r *reader) name(n *ast.IdentifierNode) (ast.Node, shape, error) {
	if is, ok := r.names[n.Value]; ok {
		r.ordered = r.ordered || n.Value == "order"
		return placed(&ast.IdentifierNode{Value: n.Value}, n), is, nil
	}
	switch {
	case slices.Contains([]string{"event", "order", "at"}, n.Value) && r.env.Member:
		return nil, shape{}, refuse(n, "there is no %s here: this condition is about a member", n.Value)
	case n.Value == "event" && r.env.Reward:
		return nil, shape{}, refuse(n, "there is no event here: this condition is about a reward")
	case n.Value == "event" && r.env.Order:
		return nil, shape{}, refuse(n, "there is no event here: this condition is about an order")
	case n.Value == "order" && !r.env.Order:
		return nil, shape{}, refuse(n, "there is no order here: this condition is about an event")
	}
	for _, root := range namesOf(r.names) {
		if _, ok := r.names[root].fields[n.Value]; ok {
			return nil, shape{}, unknown(n, "there is no "+shown(n.Value), root+"."+n.Value)
		}
	}
	return nil, shape{}, unknown(n, "there is no "+shown(n.Value), nearest.Word(n.Value, namesOf(r.names)))
}

func unknown(at ast.Node, message, suggestion string) error {
	return &Error{Column: at.Location().From, Message: message, Suggestion: suggestion}
}

// shown returns a name as messages show it. It shortens a long name.
func shown(name string) string {
	if runes := []rune(name); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return name
}

// element reads the current element of a loop. It is written as #, or omitted before a field, as in .amount.
func (r *reader) element(n *ast.PointerNode) (ast.Node, shape, error) {
	if len(r.around) == 0 || n.Name != "" {
		return nil, shape{}, refuse(n, "# is an element of a list; use it only in a function like any")
	}
	return placed(&ast.PointerNode{}, n), r.around[len(r.around)-1], nil
}

func (r *reader) field(n *ast.MemberNode) (ast.Node, shape, error) {
	property, ok := n.Property.(*ast.StringNode)
	switch {
	case n.Method:
		return nil, shape{}, refuse(n, "only a function name can precede a parenthesis")
	case !ok || n.Optional:
		return nil, shape{}, refuse(n, "lists cannot be indexed: use any, all or filter")
	}
	of, is, err := r.read(n.Node)
	if err != nil {
		return nil, shape{}, err
	}
	field, ok := is.fields[property.Value]
	switch {
	case is.kind == list:
		return nil, shape{}, refuse(
			n, "a list has no field %s; use a function like any for the fields of its elements", shown(property.Value),
		)
	case is.kind != object:
		return nil, shape{}, refuse(n, "%s has no %s", is, shown(property.Value))
	case !ok:
		return nil, shape{}, unknown(n, is.name+" has no "+shown(property.Value),
			nearest.Word(property.Value, namesOf(is.fields)))
	case is.name == "event":
		return r.eventField(n, of, property.Value, field), field, nil
	}
	return placed(&ast.MemberNode{Node: of, Property: &ast.StringNode{Value: property.Value}}, n), field, nil
}

func (r *reader) eventField(n, event ast.Node, name string, is shape) ast.Node {
	field := placed(&ast.StringNode{Value: name}, n)
	switch is.kind {
	case text:
		return call(eventText, n, event, field)
	case truth:
		return call(eventTruth, n, event, field)
	}
	return call(eventNumber, n, event, field)
}

func (r *reader) unsupported(n ast.Node) error {
	what := "this"
	switch n.(type) {
	case nil:
		return &Error{Message: "the condition is invalid"}
	case *ast.ConditionalNode:
		return refuse(n, "? and if are not supported: use and, or")
	case *ast.VariableDeclaratorNode:
		what = "let"
	case *ast.NilNode:
		return refuse(n, "nil is not supported: an unknown value is \"\", 0 or false")
	case *ast.ChainNode:
		what = "?."
	case *ast.SequenceNode:
		what = "several expressions, separated by ;,"
	case *ast.MapNode:
		what = "{ }"
	}
	return refuse(n, "%s is not supported", what)
}
