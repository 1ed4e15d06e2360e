package main

import (
	"strings"
	"testing"
)

// TestUsageErrorsStateTheReason checks that a command with wrong arguments prints the reason and the command for help,
// and not the usage itself.
func TestUsageErrorsStateTheReason(t *testing.T) {
	for _, c := range []struct{ args, reason, help string }{
		{"dev --seed", "unknown flag --seed", "perennial dev --help"},
		{"keys", `expected one of "create"`, "perennial keys --help"},
		{"keys create", "missing flags: --program=STRING", "perennial keys create --help"},
		{"program validte", `unexpected argument validte, did you mean "validate"?`, "perennial program --help"},
		{"", "expected one of", "perennial --help"},
	} {
		stdout, stderr, status := run(t, strings.Fields(c.args)...)
		lines := strings.Split(strings.TrimSpace(stderr), "\n")
		if status != 1 || stdout != "" || len(lines) != 2 || !strings.HasPrefix(lines[0], "perennial: "+c.reason) ||
			!strings.HasPrefix(lines[1], "Run "+c.help+" to see") {
			t.Errorf("perennial %s: status %d\n%s%s", c.args, status, stdout, stderr)
		}
		stdout, _, status = run(t, strings.Fields(c.help)[1:]...)
		if status != 0 || !strings.HasPrefix(stdout, "Usage: ") {
			t.Errorf("%s: status %d\n%s", c.help, status, stdout)
		}
	}
}
