package main

import (
	"context"
	"fmt"
	"os"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/erasure"
	"github.com/perennial-loyalty/perennial/internal/ledger"
)

type erasuresCmd struct {
	Apply erasuresApply `cmd:"" help:"${erasures_apply}"`
}

type erasuresApply struct {
	store
	Program string `required:"" help:"ID of the program."`
	File    string `arg:"" type:"existingfile" help:"File with pages of GET /v1/erasures, or lines of the log."`
}

// Run applies the erasures and prints one line for each member.
func (c *erasuresApply) Run(ctx context.Context) error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	return c.programs(ctx, func(programs *app.Programs) error {
		p, err := programs.Live(ctx, c.Program)
		if err != nil {
			return err
		}
		l := programs.Catalog.Ledger
		es := erasure.Erasures{Ledger: &ledger.Ledger{
			Table: l.Table, Now: l.Now, Program: programs.Version, Versions: programs.Schedule,
		}}
		for e, err := range erasure.ReadList(f, c.Program) {
			if err != nil {
				return err
			}
			done, err := es.Reapply(ctx, p, e)
			if err != nil {
				return fmt.Errorf("erase %s: %w", e.Member, err)
			}
			if done {
				fmt.Println("erased:", e.Member)
			}
		}
		return nil
	})
}
