package document

import (
	"fmt"

	"github.com/perennial-loyalty/perennial/internal/program/problem"
)

// A Problem is one error or warning in a program file.
type Problem = problem.Problem

// Problems lists the problems of a file in the order of its lines.
type Problems = problem.Problems

// At returns a problem at the position of the value n.
func At(n *Node, format string, args ...any) Problem {
	return Problem{Line: n.Line, Column: n.Column, Width: n.Width, Path: n.Path, Message: fmt.Sprintf(format, args...)}
}

// AtKey returns a problem at the position of the key of n, or of n itself if it has no key.
func AtKey(n *Node, format string, args ...any) Problem {
	p := At(n, format, args...)
	if n.Key != nil {
		p.Line, p.Column, p.Width = n.Key.Line, n.Key.column, n.Key.width
	}
	return p
}
