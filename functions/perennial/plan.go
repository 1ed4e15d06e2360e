package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/perennial-loyalty/perennial/internal/local"
)

type plan struct {
	Members  string        `default:"100e6" help:"How many members fall due at once."`
	Changing float64       `default:"1" help:"For which share of them something changes."`
	Shards   int           `default:"16" help:"The shards of the queue of what is due."`
	Workers  int           `default:"16" help:"Workers at once (MaximumConcurrency in the template)."`
	Latency  time.Duration `default:"12ms" help:"What a member takes, waiting for the table."`
	Table    float64       `default:"40000" help:"Write units that the table takes in a second."`
}

// Run plays through a day on which so many members fall due at once.
func (c *plan) Run() error {
	members, err := strconv.ParseFloat(c.Members, 64)
	possible := members >= 1 && members <= 1e12 && c.Shards >= 1 && c.Shards <= 256 && c.Workers >= 1 && c.Latency > 0 &&
		c.Table > 0 && c.Changing >= 0 && c.Changing <= 1 // which NaN is not
	if err != nil || !possible {
		return errors.New("that is no plan: members from 1 to 1e12, 1 to 256 shards, a share from 0 to 1, and all else above zero")
	}
	p := local.Assumed()
	p.Members, p.Changing, p.Shards, p.Workers, p.Latency, p.Table = members, c.Changing, c.Shards, c.Workers, c.Latency, c.Table
	e := p.Simulate()
	fmt.Printf("%.0f members take %s: %.0f a second, bound by %s\n", members, e.Took, e.Rate, e.Bound)
	fmt.Printf("%d invocations of %d workers on %d shards\n", e.Invocations, min(p.Workers, p.Shards), p.Shards)
	fmt.Printf("%.0f write units and %.0f read units; the table must be warm for %.0f write units a second, and its index for three quarters of that\n", e.Writes, e.Reads, e.Warm)
	fmt.Printf("about %.0f dollars\n", e.Dollars)
	return nil
}
