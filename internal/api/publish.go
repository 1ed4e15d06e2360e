package api

import (
	"context"
	"time"

	"github.com/perennial-loyalty/perennial/internal/api/wire"
	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/problem"
)

type publishBody struct {
	After       whole      `json:"after"`
	EffectiveAt *time.Time `json:"effective_at"`
	Levels      string     `json:"tier_changes"`
	Recall      bool       `json:"recall"`
}

type rollbackBody struct {
	Version whole  `json:"version"`
	Levels  string `json:"tier_changes"`
	Recall  bool   `json:"recall"`
}

// levels checks how publishing may change members' levels.
func (c *check) levels(s string) loyalty.RefreshMode {
	mode := loyalty.RefreshMode(s)
	if mode != "" && mode != loyalty.UpgradeOnly && mode != loyalty.FullRefresh {
		c.fault(at("tier_changes"), loyalty.ValidationFailed, "This must be upgrade_only or full.")
	}
	return mode
}

func publishProgram(ctx context.Context, c *call) (answer, error) {
	var b publishBody
	var mode loyalty.RefreshMode
	err := c.take(&b, func(faults *check) {
		faults.version(at("after"), b.After, 0)
		mode = faults.levels(b.Levels)
	})
	if err != nil {
		return answer{}, err
	}
	source, _, err := c.draft(ctx)
	if err != nil {
		return answer{}, err
	}
	in := app.Publication{Source: source, At: b.EffectiveAt, Levels: mode, Recall: b.Recall}
	if b.After.given {
		after := int(b.After.n)
		in.After = &after
	}
	return c.publish(ctx, in)
}

func rollbackProgram(ctx context.Context, c *call) (answer, error) {
	var b rollbackBody
	var mode loyalty.RefreshMode
	err := c.take(&b, func(faults *check) {
		faults.required(at("version"), b.Version.given)
		faults.version(at("version"), b.Version, 1)
		mode = faults.levels(b.Levels)
	})
	if err != nil {
		return answer{}, err
	}
	v, err := c.app.Ledger.Published(ctx, c.who.Program, int(b.Version.n))
	if err != nil {
		return answer{}, err
	}
	return c.publish(ctx,
		app.Publication{Source: v.Source, Back: true, Levels: mode, Recall: b.Recall, Version: v.Version})
}

// publish compiles and publishes a program file, and answers with its version.
func (c *call) publish(ctx context.Context, in app.Publication) (answer, error) {
	p, errs, _ := c.checked(in.Source)
	if len(errs) > 0 {
		return answer{}, unpublishable(errs)
	}
	in.Program, in.By = p, c.who.ID
	version, _, err := c.app.Programs.Publish(ctx, in)
	if err != nil {
		return answer{}, outrun(err)
	}
	return c.published(ctx, version)
}

func unpublishable(problems problem.Problems) error {
	r := refuse(loyalty.ValidationFailed,
		"The file has problems. POST /v1/program/validate lists them with line and column.")
	for _, p := range problems[:min(len(problems), maxFaults)] {
		r.faults = append(r.faults, wire.ProblemError{
			Pointer: p.Path, Code: string(loyalty.ValidationFailed), Detail: p.String(),
		})
	}
	return r
}
