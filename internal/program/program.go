// Package program reads the program file, in which a merchant defines the loyalty rules. It parses the YAML, checks it,
// compiles it to a loyalty.Program, and calls package validate to run the examples in the file. Package describe
// explains the result in plain language.
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
// The package does not store, publish or fetch programs, and has no drafts or versions. It also contains no rules about
// points: package engine calculates the points of the examples, as for any order.
//
// The file document/program-v1.schema.json describes the complete form of a program file. Editors use it, and package
// document checks the structure of files with it. Package validate contains the other checks.
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

// MaxSource is the maximum size of a program file in bytes.
const MaxSource = document.MaxSource

// A File is a program file that passed every check.
type File struct {
	Program   *loyalty.Program // the compiled program; its Version is zero until it is published
	Reporting Reporting
	Warnings  document.Problems // probable mistakes that do not prevent publishing
}

// Reporting defines the value of points for accounting. The rules do not use it. It is the zero value if the file does
// not define it.
type Reporting struct {
	Currency   loyalty.Currency
	PointValue *big.Rat // value of one point in major units: 1/100 means 0.01 EUR; it can be less than a minor unit
}

//go:embed bluebird.yaml
var demo []byte

// Demo returns the source of the demonstration program, Bluebird Rewards. It compiles without problems.
func Demo() []byte { return bytes.Clone(demo) }

// Compile compiles a program file and returns only the program. The program is immutable and safe to share.
func Compile(source []byte) (*loyalty.Program, document.Problems) {
	f, problems := Parse(source)
	if len(problems) > 0 {
		return nil, problems
	}
	return f.Program, nil
}

// Parse reads, checks and compiles a program file, and runs its examples if there are no other problems. It returns
// either a file or all problems in the order of their lines.
func Parse(source []byte) (*File, document.Problems) {
	source = bytes.TrimPrefix(source, []byte("\ufeff")) // some editors insert a byte order mark
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
