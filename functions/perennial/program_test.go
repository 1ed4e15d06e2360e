package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/program"
)

func writeProgram(t *testing.T, edit ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program.yaml")
	source := strings.NewReplacer(edit...).Replace(string(program.Demo()))
	if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCheckReportsProblemsWithLines(t *testing.T) {
	if out, err, status := run(t, "program", "validate", writeProgram(t)); status != 0 ||
		!strings.Contains(out, "bluebird can be published") {
		t.Errorf("%d %s %s", status, out, err)
	}
	out, err, status := run(t, "program", "validate", writeProgram(t, "rounding: down", "rounding: dawn"))
	if status != 1 || !strings.Contains(out, "program.yaml: line 13") ||
		!strings.Contains(out, `did you mean "down"`) || !strings.Contains(err, "has problems") {
		t.Errorf("%d %s %s", status, out, err)
	}
}

func TestExplainDescribesFile(t *testing.T) {
	if out, err, status := run(t, "program", "explain", writeProgram(t)); status != 0 ||
		!strings.Contains(out, "Bluebird Rewards (bluebird)") {
		t.Errorf("%d %s %s", status, out, err)
	}
	if out, err, status := run(
		t, "program", "explain", writeProgram(t, "rounding: down", "rounding: dawn"),
	); status != 1 || out != "" || !strings.Contains(err, "did you mean") {
		t.Errorf("%d %s %s", status, out, err)
	}
}

// A step is a command and its output.
type step struct {
	args []string
	want string // … matches any text
}

func steps(t *testing.T, list []step) {
	t.Helper()
	for _, s := range list {
		out, err, status := run(t, append([]string{"program"}, s.args...)...)
		if ok := status == 0; ok != !strings.HasPrefix(s.want, "perennial: ") || !like(s.want, out+err) {
			t.Errorf("%v: status %d, printed\n%s%s\nnot\n%s", s.args, status, out, err, s.want)
		}
	}
}

func TestDiffPrintsChanges(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	older, newer := writeProgram(t), writeProgram(t, "pending: 14 days", "pending: 7 days", "cost: 500", "cost: 450")
	want := "line …: earn.purchase.pending: 14 days becomes 7 days\nline …: rewards.five-off.cost: 500 becomes 450\n"
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("a: ["), 0o600); err != nil {
		t.Fatal(err)
	}
	steps(t, []step{
		{[]string{"diff", older, newer}, want},
		{[]string{"diff", older, writeProgram(t, "# yaml", "# YAML")}, "The programs are equivalent.\n"},
		{[]string{"diff", older}, "perennial: specify a second file, or --table or --data for the live version\n"},
		{[]string{"diff", "--data", data, newer}, "perennial: bluebird has no live version\n"},
		{[]string{"publish", "--data", data, older}, "version 1 of bluebird is live\n"},
		{[]string{"diff", "--data", data, newer}, want},
	})
	if out, err, status := run(t, "program", "diff", older, bad); status != 1 || out != "" ||
		!strings.Contains(err, "bad.yaml: line 1") {
		t.Errorf("%d %s %s", status, out, err)
	}
}

func TestVersionsAreScheduledAndWithdrawn(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	soon := time.Now().Add(48 * time.Hour).UTC().Truncate(time.Second).Format(time.RFC3339)
	on := func(args ...string) []string {
		return append(args[:1:1], append([]string{"--data", data}, args[1:]...)...)
	}
	first, second, third := writeProgram(t), writeProgram(
		t, "cost: 500", "cost: 450",
	), writeProgram(t, "cost: 500", "cost: 400")
	steps(t, []step{
		{on("publish", first), "version 1 of bluebird is live\n"},
		{
			on("publish", first, "--effective-at", "2020-01-01T00:00:00Z"),
			"perennial: --effective-at: The instant must be in the future; …\n",
		},
		{on("publish", second, "--effective-at", soon), "version 2 of bluebird takes effect at " + soon + "\n"},
		{
			on("publish", second, "--effective-at", soon),
			"version 2 of bluebird takes effect at " + soon + " already, with the same file\n",
		},
		{on("publish", third), "version 3 of bluebird is live\nversion 2 still takes effect at " + soon + "\n"},
		{
			on("versions", "bluebird"),
			"version  status     effective at          published by\n3        live       …Z  command_line\n" +
				"2        scheduled  " + soon + "  command_line\n1        past       …Z  command_line\n",
		},
		{on("rollback", "bluebird", "9"), "perennial: Unknown …\n"},
		{
			on("rollback", "bluebird", "1"),
			"version 4 of bluebird is live, with the file of version 1\nversion 2, scheduled for " + soon +
				", was withdrawn\n",
		},
		{on("rollback", "bluebird", "1"), "version 4 of bluebird remains live\n"},
		{on("versions", "bluebird"), "…4        live …2        withdrawn  …"},
		{on("versions", "redbird"), "perennial: redbird has no published version\n"},
	})
}

