package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/local/deployment/deploymenttest"
)

func TestDevRunsTheBinariesAndEndsThem(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("SKIPPED: without /proc the processes of functions cannot be listed")
	}
	deploymenttest.Build(t) // so that dev does not have to build
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		p := start(t, "--functions", "--empty", "--json")
		if status, answer, err := p.call(
			"POST", "/v1/members", "the-key-of-the-member", `{"external_id":"m0"}`,
		); status != 201 || err != nil {
			t.Fatal(status, answer, err, p.err)
		}
		if status, answer, err := p.call("PUT", "/v1/orders/1", "", orderOf(0, time.Now())); status != 201 ||
			err != nil {
			t.Fatal(status, answer, err, p.err)
		}
		if out, err, status := run(t, "clock", "--url", p.url, "+15d"); status != 0 {
			t.Error(out, err)
		}
		_, member, err := p.call("GET", "/v1/members/external:m0", "", "")
		if balance := fmt.Sprint(member["balance"]); err != nil || !strings.Contains(balance, "active:70") {
			t.Errorf("after 15 days the balance is %s %v", balance, err)
		}
		processes := childrenOf(t, p.cmd.Process.Pid)
		if len(processes) < 9 {
			t.Errorf("%d functions have processes", len(processes))
		}
		if err := p.stop(signal); err != nil && signal == syscall.SIGTERM {
			t.Errorf("%v\n%s", err, p.err)
		}
		wantEnded(t, processes)
		if strings.Contains(p.err.String(), "ERROR") {
			t.Errorf("dev printed\n%s", p.err)
		}
	}
}

// childrenOf returns the processes that a process has started.
func childrenOf(t *testing.T, parent int) (paths []string) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range stats {
		if _, ppid := stateOf(path); ppid == fmt.Sprint(parent) {
			paths = append(paths, path)
		}
	}
	return paths
}

// stateOf returns the state and the parent of a process from its stat file, or "" if it has ended.
func stateOf(path string) (state, parent string) {
	stat, err := os.ReadFile(path)
	if err != nil {
		return "", ""
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:])) // the preceding name may contain spaces
	return fields[0], fields[1]
}

// wantEnded waits until processes have ended. A zombie has ended.
func wantEnded(t *testing.T, paths []string) {
	t.Helper()
	late, tick := time.After(patience), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()
	for _, path := range paths {
		for state, _ := stateOf(path); state != "" && state != "Z"; state, _ = stateOf(path) {
			select {
			case <-tick.C:
			case <-late:
				t.Fatalf("%s has not ended", path)
			}
		}
	}
}
