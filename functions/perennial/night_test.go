package main

import (
	"strings"
	"testing"
)

// The README states the first two estimates, rounded. With four times the shards and workers, the table is the limit.
func TestNightEstimatesTimeAndCost(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"estimate night", `100000000 members take 3h32m7s: 7857 per second, limited by the index's keys
3648 invocations of 16 workers on 16 shards
700000000 write units and 110000000 read units; ` +
			`the table must be warmed up to 32000 write units per second, and its index to three quarters of that
about 453 dollars
`},
		{"estimate night --members 1e6", `1000000 members take 2m7s: …
about 5 dollars
`},
		{"estimate night --shards 64 --workers 64", `100000000 members take 2h49m41s: …
11648 invocations of 64 workers on 64 shards
700000000 write units and 110000000 read units; ` +
			`the table must be warmed up to 40000 write units per second, and its index to three quarters of that
about 456 dollars
`},
	} {
		if out, err, status := run(t, strings.Fields(c.args)...); status != 0 || !like(c.want, out) {
			t.Errorf("%s: %d %s%s", c.args, status, out, err)
		}
	}
}

func TestInvalidNightIsRejected(t *testing.T) {
	for _, args := range [][]string{
		{"--members", "0"},
		{"--members", "NaN"},
		{"--members", "many"},
		{"--shards", "0"},
		{"--workers", "0"},
		{"--latency", "0s"},
		{"--table", "NaN"},
		{"--changing", "NaN"},
		{"--changing", "2"},
	} {
		if out, err, status := run(t, append([]string{"estimate", "night"}, args...)...); status != 1 || out != "" ||
			!strings.Contains(err, "invalid flags") {
			t.Errorf("%v: %d %s %s", args, status, out, err)
		}
	}
}
