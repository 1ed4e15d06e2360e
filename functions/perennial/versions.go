package main

import (
	"context"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/catalog"
)

type versions struct {
	store
	Program string `arg:"" help:"ID of the program."`
}

// Run prints one line for each version: the number, the status, the time at which it becomes live, and the publisher.
func (c *versions) Run(ctx context.Context) error {
	return c.programs(ctx, func(p *app.Programs) error {
		s, err := p.Catalog.Schedule(ctx, c.Program)
		if err != nil {
			return err
		}
		if s.Last == 0 {
			return fmt.Errorf("%s has no published version", c.Program)
		}
		out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(out, "version\tstatus\teffective at\tpublished by")
		for v, err := range p.Catalog.Versions(ctx, c.Program, 0, 0) {
			if err != nil {
				return err
			}
			fmt.Fprintf(
				out, "%d\t%s\t%s\t%s\n", v.Version, catalog.StatusOf(s, v), v.Effective.Format(time.RFC3339), v.By,
			)
		}
		return out.Flush()
	})
}
