package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

// pgbench runs the SQL of a scenario without the service. It returns the number of operations per second.
func (r *race) pgbench(ctx context.Context, s *scenario, clients int) (float64, error) {
	last := r.members - 1
	if s.hot {
		last = 0
	}
	script := fmt.Sprintf("\\set member random(0, %d)\n\\set id random(1, 9000000000000000000)\n%s", last, s.sql)
	file := filepath.Join(r.dir, "pgbench.sql")
	if err := os.WriteFile(file, []byte(script), 0o644); err != nil {
		return 0, fmt.Errorf("race: %w", err)
	}
	out, err := r.database.Program(ctx, "pgbench", "--no-vacuum", "--protocol=prepared",
		"--client="+strconv.Itoa(clients), "--jobs="+strconv.Itoa(min(clients, 2)),
		"--time="+strconv.Itoa(r.seconds), "--file="+file).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("race: pgbench: %w\n%s", err, out)
	}
	return parsePgbench(string(out))
}

var pgbenchRate = regexp.MustCompile(`(?m)^tps = ([0-9.]+) \(without initial connection time\)$`)

func parsePgbench(out string) (float64, error) {
	m := pgbenchRate.FindStringSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("race: pgbench printed no result:\n%s", out)
	}
	rate, err := strconv.ParseFloat(m[1], 64)
	if err != nil || rate <= 0 {
		return 0, fmt.Errorf("race: pgbench printed the result %q", m[1])
	}
	return rate, nil
}
