package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/perennial-loyalty/perennial/internal/local"
)

type estimateNight struct {
	Members  string        `default:"100e6" help:"Number of due members."`
	Changing float64       `default:"1" help:"Share of due members with changes, from 0 to 1."`
	Shards   int           `default:"16" help:"Shards of the due index."`
	Workers  int           `default:"16" help:"Concurrent workers (MaximumConcurrency in the template)."`
	Latency  time.Duration `default:"12ms" help:"Time per member, waiting for the table."`
	Table    float64       `default:"40000" help:"Write units per second of the table."`
}

// Run simulates a day on which the given number of members are due.
func (c *estimateNight) Run() error {
	members, err := strconv.ParseFloat(c.Members, 64)
	possible := members >= 1 && members <= 1e12 && c.Shards >= 1 && c.Shards <= 256 && c.Workers >= 1 &&
		c.Latency > 0 &&
		c.Table > 0 && c.Changing >= 0 && c.Changing <= 1 // also false for NaN
	if err != nil || !possible {
		return errors.New(
			"invalid flags: " +
				"use 1 to 1e12 members, 1 to 256 shards, a share from 0 to 1, and positive values for the rest",
		)
	}
	p := local.Assumed()
	p.Members, p.Changing, p.Shards, p.Workers = members, c.Changing, c.Shards, c.Workers
	p.Latency, p.Table = c.Latency, c.Table
	e := p.Simulate()
	fmt.Printf("%.0f members take %s: %.0f per second, limited by %s\n", members, e.Took, e.Rate, e.Bound)
	fmt.Printf("%d invocations of %d workers on %d shards\n", e.Invocations, min(p.Workers, p.Shards), p.Shards)
	fmt.Printf(
		"%.0f write units and %.0f read units; "+
			"the table must be warmed up to %.0f write units per second, and its index to three quarters of that\n",
		e.Writes, e.Reads, e.Warm,
	)
	fmt.Printf("about %.0f dollars\n", e.Dollars)
	return nil
}
