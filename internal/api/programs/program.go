package programs

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program"
	"github.com/perennial-loyalty/perennial/internal/program/describe"
)

// maxSource is the maximum length of a program file in characters. 5,000 campaigns of 400 characters fit. The response
// that describes the program must fit into the 6 MB of a Lambda response.
const maxSource = 2_000_000

// A DraftBody is the body of a draft.
type DraftBody struct {
	Source  string        `json:"source"`
	Version request.Whole `json:"version"`
}

// version checks an optional version number.
func version(c *request.Check, p request.Place, w request.Whole, least int64) {
	switch {
	case w.Given && w.N < least:
		c.Fault(p, loyalty.AmountNotPositive, "The version must be a whole number of at least %d.", least)
	case w.N > int64(loyalty.MaxPoints):
		c.Fault(p, loyalty.AmountOutOfRange, "The version number is too large.")
	}
}

// checkSource checks the length of a program file.
func checkSource(c *request.Check, s string) {
	if n := utf8.RuneCountInString(s); n < 1 || n > maxSource {
		c.Fault(
			request.At("source"), loyalty.ValidationFailed, "A program file must have 1 to %d characters.", maxSource,
		)
	} else if len(s) > program.MaxSource {
		c.Fault(request.At("source"), loyalty.ValidationFailed, "A program file must have at most %d bytes in UTF-8.",
			program.MaxSource)
	}
}

func retrieveProgram(ctx context.Context, c *request.Call) (request.Answer, error) {
	return published(ctx, c, 0)
}

// published returns the answer for a version of the program, or for the live version if the parameter version is zero.
// It reads the table and not the 30-second cache, because another process may have just published a version.
func published(ctx context.Context, c *request.Call, version int) (request.Answer, error) {
	schedule, err := c.App.Catalog.Schedule(ctx, c.Who.Program)
	if err != nil {
		return request.Answer{}, err
	}
	if version == 0 {
		version = schedule.Live
	}
	if version == 0 {
		return request.Answer{}, app.ErrNotPublished
	}
	v, err := c.App.Catalog.Published(ctx, c.Who.Program, version)
	if err != nil {
		return request.Answer{}, err
	}
	p, err := c.App.Programs.Version(ctx, c.Who.Program, version)
	if err != nil {
		return request.Answer{}, err
	}
	return request.Answer{Body: wire.Program{
		Program: v.Program, Version: v.Version, Status: wire.ProgramStatus(catalog.StatusOf(schedule, v)),
		PublishedAt: v.At.UTC(), PublishedBy: v.By, EffectiveAt: v.Effective,
		Source: string(v.Source), RulesText: explained(p),
	}}, nil
}

// explained returns the sentences that describe a program.
func explained(p *loyalty.Program) []string {
	return strings.Split(strings.TrimSpace(describe.Explain(p)), "\n")
}

func listVersions(ctx context.Context, c *request.Call) (request.Answer, error) {
	size, err := c.PageSize()
	if err != nil {
		return request.Answer{}, err
	}
	cursor, err := c.Cursor("")
	if err != nil {
		return request.Answer{}, err
	}
	schedule, err := c.App.Catalog.Schedule(ctx, c.Who.Program)
	if err != nil {
		return request.Answer{}, err
	}
	versions, more, err := request.FirstPage(
		c.App.Catalog.Versions(ctx, c.Who.Program, int(cursor.Number()), size+1), size,
	)
	if err != nil {
		return request.Answer{}, err
	}
	list := wire.VersionList{}
	for _, v := range versions {
		list.Data = append(list.Data, wire.Version{
			Version: v.Version, Status: wire.VersionStatus(catalog.StatusOf(schedule, v)), PublishedAt: v.At.UTC(),
			PublishedBy: v.By, EffectiveAt: v.Effective,
		})
	}
	if more {
		list.NextCursor = cursor.AtNumber(int64(versions[size-1].Version))
	}
	return request.Answer{Body: list}, nil
}

// draft returns the draft and its version, or not_found if there is no draft.
func draft(ctx context.Context, c *request.Call) ([]byte, int64, error) {
	source, version, err := c.App.Catalog.Draft(ctx, c.Who.Program)
	if err == nil && version == 0 {
		err = request.Refuse(loyalty.NotFound, request.NotFoundDetail)
	}
	return source, version, err
}

func retrieveDraft(ctx context.Context, c *request.Call) (request.Answer, error) {
	source, version, err := draft(ctx, c)
	if err != nil {
		return request.Answer{}, err
	}
	return request.Answer{Body: wire.Draft{Source: string(source), Version: version}}, nil
}

func updateDraft(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b DraftBody
	err := c.Take(&b, func(faults *request.Check) {
		checkSource(faults, b.Source)
		version(faults, request.At("version"), b.Version, 0)
	})
	if err != nil {
		return request.Answer{}, err
	}
	var after *int64
	if b.Version.Given {
		after = &b.Version.N
	}
	version, err := c.App.Catalog.SaveDraft(ctx, c.Who.Program, []byte(b.Source), after)
	if err != nil {
		return request.Answer{}, versionConflict(err)
	}
	return request.Answer{Body: wire.Draft{Source: b.Source, Version: version}}, nil
}

// versionConflict replaces the error code already_exists with version_conflict, which is the code for objects with
// versions.
func versionConflict(err error) error {
	if rule, ok := errors.AsType[*loyalty.Error](err); ok && rule.Code == loyalty.AlreadyExists {
		return request.Refuse(request.VersionConflict, "%s", rule.Detail)
	}
	return err
}
