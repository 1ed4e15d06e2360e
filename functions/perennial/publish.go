package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/ledger"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
)

// commandLine is stored as the actor of changes by the command line, because there is no API
// key.
const commandLine = "command_line"

type publish struct {
	store
	File        string     `arg:"" help:"Program file. It contains the program's ID."`
	TierChanges string     `enum:",upgrade_only,full" default:"" placeholder:"upgrade_only|full" help:"${tiers}"`
	EffectiveAt *time.Time `format:"2006-01-02T15:04:05Z07:00" placeholder:"INSTANT" help:"${publish_effective_at}"`
	Recall      bool       `help:"${publish_recall}"`
}

// Run publishes the file. It publishes nothing if the file has a problem or is already live.
func (c *publish) Run(ctx context.Context) error {
	f, source, err := readProgram(c.File, os.Stdout)
	if err != nil {
		return err
	}
	return c.programs(ctx, func(p *app.Programs) error {
		version, fresh, err := p.Publish(ctx, app.Publication{
			Program: f.Program, Source: source, By: commandLine, At: c.EffectiveAt,
			Levels: loyalty.RefreshMode(c.TierChanges), Recall: c.Recall,
		})
		if err != nil {
			return refused(err)
		}
		s, err := p.Catalog.Schedule(ctx, f.Program.ID)
		if err != nil {
			return err
		}
		already := ""
		if !fresh {
			already = " already, with the same file"
		}
		if version == s.Live {
			fmt.Printf("version %d of %s is live%s\n", version, f.Program.ID, already)
		}
		for _, n := range s.Next {
			if n.Version == version {
				fmt.Printf(
					"version %d of %s takes effect at %s%s\n", version, f.Program.ID, n.At.Format(time.RFC3339),
					already,
				)
				continue
			}
			fmt.Printf("version %d still takes effect at %s\n", n.Version, n.At.Format(time.RFC3339))
		}
		if n := len(s.Past); c.Recall && n > 0 {
			fmt.Printf("version %d was recalled\n", s.Past[n-1].Version)
		}
		return nil
	})
}

type rollback struct {
	store
	Program     string `arg:"" help:"ID of the program."`
	TierChanges string `enum:",upgrade_only,full" default:"" placeholder:"upgrade_only|full" help:"${rollback_tiers}"`
	Version     int    `arg:"" help:"${rollback_version}"`
	Recall      bool   `help:"${rollback_recall}"`
}

// Run publishes the file of an earlier version as a new version.
func (c *rollback) Run(ctx context.Context) error {
	return c.programs(ctx, func(p *app.Programs) error {
		was, err := p.Catalog.Published(ctx, c.Program, c.Version)
		if err != nil {
			return refused(err)
		}
		f, err := parse(fmt.Sprintf("version %d", c.Version), was.Source, os.Stdout)
		if err != nil {
			return err
		}
		before, err := p.Catalog.Schedule(ctx, c.Program)
		if err != nil {
			return err
		}
		version, fresh, err := p.Publish(ctx, app.Publication{
			Program: f.Program, Source: was.Source, By: commandLine, Back: true,
			Levels: loyalty.RefreshMode(c.TierChanges),
			Recall: c.Recall, Version: c.Version,
		})
		if err != nil {
			return refused(err)
		}
		c.say(before, version, fresh)
		after, err := p.Catalog.Schedule(ctx, c.Program)
		for _, v := range after.Past {
			if v.Recalled && c.Recall && fresh && !slices.Contains(before.Past, v) {
				fmt.Printf("version %d was recalled\n", v.Version)
			}
		}
		return err
	})
}

func (c *rollback) say(before ledger.Schedule, version int, fresh bool) {
	if fresh {
		fmt.Printf("version %d of %s is live, with the file of version %d\n", version, c.Program, c.Version)
	} else {
		fmt.Printf("version %d of %s remains live\n", version, c.Program)
	}
	for _, n := range before.Next {
		fmt.Printf("version %d, scheduled for %s, was withdrawn\n", n.Version, n.At.Format(time.RFC3339))
	}
}
