package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"unicode/utf8"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program"
)

type draft struct {
	Save draftSave `cmd:"" help:"Store a file as the draft, even if it is invalid."`
	Show draftShow `cmd:"" help:"Print the draft."`
}

type draftSave struct {
	store
	Program string `arg:"" help:"ID of the program."`
	File    string `arg:"" help:"Program file."`
}

// Run stores the file as the draft. It replaces an earlier draft.
func (c *draftSave) Run(ctx context.Context) error {
	source, err := readSource(c.File)
	if err != nil {
		return err
	}
	if !utf8.Valid(source) {
		return fmt.Errorf("%s is not UTF-8", c.File)
	}
	return c.programs(ctx, func(p *app.Programs) error {
		version, err := p.Catalog.SaveDraft(ctx, c.Program, source, nil)
		if err != nil {
			return refused(err)
		}
		fmt.Printf("stored as draft %d of %s\n", version, c.Program)
		if _, problems := program.Parse(source); len(problems) > 0 {
			fmt.Printf("It cannot be published yet; run perennial program validate %s for the problems.\n", c.File)
		}
		return nil
	})
}

type draftShow struct {
	store
	Program string `arg:"" help:"ID of the program."`
}

// Run prints the draft as it was stored. Standard output contains nothing else.
func (c *draftShow) Run(ctx context.Context) error {
	return c.programs(ctx, func(p *app.Programs) error {
		source, version, err := p.Catalog.Draft(ctx, c.Program)
		if err != nil {
			return err
		}
		if version == 0 {
			return fmt.Errorf("%s has no draft", c.Program)
		}
		_, err = os.Stdout.Write(source)
		return err
	})
}

// refused returns the text of a rejection without the error code, because the code has no use at a terminal.
func refused(err error) error {
	no, ok := errors.AsType[*loyalty.Error](err)
	switch {
	case !ok:
		return err
	case no.Pointer == "/effective_at":
		return errors.New("--effective-at: " + no.Detail)
	case no.Pointer == "/recall":
		return errors.New("--recall: " + no.Detail)
	}
	return errors.New(no.Detail)
}
