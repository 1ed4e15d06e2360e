package api

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/change"
	"github.com/perennial-loyalty/perennial/internal/program/problem"
)

// maxSource is the maximum length of a program file in characters. With it, a draft fits into one item of the table.
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

type draftBody struct {
	Source  string `json:"source"`
	Version whole  `json:"version"`
}

func (c *check) source(s string) {
	if n := utf8.RuneCountInString(s); n < 1 || n > maxSource {
		c.fault(at("source"), loyalty.ValidationFailed, "A program file must have 1 to %d characters.", maxSource)
	}
}

// version checks an optional version number.
func (c *check) version(p place, w whole, least int64) {
	switch {
	case w.given && w.n < least:
		c.fault(p, loyalty.AmountNotPositive, "The version must be a whole number of at least %d.", least)
	case w.n > int64(loyalty.MaxPoints):
		c.fault(p, loyalty.AmountOutOfRange, "The version number is too large.")
	}
}

func getProgram(ctx context.Context, c *call) (answer, error) { return c.published(ctx, 0) }

// published answers with a version, or with the live one if version is zero. It reads the table instead of the
// 30-second cache, because the caller may just have published a version through another process.
func (c *call) published(ctx context.Context, version int) (answer, error) {
	schedule, err := c.app.Ledger.Schedule(ctx, c.who.Program)
	if err != nil {
		return answer{}, err
	}
	if version == 0 {
		version = schedule.Live
	}
	if version == 0 {
		return answer{}, app.ErrNotPublished
	}
	v, err := c.app.Ledger.Published(ctx, c.who.Program, version)
	if err != nil {
		return answer{}, err
	}
	p, err := c.app.Programs.Version(ctx, c.who.Program, version)
	if err != nil {
		return answer{}, err
	}
	return answer{body: wire.Program{
		Program: v.Program, Version: v.Version, Status: wire.ProgramStatus(schedule.Status(v)), PublishedAt: v.At.UTC(),
		PublishedBy: v.By, EffectiveAt: v.Effective, Source: string(v.Source), RulesText: c.explained(p),
	}}, nil
}

// explained returns the sentences that describe a program.
func (c *call) explained(p *loyalty.Program) []string {
	return strings.Split(strings.TrimSpace(c.reader.Explain(p)), "\n")
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
	schedule, err := c.app.Ledger.Schedule(ctx, c.who.Program)
	if err != nil {
		return answer{}, err
	}
	versions, more, err := firstPage(c.app.Ledger.PublishedVersions(ctx, c.who.Program, int(before), size+1), size)
	if err != nil {
		return answer{}, err
	}
	list := wire.VersionList{}
	for _, v := range versions {
		list.Data = append(list.Data, wire.Version{
			Version: v.Version, Status: wire.VersionStatus(schedule.Status(v)), PublishedAt: v.At.UTC(),
			PublishedBy: v.By,
			EffectiveAt: v.Effective,
		})
	}
	if more {
		list.NextCursor = c.cursor("", int64(versions[size-1].Version))
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

// draft returns the draft and its version, or not_found if there is no draft.
func (c *call) draft(ctx context.Context) ([]byte, int64, error) {
	source, version, err := c.app.Ledger.Draft(ctx, c.who.Program)
	if err == nil && version == 0 {
		err = refuse(loyalty.NotFound, notFoundDetail)
	}
	return source, version, err
}

func putDraft(ctx context.Context, c *call) (answer, error) {
	var b draftBody
	err := c.take(&b, func(faults *check) {
		faults.source(b.Source)
		faults.version(at("version"), b.Version, 0)
	})
	if err != nil {
		return answer{}, err
	}
	var after *int64
	if b.Version.given {
		after = &b.Version.n
	}
	version, err := c.app.Ledger.SaveDraft(ctx, c.who.Program, []byte(b.Source), after)
	if err != nil {
		return answer{}, outrun(err)
	}
	return answer{body: wire.Draft{Source: b.Source, Version: version}}, nil
}

// outrun replaces already_exists with version_conflict, which is the right code for an object with versions.
func outrun(err error) error {
	if rule, ok := errors.AsType[*loyalty.Error](err); ok && rule.Code == loyalty.AlreadyExists {
		return refuse(versionConflict, "%s", rule.Detail)
	}
	return err
}
