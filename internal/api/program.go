package api

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/problem"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
)

// maxSource bounds a program file, in characters. It keeps a draft within one item of the table.
const maxSource = 200_000

// A Compiler is package program's Check: what a program file says, or what is wrong with it, and what is odd about
// it. It is handed in, so that no function but that of the program file links the parser and the schema.
type Compiler func(source []byte) (p *loyalty.Program, problems, warnings problem.Problems)

type draftBody struct {
	Source  string `json:"source"`
	Version whole  `json:"version"`
}

type checkBody struct {
	Source *string `json:"source"`
}

type publishBody struct {
	After whole `json:"after"`
}

type rollbackBody struct {
	Version whole `json:"version"`
}

func (c *check) source(s string) {
	if n := utf8.RuneCountInString(s); n < 1 || n > maxSource {
		c.fault(at("source"), loyalty.ValidationFailed, "A program file has 1 to %d characters.", maxSource)
	}
}

// version checks a version number, which may be left out.
func (c *check) version(p place, w whole, least int64) {
	switch {
	case w.given && w.n < least:
		c.fault(p, loyalty.AmountNotPositive, "A version is a whole number from %d.", least)
	case w.n > int64(loyalty.MaxPoints):
		c.fault(p, loyalty.AmountOutOfRange, "No program has so many versions.")
	}
}

func getProgram(ctx context.Context, c *call) (answer, error) {
	p, err := c.program(ctx)
	if err != nil {
		return answer{}, err
	}
	return c.published(ctx, p.Version)
}

func (c *call) published(ctx context.Context, version int) (answer, error) {
	v, err := c.app.Ledger.Published(ctx, c.who.Program, version)
	if err != nil {
		return answer{}, err
	}
	return answer{body: wire.Program{
		Program: v.Program, Version: v.Version, PublishedAt: v.At.UTC(), PublishedBy: v.By, Source: string(v.Source),
	}}, nil
}

func listVersions(ctx context.Context, c *call) (answer, error) {
	size, err := c.pageSize()
	if err != nil {
		return answer{}, err
	}
	before, err := c.openCursor("")
	if err != nil {
		return answer{}, err
	}
	live, err := c.app.Ledger.Live(ctx, c.who.Program)
	if err != nil {
		return answer{}, err
	}
	list := wire.VersionList{}
	last := 0
	for v, err := range c.app.Ledger.PublishedVersions(ctx, c.who.Program) {
		if err != nil {
			return answer{}, err
		}
		if before > 0 && int64(v.Version) >= before {
			continue
		}
		if len(list.Data) == size {
			list.NextCursor = c.cursor("", int64(last))
			break
		}
		list.Data = append(list.Data, wire.Version{
			Version: v.Version, PublishedAt: v.At.UTC(), PublishedBy: v.By, Live: v.Version == live,
		})
		last = v.Version
	}
	return answer{body: list}, nil
}

func getDraft(ctx context.Context, c *call) (answer, error) {
	source, version, err := c.draft(ctx)
	if err != nil {
		return answer{}, err
	}
	return answer{body: wire.Draft{Source: string(source), Version: version}}, nil
}

// draft is the draft; not_found if there is none.
func (c *call) draft(ctx context.Context) ([]byte, int64, error) {
	source, version, err := c.app.Ledger.Draft(ctx, c.who.Program)
	if err == nil && version == 0 {
		err = refuse(loyalty.NotFound, notFoundDetail)
	}
	return source, version, err
}

func putDraft(ctx context.Context, c *call) (answer, error) {
	var b draftBody
	if err := c.decode(&b); err != nil {
		return answer{}, err
	}
	var faults check
	faults.source(b.Source)
	faults.version(at("version"), b.Version, 0)
	if err := faults.err(); err != nil {
		return answer{}, err
	}
	version := b.Version.n
	if !b.Version.given {
		var err error
		if _, version, err = c.app.Ledger.Draft(ctx, c.who.Program); err != nil {
			return answer{}, err
		}
	}
	if err := c.app.Ledger.SaveDraft(ctx, c.who.Program, []byte(b.Source), version); err != nil {
		return answer{}, outrun(err, "Someone else stored a draft meanwhile. Read it, then store yours again.")
	}
	return answer{body: wire.Draft{Source: b.Source, Version: version + 1}}, nil
}

// outrun turns the ledger's "there is one already" into what it means for something that has versions.
func outrun(err error, detail string) error {
	if errors.Is(err, loyalty.AlreadyExists) {
		return refuse(versionConflict, "%s", detail)
	}
	return err
}

