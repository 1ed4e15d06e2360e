package api

import (
	"context"
	"fmt"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/problem"
)

// maxChanges is the maximum number of changes to the live version that an answer lists.
const maxChanges = 500

type checkBody struct {
	Source *string `json:"source"`
}

func checkProgram(ctx context.Context, c *call) (answer, error) {
	source, err := c.toCheck(ctx)
	if err != nil {
		return answer{}, err
	}
	p, errs, warnings := c.checked(source)
	out := wire.ValidationResult{Valid: len(errs) == 0}
	for _, p := range errs {
		out.Problems = append(out.Problems, finding(p, wire.FindingSeverityError))
	}
	for _, p := range warnings {
		out.Problems = append(out.Problems, finding(p, wire.FindingSeverityWarning))
	}
	if out.Valid {
		out.RulesText = c.explained(p)
		if out.Changes, err = c.changes(ctx, source); err != nil {
			return answer{}, err
		}
	}
	return answer{body: out}, nil
}

// toCheck returns the program file in the body or, if the body has none, the draft.
func (c *call) toCheck(ctx context.Context) ([]byte, error) {
	var b checkBody
	if err := c.decode(&b); err != nil {
		return nil, err
	}
	if b.Source == nil {
		source, _, err := c.draft(ctx)
		return source, err
	}
	var faults check
	faults.source(*b.Source)
	return []byte(*b.Source), faults.err()
}

// checked compiles a program file and returns its errors and warnings. The file must be that of the API key's
// program.
func (c *call) checked(source []byte) (p *loyalty.Program, errs, warnings problem.Problems) {
	p, errs, warnings = c.reader.Check(source)
	if len(errs) == 0 && p.ID != c.who.Program {
		errs = problem.Problems{
			{
				Line: 1, Column: 1, Path: "program",
				Message: fmt.Sprintf("must be %s, the program of the API key", c.who.Program),
			},
		}
	}
	return p, errs, warnings
}

func finding(p problem.Problem, severity wire.FindingSeverity) wire.Finding {
	return wire.Finding{
		Severity: severity, Line: p.Line, Column: p.Column, Path: p.Path, Message: p.Message, Suggestion: p.Suggestion,
	}
}

// changes returns the differences between the live version's file and source, which must have no errors. It returns
// none if no version is live.
func (c *call) changes(ctx context.Context, source []byte) (out []wire.Change, err error) {
	live, err := c.app.Ledger.Live(ctx, c.who.Program)
	if err != nil || live == 0 {
		return nil, err
	}
	was, err := c.app.Ledger.Published(ctx, c.who.Program, live)
	if err != nil {
		return nil, err
	}
	found, problems := c.reader.Diff(was.Source, source)
	if err := problems.Err(); err != nil {
		return nil, fmt.Errorf("api: compare with version %d of %s: %w", live, c.who.Program, err)
	}
	for _, f := range found[:min(len(found), maxChanges)] {
		out = append(out, wire.Change{Path: f.Path, From: f.From, To: f.To, Line: f.Line})
	}
	return out, nil
}
