package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/program/compare"
)

type diff struct {
	maybeStore
	Old string `arg:"" help:"${diff_old}"`
	New string `arg:"" optional:"" help:"Newer program file."`
}

// Run prints one line for each value that differs.
func (c *diff) Run(ctx context.Context) error {
	if c.New != "" {
		return c.files()
	}
	if c.Table == "" && c.Data == "" {
		return errors.New("specify a second file, or --table or --data for the live version")
	}
	f, source, err := readProgram(c.Old, os.Stderr)
	if err != nil {
		return err
	}
	in := store(c.maybeStore)
	return in.programs(ctx, func(p *app.Programs) error {
		live, err := p.Catalog.Live(ctx, f.Program.ID)
		if err != nil {
			return err
		}
		if live == 0 {
			return fmt.Errorf("%s has no live version", f.Program.ID)
		}
		was, err := p.Catalog.Published(ctx, f.Program.ID, live)
		if err != nil {
			return err
		}
		return printDiff(was.Source, source)
	})
}

func (c *diff) files() error {
	var sources [2][]byte
	for i, path := range []string{c.Old, c.New} {
		source, err := readSource(path)
		if err != nil {
			return err
		}
		if problems := compare.Readable(source); len(problems) > 0 {
			return printProblems(path, problems, os.Stderr)
		}
		sources[i] = source
	}
	return printDiff(sources[0], sources[1])
}

func printDiff(older, newer []byte) error {
	changes, problems := compare.Diff(older, newer)
	for _, c := range changes {
		fmt.Println(c)
	}
	if len(changes) == 0 && len(problems) == 0 {
		fmt.Println("The programs are equivalent.")
	}
	return problems.Err()
}