func checkProgram(ctx context.Context, c *call) (answer, error) {
	var b checkBody
	if err := c.decode(&b); err != nil {
		return answer{}, err
	}
	var source []byte
	if b.Source != nil {
		var faults check
		if faults.source(*b.Source); faults.err() != nil {
			return answer{}, faults.err()
		}
		source = []byte(*b.Source)
	} else {
		var err error
		if source, _, err = c.draft(ctx); err != nil {
			return answer{}, err
		}
	}
	_, errs, warnings := c.compiled(source)
	out := wire.CheckResult{Ok: len(errs) == 0}
	for _, p := range errs {
		out.Problems = append(out.Problems, finding(p, wire.FindingSeverityError))
	}
	for _, p := range warnings {
		out.Problems = append(out.Problems, finding(p, wire.FindingSeverityWarning))
	}
	return answer{body: out}, nil
}

// compiled is what a file says, what is wrong with it, and what is odd about it. The file must be that of the
// key's program.
func (c *call) compiled(source []byte) (p *loyalty.Program, errs, warnings problem.Problems) {
	p, errs, warnings = c.compile(source)
	if len(errs) == 0 && p.ID != c.who.Program {
		errs = problem.Problems{{Line: 1, Column: 1, Path: "program", Message: fmt.Sprintf("must be %s, the program of the API key", c.who.Program)}}
	}
	return p, errs, warnings
}

func finding(p problem.Problem, severity wire.FindingSeverity) wire.Finding {
	return wire.Finding{
		Severity: severity, Line: p.Line, Column: p.Column, Path: p.Path, Message: p.Message, Suggestion: p.Suggestion,
	}
}

func publishProgram(ctx context.Context, c *call) (answer, error) {
	var b publishBody
	if err := c.decode(&b); err != nil {
		return answer{}, err
	}
	var faults check
	faults.version(at("after"), b.After, 0)
	if err := faults.err(); err != nil {
		return answer{}, err
	}
	source, _, err := c.draft(ctx)
	if err != nil {
		return answer{}, err
	}
	return c.publish(ctx, source, b.After)
}

func rollbackProgram(ctx context.Context, c *call) (answer, error) {
	var b rollbackBody
	if err := c.decode(&b); err != nil {
		return answer{}, err
	}
	var faults check
	faults.required(at("version"), b.Version.given)
	faults.version(at("version"), b.Version, 1)
	if err := faults.err(); err != nil {
		return answer{}, err
	}
	v, err := c.app.Ledger.Published(ctx, c.who.Program, int(b.Version.n))
	if err != nil {
		return answer{}, err
	}
	return c.publish(ctx, v.Source, whole{})
}

// publish makes source the live version behind the one that the caller names, or whichever is live. If source is
// live already, it stays: so repeating a publication is harmless.
func (c *call) publish(ctx context.Context, source []byte, after whole) (answer, error) {
	p, errs, _ := c.compiled(source)
	if len(errs) > 0 {
		return answer{}, unpublishable(errs)
	}
	live, err := c.app.Ledger.Live(ctx, c.who.Program)
	if err != nil {
		return answer{}, err
	}
	if live > 0 {
		now, err := c.app.Ledger.Published(ctx, c.who.Program, live)
		if err != nil || string(now.Source) == string(source) {
			return c.publishedUnless(ctx, live, err)
		}
	}
	if after.given && after.n != int64(live) {
		return answer{}, refuse(versionConflict, "Version %d is live, not %d.", live, after.n)
	}
	in := ledger.Published{Program: c.who.Program, Source: source, Snapshot: snapshot.Encode(p), By: c.who.ID}
	err = c.app.Ledger.Publish(ctx, in, live)
	c.app.Programs.Forget(c.who.Program)
	return c.publishedUnless(ctx, live+1, outrun(err, "Another version was published meanwhile. Look at it, then publish again."))
}

func (c *call) publishedUnless(ctx context.Context, version int, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	return c.published(ctx, version)
}

func unpublishable(problems problem.Problems) error {
	r := refuse(loyalty.ValidationFailed, "The file has problems. POST /v1/program/check lists them with line and column.")
	for _, p := range problems[:min(len(problems), maxFaults)] {
		r.faults = append(r.faults, wire.ProblemError{
			Pointer: p.Path, Code: string(loyalty.ValidationFailed), Detail: p.String(),
		})
	}
	return r
}