func TestMistakenVersionIsRecalled(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	on := func(args ...string) []string {
		return append(args[:1:1], append([]string{"--data", data}, args[1:]...)...)
	}
	soon := time.Now().Add(48 * time.Hour).UTC().Truncate(time.Second).Format(time.RFC3339)
	first, second, third := writeProgram(t), writeProgram(
		t, "cost: 500", "cost: 450",
	), writeProgram(t, "cost: 500", "cost: 400")
	steps(t, []step{
		{
			on("publish", first, "--recall"),
			"perennial: --recall: Only a live version that is replaced at once can be recalled. …\n",
		},
		{on("publish", first), "version 1 of bluebird is live\n"},
		{on("publish", second), "version 2 of bluebird is live\n"},
		{
			on("publish", third, "--recall", "--effective-at", soon),
			"perennial: --recall: Only a live version that is replaced at once can be recalled. …\n",
		},
		{on("publish", third, "--recall"), "version 3 of bluebird is live\nversion 2 was recalled\n"},
		{
			on("publish", third, "--recall"),
			"version 3 of bluebird is live already, with the same file\nversion 2 was recalled\n",
		},
		{on("versions", "bluebird"), "…3        live …2        recalled …1        past …"},
		{
			on("rollback", "bluebird", "1", "--recall"),
			"version 4 of bluebird is live, with the file of version 1\nversion 3 was recalled\n",
		},
		{on("versions", "bluebird"), "…4        live …3        recalled …2        recalled …1        past …"},
	})
}

func TestChangedLevelsRequireMode(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	first, second := writeProgram(t), writeProgram(t, "from: 500,", "from: 100,")
	const ask = "perennial: The requirements of levels have changed. " +
		"Set tier_changes to upgrade_only (members only move up) or full (members also move down).\n"
	steps(t, []step{
		{[]string{"publish", "--data", data, first}, "version 1 of bluebird is live\n"},
		{[]string{"publish", "--data", data, second}, ask},
		{
			[]string{"publish", "--data", data, second, "--tier-changes", "upgrade_only"},
			"version 2 of bluebird is live\n",
		},
		{[]string{"rollback", "--data", data, "bluebird", "1"}, ask},
		{
			[]string{"rollback", "--data", data, "bluebird", "1", "--tier-changes", "full"},
			"version 3 of bluebird is live, with the file of version 1\n",
		},
	})
	if out, err, status := run(
		t, "program", "publish", "--data", data, second, "--tier-changes", "down",
	); status == 0 || !strings.Contains(err, `must be one of`) {
		t.Errorf("%d %s%s", status, out, err)
	}
}

// TestCommandsUseClockOfData checks that commands use the clock of the data directory. This clock may have been
// advanced, so that scheduled versions have taken effect.
func TestCommandsUseClockOfData(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	first, second := writeProgram(t), writeProgram(t, "cost: 500", "cost: 450")
	soon := time.Now().Add(48 * time.Hour).UTC().Format(time.RFC3339)
	steps(t, []step{
		{[]string{"publish", "--data", data, first}, "version 1 of bluebird is live\n"},
		{[]string{"publish", "--data", data, second, "--effective-at", soon}, "version 2 …"},
	})
	p := start(t, "--empty", "--json", "--data", data, "--program", first)
	if _, err, status := run(t, "clock", "--url", p.url, "+3d"); status != 0 {
		t.Fatal(err)
	}
	if _, answer, err := p.call("GET", "/v1/program", "", ""); answer["version"] != 2.0 || err != nil {
		t.Error(answer["version"], err)
	}
	if err := p.stop(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	steps(t, []step{{[]string{"versions", "--data", data, "bluebird"}, "…2        live …1        past …"}})
}

func TestDraftIsStoredAndPrinted(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	good, bad := writeProgram(t), writeProgram(t, "rounding: down", "rounding: dawn")
	steps(t, []step{
		{[]string{"draft", "show", "--data", data, "bluebird"}, "perennial: bluebird has no draft\n"},
		{
			[]string{"draft", "save", "--data", data, "bluebird", bad},
			"stored as draft 1 of bluebird\nIt cannot be published yet; run perennial program validate …",
		},
		{[]string{"draft", "save", "--data", data, "bluebird", good}, "stored as draft 2 of bluebird\n"},
		{[]string{"draft", "show", "--data", data, "bluebird"}, string(program.Demo())},
	})
}
