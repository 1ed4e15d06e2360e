package main

import (
	"context"
	"slices"
	"time"
)

// clientCounts are the numbers of clients with which each scenario is measured.
var clientCounts = []int{1, 8, 32}

// A round contains the results of one round.
type round struct {
	perennial, handwritten, constant sample

	pgbench float64 // operations per second; 0 if pgbench did not run
}

// A row contains the results of all rounds of a scenario with one number of clients.
type row struct {
	scenario *scenario
	clients  int
	rounds   []round
}

// hasPgbench reports whether pgbench runs for this row. It runs only with the largest number of clients. With fewer
// clients, the comparison would mostly measure the additional time for HTTP.
func (r row) hasPgbench() bool {
	return r.scenario.sql != "" && r.clients == slices.Max(clientCounts)
}

// median returns the median over the rounds. The function value returns the value of one round.
func (r row) median(value func(round) float64) float64 {
	var values []float64
	for _, one := range r.rounds {
		values = append(values, value(one))
	}
	return median(values)
}

// rows measures all scenarios, and calls done after each row.
func (r *race) rows(ctx context.Context, done func(row)) (rows []row, err error) {
	for i := range scenarios {
		if !r.only.MatchString(scenarios[i].name) {
			continue
		}
		for _, clients := range clientCounts {
			row := row{scenario: &scenarios[i], clients: clients}
			if err := r.warmUp(ctx, row); err != nil {
				return nil, err
			}
			for range r.rounds {
				one, err := r.round(ctx, row)
				if err != nil {
					return nil, err
				}
				row.rounds = append(row.rounds, one)
			}
			done(row)
			rows = append(rows, row)
		}
	}
	return rows, nil
}

const warmUpTime = 300 * time.Millisecond

// warmUp sends requests to all servers without measuring them.
func (r *race) warmUp(ctx context.Context, row row) error {
	for _, t := range []*target{r.perennial, r.handwritten, r.constant} {
		if _, err := r.load.measure(ctx, t, row.scenario, row.clients, warmUpTime); err != nil {
			return err
		}
	}
	return nil
}

// round measures both services, pgbench and the server with the constant response, one after the other. The constant
// response is measured for half of the time, because its results vary little.
func (r *race) round(ctx context.Context, row row) (one round, err error) {
	length := time.Duration(r.seconds) * time.Second
	if one.perennial, err = r.load.measure(ctx, r.perennial, row.scenario, row.clients, length); err != nil {
		return one, err
	}
	if one.handwritten, err = r.load.measure(ctx, r.handwritten, row.scenario, row.clients, length); err != nil {
		return one, err
	}
	if row.hasPgbench() {
		if one.pgbench, err = r.pgbench(ctx, row.scenario, row.clients); err != nil {
			return one, err
		}
	}
	one.constant, err = r.load.measure(ctx, r.constant, row.scenario, row.clients, length/2)
	return one, err
}
