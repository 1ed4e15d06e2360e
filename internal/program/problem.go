package program

import (
	"fmt"

	"github.com/perennial-loyalty/perennial/internal/program/problem"
)

// A Problem is one error or warning in a program file.
type Problem = problem.Problem

// Problems lists the problems of a file in the order of its lines.
type Problems = problem.Problems

// at returns a problem with the value of n.
func at(n *node, format string, args ...any) Problem {
	return Problem{Line: n.line, Column: n.column, Width: n.width, Path: n.path, Message: fmt.Sprintf(format, args...)}
}

// atKey returns a problem with the key of n, or with n itself if it has no key.
func atKey(n *node, format string, args ...any) Problem {
	p := at(n, format, args...)
	if n.key != nil {
		p.Line, p.Column, p.Width = n.key.line, n.key.column, n.key.width
	}
	return p
}
