package main

import (
	"strings"
	"testing"
)

func TestWhatCannotBePlannedIsRefused(t *testing.T) {
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
		if out, err, status := run(t, append([]string{"plan"}, args...)...); status != 1 || out != "" || !strings.Contains(err, "that is no plan") {
			t.Errorf("%v: %d %s %s", args, status, out, err)
		}
	}
	if out, err, status := run(t, "plan", "--members", "1e6"); status != 0 || !strings.Contains(out, "1000000 members take 2m") {
		t.Errorf("%d %s %s", status, out, err)
	}
}
