package programs

import (
	"context"
	"fmt"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program"
	"github.com/perennial-loyalty/perennial/internal/program/compare"
	"github.com/perennial-loyalty/perennial/internal/program/problem"
)

// maxChanges is the maximum number of changes to the live version that an answer lists.
const maxChanges = 500

// A ValidateBody contains a program file. If it contains none, the draft is validated.
type ValidateBody struct {
	Source *string `json:"source"`
}

// toValidate returns the program file in the body, or the draft if the body contains no file.
func toValidate(ctx context.Context, c *request.Call) ([]byte, error) {
	var b ValidateBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	if b.Source == nil {
		source, _, err := draft(ctx, c)
		return source, err
	}
	var faults request.Check
	checkSource(&faults, *b.Source)
	return []byte(*b.Source), faults.Err()
}

// compile compiles a program file and returns its errors and warnings. The file must belong to the API key's program.
func compile(c *request.Call, source []byte) (p *loyalty.Program, errs, warnings problem.Problems) {
	f, errs := program.Parse(source)
	switch {
	case len(errs) > 0:
		return nil, errs, nil
	case f.Program.ID != c.Who.Program:
		return nil, problem.Problems{{
			Line: 1, Column: 1, Path: "program",
			Message: fmt.Sprintf("must be %s, the program of the API key", c.Who.Program),
		}}, f.Warnings
	}
	return f.Program, nil, f.Warnings
}

// finding returns a problem of a program file as the API presents it.
func finding(p problem.Problem, severity wire.FindingSeverity) wire.Finding {
	return wire.Finding{
		Severity: severity, Line: p.Line, Column: p.Column, Path: p.Path, Message: p.Message, Suggestion: p.Suggestion,
	}
}

// changes returns the differences between the file of the live version and the given file, which must have no errors.
// It returns none if no version is live.
func changes(ctx context.Context, c *request.Call, source []byte) (out []wire.Change, err error) {
	live, err := c.App.Catalog.Live(ctx, c.Who.Program)
	if err != nil || live == 0 {
		return nil, err
	}
	was, err := c.App.Catalog.Published(ctx, c.Who.Program, live)
	if err != nil {
		return nil, err
	}
	found, problems := compare.Diff(was.Source, source)
	if err := problems.Err(); err != nil {
		return nil, fmt.Errorf("api: compare with version %d of %s: %w", live, c.Who.Program, err)
	}
	for _, f := range found[:min(len(found), maxChanges)] {
		out = append(out, wire.Change{Path: f.Path, From: f.From, To: f.To, Line: f.Line})
	}
	return out, nil
}

func validateProgram(ctx context.Context, c *request.Call) (request.Answer, error) {
	source, err := toValidate(ctx, c)
	if err != nil {
		return request.Answer{}, err
	}
	p, errs, warnings := compile(c, source)
	out := wire.ValidationResult{Valid: len(errs) == 0}
	for _, p := range errs {
		out.Problems = append(out.Problems, finding(p, wire.FindingSeverityError))
	}
	for _, p := range warnings {
		out.Problems = append(out.Problems, finding(p, wire.FindingSeverityWarning))
	}
	if out.Valid {
		out.RulesText = explained(p)
		if out.Changes, err = changes(ctx, c, source); err != nil {
			return request.Answer{}, err
		}
	}
	return request.Answer{Body: out}, nil
}
