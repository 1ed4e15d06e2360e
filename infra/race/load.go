package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// A target is a server that is measured.
type target struct {
	*server
	members []string // the IDs of the members that the server has
	pids    []int    // the IDs of the server's processes; the CPU time of their descendants counts too
}

// A sample is the result of one measurement.
type sample struct {
	rate     float64 // operations per second
	p50, p99 float64 // percentiles of the latency in milliseconds
	cpu      float64 // CPU time of the server per operation in microseconds
}

// A load sends requests to a server and measures the responses.
type load struct {
	phases int // the number of measurements so far, which makes IDs unique
}

// measure runs operations with a number of clients for some time. It counts the operations that began in that time, and
// divides their number by the time until the last one ended.
func (l *load) measure(
	ctx context.Context, t *target, s *scenario, clients int, length time.Duration,
) (sample, error) {
	workers, err := l.workers(t, clients)
	defer func() {
		for _, w := range workers {
			_ = w.conn.Close()
		}
	}()
	if err != nil {
		return sample{}, err
	}
	before, err := cpuTime(t.pids...)
	if err != nil {
		return sample{}, err
	}
	took := make([][]time.Duration, clients)
	failures := make([]error, clients)
	start := time.Now()
	var all sync.WaitGroup
	for i, w := range workers {
		all.Go(func() { took[i], failures[i] = w.drive(ctx, t, s, i, clients, start.Add(length)) })
	}
	all.Wait()
	elapsed := time.Since(start)
	after, cpuErr := cpuTime(t.pids...)
	if err := errors.Join(append(failures, cpuErr, ctx.Err())...); err != nil {
		return sample{}, fmt.Errorf("race: %s with %d clients: %w", s.name, clients, err)
	}
	sorted := slices.Concat(took...)
	slices.Sort(sorted)
	n := float64(len(sorted))
	return sample{
		rate: n / elapsed.Seconds(),
		p50:  percentile(sorted, 50).Seconds() * 1e3,
		p99:  percentile(sorted, 99).Seconds() * 1e3,
		cpu:  (after - before).Seconds() * 1e6 / n,
	}, nil
}

// workers connects the clients. If there is an error, it also returns the clients that were already connected.
func (l *load) workers(t *target, clients int) (workers []*worker, err error) {
	l.phases++
	for i := range clients {
		c, err := dial(t.address())
		if err != nil {
			return workers, err
		}
		prefix := fmt.Sprintf("race-%06d-%03d-", l.phases, i)
		workers = append(workers, &worker{client: c, key: t.Key, prefix: prefix})
	}
	return workers, nil
}

// stride is a prime number that is larger than the number of members. With this step, operations use all members
// evenly, and consecutive operations use members that are far apart.
const stride = 1_000_003

// drive runs operations until the instant end. Each of the clients has an index from 0 to clients - 1. drive returns
// the duration of each operation.
func (w *worker) drive(
	ctx context.Context, t *target, s *scenario, index, clients int, end time.Time,
) (took []time.Duration, err error) {
	took = make([]time.Duration, 0, 1<<14)
	for start := time.Now(); start.Before(end) && ctx.Err() == nil; {
		member := t.members[0]
		if !s.hot {
			member = t.members[(index+w.next*clients)*stride%len(t.members)]
		}
		if err := w.operate(s, member); err != nil {
			return nil, err
		}
		now := time.Now()
		took = append(took, now.Sub(start))
		start = now
	}
	return took, nil
}
