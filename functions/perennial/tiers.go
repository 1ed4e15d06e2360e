package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/catalog"
	"github.com/perennial-loyalty/perennial/internal/ledger/stored"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/engine"
)

type tiersCmd struct {
	Preview tiersPreview `cmd:"" help:"List upcoming tier changes."`
}

type tiersPreview struct {
	store
	Program     string     `arg:"" help:"ID of the program."`
	Until       *time.Time `format:"2006-01-02T15:04:05Z07:00" placeholder:"INSTANT" help:"${tiers_preview_until}"`
	File        string     `type:"path" help:"${tiers_preview_file}"`
	TierChanges string     `enum:"upgrade_only,full" default:"full" help:"${tiers_preview_tier_changes}"`
}

// Run prints one line for each member whose level will change. It also prints the number of members for each kind of
// change.
func (c *tiersPreview) Run(ctx context.Context) error {
	return c.programs(ctx, func(p *app.Programs) error {
		live, err := p.Live(ctx, c.Program)
		if err != nil {
			return refused(err)
		}
		now := p.Now().UTC().Truncate(time.Millisecond)
		v := catalog.LevelPreview{Live: live, Now: now, Until: now.Add(time.Millisecond)}
		if v.Next, err = c.next(live, v.Until); err != nil {
			return err
		}
		if c.Until != nil {
			v.Until = *c.Until
		}
		return c.list(ctx, p.Catalog, v)
	})
}

// next returns the program that determines the future levels: the program in the file or, if there is none, the live
// program.
func (c *tiersPreview) next(live *loyalty.Program, now time.Time) (*loyalty.Program, error) {
	if c.File == "" {
		return live, nil
	}
	f, _, err := readProgram(c.File, os.Stderr)
	if err != nil {
		return nil, err
	}
	if f.Program.ID != c.Program {
		return nil, fmt.Errorf("%s is for the program %s, not %s", c.File, f.Program.ID, c.Program)
	}
	engine.Supersede(f.Program, live, now, loyalty.RefreshMode(c.TierChanges))
	return f.Program, nil
}

func (c *tiersPreview) list(ctx context.Context, cs catalog.Catalog, v catalog.LevelPreview) error {
	evaluated, moves := 0, map[string]int{}
	for shard := range stored.Shards {
		for x, err := range cs.LevelChanges(ctx, v, shard, "") {
			if err != nil {
				return err
			}
			if evaluated++; x.From == x.To {
				continue
			}
			moves[x.From+" to "+x.To]++
			fmt.Printf("%s  %s  %s\n", x.Member, x.At.Format(time.RFC3339), x.Because.Effect())
		}
	}
	fmt.Printf("%d members evaluated, excluding members without time-dependent changes\n", evaluated)
	for _, kind := range slices.Sorted(maps.Keys(moves)) {
		fmt.Printf("%6d from %s\n", moves[kind], kind)
	}
	return nil
}
