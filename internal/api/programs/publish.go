package programs

import (
	"context"
	"time"

	"github.com/perennial-loyalty/perennial/internal/api/request"
	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/problem"
)

// A PublishBody is the body of a publication.
type PublishBody struct {
	After       request.Whole `json:"after"`
	EffectiveAt *time.Time    `json:"effective_at"`
	Levels      string        `json:"tier_changes"`
	Recall      bool          `json:"recall"`
}

// A RollbackBody is the body of a rollback.
type RollbackBody struct {
	Version request.Whole `json:"version"`
	Levels  string        `json:"tier_changes"`
	Recall  bool          `json:"recall"`
}

// levels checks the value that states how publishing may change members' levels.
func levels(c *request.Check, s string) loyalty.RefreshMode {
	mode := loyalty.RefreshMode(s)
	if mode != "" && mode != loyalty.UpgradeOnly && mode != loyalty.FullRefresh {
		c.Fault(request.At("tier_changes"), loyalty.ValidationFailed, "This must be upgrade_only or full.")
	}
	return mode
}

func publishProgram(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b PublishBody
	var mode loyalty.RefreshMode
	err := c.Take(&b, func(faults *request.Check) {
		version(faults, request.At("after"), b.After, 0)
		mode = levels(faults, b.Levels)
	})
	if err != nil {
		return request.Answer{}, err
	}
	source, _, err := draft(ctx, c)
	if err != nil {
		return request.Answer{}, err
	}
	in := app.Publication{Source: source, At: b.EffectiveAt, Levels: mode, Recall: b.Recall}
	if b.After.Given {
		after := int(b.After.N)
		in.After = &after
	}
	return publish(ctx, c, in)
}

func rollbackProgram(ctx context.Context, c *request.Call) (request.Answer, error) {
	var b RollbackBody
	var mode loyalty.RefreshMode
	err := c.Take(&b, func(faults *request.Check) {
		faults.Required(request.At("version"), b.Version.Given)
		version(faults, request.At("version"), b.Version, 1)
		mode = levels(faults, b.Levels)
	})
	if err != nil {
		return request.Answer{}, err
	}
	v, err := c.App.Catalog.Published(ctx, c.Who.Program, int(b.Version.N))
	if err != nil {
		return request.Answer{}, err
	}
	return publish(ctx, c,
		app.Publication{Source: v.Source, Back: true, Levels: mode, Recall: b.Recall, Version: v.Version})
}

// publish compiles and publishes a program file. It returns the answer for the new version.
func publish(ctx context.Context, c *request.Call, in app.Publication) (request.Answer, error) {
	p, errs, _ := compile(c, in.Source)
	if len(errs) > 0 {
		return request.Answer{}, unpublishable(errs)
	}
	in.Program, in.By = p, c.Who.ID
	version, _, err := c.App.Programs.Publish(ctx, in)
	if err != nil {
		return request.Answer{}, versionConflict(err)
	}
	return published(ctx, c, version)
}

func unpublishable(problems problem.Problems) error {
	r := request.Refuse(loyalty.ValidationFailed,
		"The file has problems. POST /v1/program/validate lists them with line and column.")
	for _, p := range problems[:min(len(problems), request.MaxFaults)] {
		r.Faults = append(r.Faults, wire.ProblemError{
			Pointer: p.Path, Code: string(loyalty.ValidationFailed), Detail: p.String(),
		})
	}
	return r
}
