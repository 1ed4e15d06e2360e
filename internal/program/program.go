// Package program reads the program file, in which a merchant defines the loyalty rules. It parses the YAML, checks it,
// compiles it to a loyalty.Program, and lets package validate run the examples in the file. Package describe explains
// the result in plain language.
//
// The package guarantees that
//
//   - a file is compiled completely or rejected with all problems at once, each with its line, column and key, the
//     source with a caret and, for a misspelled word, the correct word;
//   - nothing in a file is ignored: an unknown key is rejected, and a known but unimplemented one is rejected with the
//     words "not supported yet";
//   - numbers are parsed from their digits to exact rationals and never to floating point;
//   - a hostile file (deep nesting, aliases of aliases, huge numbers) is rejected quickly.
//
// The package does not store, publish or fetch programs, has no drafts or versions, and contains no rules about points:
// package engine values the examples in a file, like any order.
//
// The file document/program-v1.schema.json describes the complete form, for editors and for the structural checks. The
// checks beyond the form are in package validate.
package program

import (
	"bytes"
	_ "embed"
	"math/big"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/document"
	"github.com/perennial-loyalty/perennial/internal/program/validate"
)

// A File is a program file that passed every check.
type File struct {
	Program   *loyalty.Program // compiled; Version is zero until publishing assigns it
	Reporting Reporting
	Warnings  document.Problems // probable mistakes that do not prevent publishing
}

// A Reporting defines the accounting value of points, which no rule uses. It is zero if the file does not define it.
type Reporting struct {
	Currency   loyalty.Currency
	PointValue *big.Rat // value of one point in major units: 0.01 EUR is 1/100; can be less than a minor unit
}

//go:embed bluebird.yaml
var demo []byte

// Demo returns the source of the demonstration program, Bluebird Rewards. It compiles without problems.
func Demo() []byte { return bytes.Clone(demo) }

// Compile compiles a program file and returns only the program. It is immutable and safe to share.
func Compile(source []byte) (*loyalty.Program, document.Problems) {
	f, problems := Parse(source)
	if len(problems) > 0 {
		return nil, problems
	}
	return f.Program, nil
}

// Parse reads, checks and compiles a program file and runs its examples. It returns either a file or all problems in
// the order of their lines. It runs the examples only if there are no other problems.
func Parse(source []byte) (*File, document.Problems) {
	source = bytes.TrimPrefix(source, []byte("\ufeff")) // some editors write a byte order mark
	root, problems := document.Read(source)
	if len(problems) > 0 {
		return nil, problems.Finish(source)
	}
	c := &document.Compiler{Source: strings.Split(string(source), "\n")}
	f := parseFile(c, root)
	c.Problems = append(c.Problems, validate.Unsupported(root)...)
	c.Problems = append(c.Problems, document.Structure(root)...)
	if len(c.Problems) == 0 {
		finish(c, f, root)
	}
	if len(c.Problems) > 0 {
		return nil, c.Problems.Finish(source)
	}
	f.Warnings = c.Warnings.Finish(source)
	return f, nil
}
