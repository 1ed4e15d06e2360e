// Package program reads the program file, in which a merchant writes down the loyalty rules: it parses the
// YAML, checks it, compiles it to a loyalty.Program and explains the result in words.
//
// It promises that a file is either compiled as a whole or refused with every problem at once, each with its
// line, column and key, the source under a caret and, where a word is nearly right, the right word. Nothing
// that a file says is passed over: what this release does not know is refused, and what it knows but cannot
// do yet is refused with the words "not supported yet". Numbers go from their digits straight to exact
// rationals and never through floating point. A hostile file (deep nesting, aliases of aliases, huge
// numbers) is refused quickly.
//
// It deliberately does not store, publish or fetch programs, knows no draft and no version, and decides
// nothing about points: the examples in a file are run by loyalty.Program.Quote, like any order.
//
// program-v1.schema.json describes the whole form, for editors and for the structural part of the check.
// Whether a value makes sense beyond its form is decided here, in Go.
package program

import (
	"bytes"
	"embed"
	"io/fs"
	"math/big"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// A File is a program file that passed every check.
type File struct {
	Program   *loyalty.Program // compiled; Version is zero, as publishing gives the number
	Reporting Reporting
	Warnings  Problems // what is probably a mistake, but can be run
}

// Reporting says how the books value points. The rules do not use it. The zero Reporting is a file without.
type Reporting struct {
	Currency   loyalty.Currency
	PointValue *big.Rat // of one point in major units: 0.01 EUR is 1/100; it may be less than a minor unit
}

//go:embed bluebird.yaml
var demo []byte

// Demo is the source of the demonstration program, Bluebird Rewards. It compiles without a problem.
func Demo() []byte { return bytes.Clone(demo) }

//go:embed examples/*.yaml
var shipped embed.FS

// Examples is complete program files, modelled on programs that many know, for whoever begins with one or tests
// against several: coffee-card.yaml and others. Each compiles without a problem or a warning, and the table in
// examples/README.md shows what it gives.
func Examples() fs.FS {
	files, err := fs.Sub(shipped, "examples")
	if err != nil {
		panic(err) // not reached: the name is a valid path
	}
	return files
}

// Compile is Parse for those who only want the program. It must not be changed any more and may be shared.
func Compile(source []byte) (*loyalty.Program, Problems) {
	f, problems := Parse(source)
	if len(problems) > 0 {
		return nil, problems
	}
	return f.Program, nil
}

// Check is Parse for those who link the parser to one function alone and hand it on as a value: package api.
func Check(source []byte) (p *loyalty.Program, problems, warnings Problems) {
	f, problems := Parse(source)
	if len(problems) > 0 {
		return nil, problems, nil
	}
	return f.Program, nil, f.Warnings
}

// Parse reads, checks and compiles a program file and runs its examples. It returns either a file or all
// problems that it found, in the order of their lines. The problems of examples show only once there are no
// others.
func Parse(source []byte) (*File, Problems) {
	source = bytes.TrimPrefix(source, []byte("\ufeff")) // some editors mark UTF-8 so
	root, problems := read(source)
	if len(problems) > 0 {
		return nil, problems.Finish(source)
	}
	c := &compiler{source: strings.Split(string(source), "\n")}
	f := c.file(root)
	c.problems = append(c.problems, unsupported(root)...)
	c.problems = append(c.problems, structure(root)...)
	if len(c.problems) == 0 {
		c.finish(f, root)
	}
	if len(c.problems) > 0 {
		return nil, c.problems.Finish(source)
	}
	f.Warnings = c.warnings.Finish(source)
	return f, nil
}
