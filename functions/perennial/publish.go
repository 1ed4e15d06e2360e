package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
)

type publish struct {
	store
	File string `arg:"" help:"The program file. Its id says which program it is."`
}

// Run publishes nothing that has a problem, and nothing twice.
func (c *publish) Run(ctx context.Context) error {
	f, source, err := readProgram(c.File, os.Stdout)
	if err != nil {
		return err
	}
	t, closeTable, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer closeTable()
	l := &ledger.Ledger{Table: t, Now: time.Now}
	version, fresh, err := publishSource(ctx, l, f.Program.ID, source)
	if err != nil {
		return err
	}
	if !fresh {
		fmt.Printf("version %d of %s is live already, with these very words\n", version, f.Program.ID)
		return nil
	}
	fmt.Printf("version %d of %s is live\n", version, f.Program.ID)
	return nil
}

// publishSource makes source the live version of a program unless it is. It says which version is live then, and
// whether it was published now.
func publishSource(ctx context.Context, l *ledger.Ledger, id string, source []byte) (version int, fresh bool, err error) {
	live, err := l.Live(ctx, id)
	if err != nil {
		return 0, false, err
	}
	if live > 0 {
		was, err := l.Published(ctx, id, live)
		if err != nil {
			return 0, false, err
		}
		if bytes.Equal(was.Source, source) {
			return live, false, nil
		}
	}
	in := ledger.Published{Program: id, Source: source, By: "command line"}
	if err := l.Publish(ctx, in, live); err != nil {
		return 0, false, fmt.Errorf("publish %s: %w", id, err)
	}
	return live + 1, true, nil
}
