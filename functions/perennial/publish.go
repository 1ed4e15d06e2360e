package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"time"

	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
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
	version, fresh, err := publishSource(ctx, l, f.Program, source)
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

// publishSource makes source, of which p was compiled, the live version of its program unless it is. It says which version is live then, and
// whether it was published now.
func publishSource(ctx context.Context, l *ledger.Ledger, p *loyalty.Program, source []byte) (version int, fresh bool, err error) {
	live, err := l.Live(ctx, p.ID)
	if err != nil {
		return 0, false, err
	}
	if live > 0 {
		was, err := l.Published(ctx, p.ID, live)
		if err != nil {
			return 0, false, err
		}
		if bytes.Equal(was.Source, source) {
			return live, false, nil
		}
	}
	in := ledger.Published{Program: p.ID, Source: source, Snapshot: snapshot.Encode(p), By: "command line"}
	if err := l.Publish(ctx, in, live); err != nil {
		return 0, false, fmt.Errorf("publish %s: %w", p.ID, err)
	}
	return live + 1, true, nil
}
