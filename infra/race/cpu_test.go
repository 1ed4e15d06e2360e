package main

import (
	"os"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	for _, c := range []struct {
		line string
		want procStat
	}{
		{
			"4 (postgres) S 3 4 4 0 -1 4194304 1 2 3 4 100 20 3 4 20 0 1 0 99 1000 10",
			procStat{3, 1270 * time.Millisecond},
		},
		{"7 (a) b (c)) R 12 7 7 0 -1 0 0 0 0 0 1 0 0 0 20 0 1", procStat{12, 10 * time.Millisecond}},
	} {
		if got, err := parseStat(c.line); err != nil || got != c.want {
			t.Errorf("parseStat(%q) = %+v, %v; want %+v", c.line, got, err, c.want)
		}
	}
	for _, line := range []string{"", "4 (postgres) S 3", "4 (x) S a 4 4 0 -1 0 0 0 0 0 1 0 0 0 20"} {
		if got, err := parseStat(line); err == nil {
			t.Errorf("parseStat(%q) = %+v without an error", line, got)
		}
	}
}

func TestSumTimesIncludesDescendants(t *testing.T) {
	all := map[int]procStat{
		1: {0, 1}, 10: {1, 10}, 11: {10, 100}, 12: {11, 1000}, 20: {1, 10_000}, 30: {1, 100_000},
	}
	if sum, err := sumTimes(all, []int{10, 20}); err != nil || sum != 11_110 {
		t.Errorf("sumTimes = %d, %v; want 11110", sum, err)
	}
	if _, err := sumTimes(map[int]procStat{}, []int{10}); err == nil {
		t.Error("the process does not exist, without an error")
	}
}

func TestCPUTimeOfThisProcessGrows(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("the system has no /proc")
	}
	first, err := cpuTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for used := first; used < first+2*tick; {
		if used, err = cpuTime(os.Getpid()); err != nil {
			t.Fatal(err)
		}
	}
}
