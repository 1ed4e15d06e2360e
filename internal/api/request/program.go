package request

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/change"
	"github.com/perennial-loyalty/perennial/internal/program/problem"
)

// maxSource is the maximum length of a program file in characters. A draft of this length fits into one table item.
const maxSource = 200_000

// A Reader provides the functions of package program. It is injected, so that only the programs function links the
// parser and the schema.
type Reader struct {
	// Check compiles a file and returns the program, its errors and its warnings.
	Check func(source []byte) (p *loyalty.Program, problems, warnings problem.Problems)
	// Explain describes a program in plain language, one sentence per line.
	Explain func(p *loyalty.Program) string
	// Diff returns the differences between two files, or the problems of a file that cannot be read.
	Diff func(older, newer []byte) ([]change.Change, problem.Problems)
}

// Source checks the length of a program file.
func (c *Check) Source(s string) {
	if n := utf8.RuneCountInString(s); n < 1 || n > maxSource {
		c.Fault(At("source"), loyalty.ValidationFailed, "A program file must have 1 to %d characters.", maxSource)
	}
}

// Explained returns the sentences that describe a program.
func (c *Call) Explained(p *loyalty.Program) []string {
	return strings.Split(strings.TrimSpace(c.Reader.Explain(p)), "\n")
}

// Draft returns the draft and its version, or not_found if there is no draft.
func (c *Call) Draft(ctx context.Context) ([]byte, int64, error) {
	source, version, err := c.App.Catalog.Draft(ctx, c.Who.Program)
	if err == nil && version == 0 {
		err = Refuse(loyalty.NotFound, NotFoundDetail)
	}
	return source, version, err
}
