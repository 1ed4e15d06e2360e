package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

type reassess struct {
	store
	Program string     `arg:"" help:"The program's id."`
	Preview bool       `required:"" help:"List whose level will change, and change nothing. The schedule does the rest."`
	Until   *time.Time `format:"2006-01-02T15:04:05Z07:00" placeholder:"INSTANT" help:"By when, such as 2027-01-01T00:00:00+01:00. Left out: now."`
	File    string     `type:"path" help:"By this program file, as if it were published now, rather than by the live version."`
	Levels  string     `enum:"upgrade_only,full" default:"full" help:"With --file, if what levels take differs: whether members only move up by it, or also down."`
}

// Run prints a line for every member whose level will change, and how many of each there are.
func (c *reassess) Run(ctx context.Context) error {
	return c.programs(ctx, func(p *app.Programs) error {
		live, err := p.Live(ctx, c.Program)
		if err != nil {
			return refused(err)
		}
		// Every member is looked at as of one instant, and the file takes effect right after it: time that has passed for
		// an account under the live version does not pass again under another one.
		now := p.Now().UTC().Truncate(time.Millisecond)
		still := *p.Ledger
		still.Now = func() time.Time { return now }
		next, err := c.next(live, now.Add(time.Millisecond))
		if err != nil {
			return err
		}
		until := now.Add(time.Millisecond)
		if c.Until != nil {
			until = *c.Until
		}
		return c.list(ctx, &still, live, next, until)
	})
}

// next is the program that is to decide.
func (c *reassess) next(live *loyalty.Program, now time.Time) (*loyalty.Program, error) {
	if c.File == "" {
		return live, nil
	}
	f, _, err := readProgram(c.File, os.Stderr)
	if err != nil {
		return nil, err
	}
	if f.Program.ID != c.Program {
		return nil, fmt.Errorf("%s is of program %s, not %s", c.File, f.Program.ID, c.Program)
	}
	f.Program.Supersede(live, now, loyalty.RefreshMode(c.Levels))
	return f.Program, nil
}

func (c *reassess) list(ctx context.Context, l *ledger.Ledger, live, next *loyalty.Program, until time.Time) error {
	looked, moves := 0, map[string]int{}
	for shard := range ledger.Shards {
		for x, err := range l.LevelChanges(ctx, live, next, shard, "", until) {
			if err != nil {
				return err
			}
			if looked++; x.From == x.To {
				continue
			}
			moves[x.From+" to "+x.To]++
			fmt.Printf("%s  %s  %s\n", x.Member, x.At.Format(time.RFC3339), x.Because.Effect())
		}
	}
	fmt.Printf("%d members were looked at; those for whom time never does anything were not\n", looked)
	for _, kind := range slices.Sorted(maps.Keys(moves)) {
		fmt.Printf("%6d from %s\n", moves[kind], kind)
	}
	return nil
}
