package condition

import (
	"fmt"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// Compile compiles a condition that can use the facts of env. The error is an *Error. Several goroutines can use the
// condition at the same time, each with its own facts. The condition caches derived values in the facts, and the next
// condition on the same facts uses them.
func Compile(source string, env Env) (loyalty.Condition, error) {
	switch {
	case env.things() != 1:
		return nil, &Error{Message: "a condition must be about an order, an event, a reward or a member"}
	case len(source) > maxSource:
		return nil, &Error{Message: fmt.Sprintf("a condition must have at most %d bytes", maxSource)}
	case !utf8.ValidString(source):
		return nil, &Error{Message: "a condition must be UTF-8 text"}
	}
	tree, err := parser.Parse(source)
	if err != nil {
		return nil, misread(source, err)
	}
	r := &reader{source: []rune(source), env: env, names: vocabulary(env)}
	node, is, err := r.read(tree.Node)
	if err != nil {
		return nil, err
	}
	if is.kind != truth {
		return nil, &Error{Message: "a condition must be true or false; this is " + is.String()}
	}
	numbers := 0
	if env.Order {
		if numbers, err = orderNumbers(r.source, tree.Node); err != nil {
			return nil, err
		}
	}
	tree.Node = node
	program, err := build(tree)
	if err != nil {
		return nil, &Error{Message: "the condition is invalid"}
	}
	return &condition{
		source: source, env: env, program: program, work: r.work, ordered: env.Reward && r.ordered, numbers: numbers,
	}, nil
}

// build compiles the reader's tree to a program for the virtual machine of the library. The library checks the tree
// again, although the reader has already rejected all invalid trees. Optimization is off, so that the machine takes
// exactly the steps that the reader counted.
func build(tree *parser.Tree) (*vm.Program, error) {
	config := conf.New(environment{})
	config.Optimize = false
	if _, err := checker.Check(tree, config); err != nil {
		return nil, err
	}
	return compiler.Compile(tree, config)
}

// constant returns a node with a constant value. The node replaces the given node.
func constant(value any, in ast.Node) ast.Node {
	return placed(&ast.ConstantNode{Value: value}, in)
}

// call returns a node that calls a Go function. The node replaces the given node.
func call(function any, in ast.Node, arguments ...ast.Node) ast.Node {
	return placed(&ast.CallNode{Callee: constant(function, in), Arguments: arguments}, in)
}

func placed(n, in ast.Node) ast.Node {
	n.SetLocation(in.Location())
	return n
}
