package main

import (
	"strings"
	"testing"
)

// The README rounds these figures.
func TestAPlanSaysHowLongANightTakesAndWhatItCosts(t *testing.T) {
	for members, want := range map[string][2]string{
		"1e8": {"100000000 members take 3h32m7s: ", "\nabout 453 dollars\n"},
		"1e6": {"1000000 members take 2m7s: ", "\nabout 5 dollars\n"},
	} {
		if out, err, status := run(t, "plan", "--members", members); status != 0 || !strings.HasPrefix(out, want[0]) || !strings.HasSuffix(out, want[1]) {
			t.Errorf("%s: %d %s%s", members, status, out, err)
		}
	}
}

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
}
