package main

import (
	"bytes"
	"context"
	"fmt"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program"
	"github.com/perennial-loyalty/perennial/internal/table"
)

// A candidate is the program that perennial dev will serve. It is the file of --program, a program in the table, or the
// demo program.
type candidate struct {
	id      string
	program *loyalty.Program // the program to publish; nil if the table already contains the program
	source  []byte
}

// candidate selects the program. Without --program, it selects a program in the table and does not change it. If the
// table has none, it selects the demo program.
func (d *dev) candidate(ctx context.Context, given *program.File, source []byte, t table.Table) (candidate, error) {
	if given != nil {
		return candidate{given.Program.ID, given.Program, source}, nil
	}
	for id, err := range (catalog.Catalog{Ledger: &ledger.Ledger{Table: t}}).ProgramIDs(ctx) {
		return candidate{id: id}, err
	}
	source = program.Demo()
	file, problems := program.Parse(source)
	if err := problems.Err(); err != nil {
		return candidate{}, err
	}
	return candidate{file.Program.ID, file.Program, source}, nil
}

// publish publishes the candidate, unless the file was published before. It returns the live version, and reports
// whether this is the first version of the program (fresh). The returned note is empty, or states why nothing was
// published.
func (c candidate) publish(
	ctx context.Context, s *app.Programs,
) (live *loyalty.Program, fresh bool, note string, err error) {
	if c.program != nil {
		before, err := c.publishedBefore(ctx, s.Catalog)
		if err != nil {
			return nil, false, "", err
		}
		if before == 0 {
			in := app.Publication{Program: c.program, Source: c.source, By: commandLine, Levels: loyalty.UpgradeOnly}
			version, _, err := s.Publish(ctx, in)
			if err != nil {
				return nil, false, "", err
			}
			live, err = s.Version(ctx, c.id, version)
			return live, version == 1, "", err
		}
		note = fmt.Sprintf("the file was published before, as version %d", before)
	}
	live, err = s.Live(ctx, c.id)
	if err == nil && c.program == nil {
		note = "found in the data"
	}
	return live, false, note, err
}

// publishedBefore returns the newest version that has exactly the candidate's file, or zero if there is none.
func (c candidate) publishedBefore(ctx context.Context, cs catalog.Catalog) (int, error) {
	for v, err := range cs.Versions(ctx, c.id, 0, 0) {
		if err != nil {
			return 0, err
		}
		source, err := cs.Source(ctx, v)
		if err != nil {
			return 0, err
		}
		if bytes.Equal(source, c.source) {
			return v.Version, nil
		}
	}
	return 0, nil
}
