package main

import (
	"context"
	"fmt"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/switches"
)

type switchesCmd struct {
	Set  switchesSet  `cmd:"" help:"Stop the listed parts of a program and release the others, within 30 seconds."`
	Show switchesShow `cmd:"" help:"Print which parts of a program are stopped."`
}

type switchesSet struct {
	originStore
	Stopped []switches.Switch `arg:"" optional:"" enum:"earn,redeem,read_only" help:"Parts to stop: ${enum}."`
	Reason  string            `required:"" help:"Reason, for the audit list."`
}

// Run sets the switches and prints them.
func (c *switchesSet) Run(ctx context.Context) error {
	return c.programs(ctx, func(s *app.Programs) error {
		state, err := s.Catalog.SetSwitches(ctx, c.Program, c.Stopped, c.Reason, commandLine)
		if err == nil {
			printSwitches(state)
		}
		return err
	})
}

type switchesShow struct{ originStore }

// Run prints the switches.
func (c *switchesShow) Run(ctx context.Context) error {
	return c.programs(ctx, func(s *app.Programs) error {
		schedule, err := s.Catalog.Schedule(ctx, c.Program)
		if err == nil {
			printSwitches(schedule.Switches)
		}
		return err
	})
}

// printSwitches prints one line for each switch that is set, with the reason.
func printSwitches(s switches.State) {
	for _, w := range s.Stopped {
		fmt.Printf("%s\t%s\n", w, s.Reason)
	}
	if len(s.Stopped) == 0 {
		fmt.Println("nothing is stopped")
	}
}
