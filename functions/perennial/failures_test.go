package main

import (
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/app"
	"github.com/perennial-loyalty/perennial/internal/local"
	"github.com/perennial-loyalty/perennial/internal/program"
	"github.com/perennial-loyalty/perennial/internal/table/pebbletable"
)

// TestLocalFailuresAreListedShownAndRedriven uses the queues of the local stack: one message names a program that
// is published after the message failed, the other always fails.
func TestLocalFailuresAreListedShownAndRedriven(t *testing.T) {
	tab, err := pebbletable.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tab.Close() })
	at := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
	stack, err := local.New(local.Options{Table: tab, Clock: local.NewClock(at), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(stack)
	t.Cleanup(server.Close)
	job := `{"program":"bluebird","shard":3,"due":"2026-12-01T10:00:00Z"}`
	if err := stack.App.Queue.Send(t.Context(), "reassess", job, "{}"); err != nil {
		t.Fatal(err)
	}
	if err := stack.Advance(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	perennial := func(want int, args ...string) (stdout, stderr string) {
		t.Helper()
		stdout, stderr, status := run(t, append(append([]string{"failures"}, args...), "--dev", server.URL)...)
		if status != want {
			t.Fatalf("%v: status %d\n%s%s", args, status, stdout, stderr)
		}
		return stdout, stderr
	}
	list, _ := perennial(0, "list")
	rows := strings.Split(strings.TrimSpace(list), "\n")
	if len(rows) != 3 || !strings.Contains(rows[1], "reassess  queue reassess") || !strings.Contains(rows[1], "5 ") {
		t.Fatalf("the list is\n%s", list)
	}
	id := strings.Fields(rows[1])[0]
	if shown, _ := perennial(0, "show", id); !strings.Contains(shown, job) || !strings.Contains(shown, "attempts  5") {
		t.Errorf("shown is\n%s", shown)
	}
	if _, stderr := perennial(1, "show", "nothing"); !strings.Contains(stderr, "no failed message has the ID nothing") {
		t.Error(stderr)
	}
	if _, stderr := perennial(1, "redrive", "--all"); strings.Count(stderr, "the work failed again") != 2 {
		t.Errorf("before the program is published:\n%s", stderr)
	}
	publishDemo(t, stack)
	out, stderr := perennial(1, "redrive", "--all", "--queue", "reassess")
	if !strings.Contains(out, id+"  queue reassess: restarted") || strings.Count(stderr, "the work failed again") != 1 {
		t.Errorf("after the program is published:\n%s%s", out, stderr)
	}
	if list, _ := perennial(0, "list", "--json"); strings.Contains(list, job) || strings.Count(list, `"id"`) != 1 {
		t.Errorf("the remaining list is\n%s", list)
	}
}

func TestRedriveRequiresSelection(t *testing.T) {
	for _, args := range [][]string{{}, {"--all", "17"}, {"--queue", "reassess", "17"}} {
		_, stderr, status := run(t, append([]string{"failures", "redrive", "--dev", "http://127.0.0.1:1"}, args...)...)
		if status != 1 || !strings.Contains(stderr, "--all") {
			t.Errorf("%v: %d %s", args, status, stderr)
		}
	}
}

func publishDemo(t *testing.T, stack *local.Stack) {
	t.Helper()
	source := program.Demo()
	file, problems := program.Parse(source)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	_, _, err := stack.App.Programs.Publish(
		t.Context(), app.Publication{Program: file.Program, Source: source, By: commandLine},
	)
	if err != nil {
		t.Fatal(err)
	}
}
