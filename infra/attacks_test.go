package infra

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// attackRows is the number of rows of the attack list.
const attackRows = 80

// TestAttackListNamesExistingTests checks that testdata/attacks.txt has one result for each row of the attack list, and
// that every test and script that it names exists. A row without a test is marked as open.
func TestAttackListNamesExistingTests(t *testing.T) {
	known := map[string]string{} // the tests of each directory
	row := 0
	for line := range strings.Lines(readSource(t, "testdata/attacks.txt")) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		row++
		parts := strings.Split(strings.TrimSuffix(line, "\n"), " |")
		if len(parts) != 3 || parts[0] != strconv.Itoa(row) || len(strings.TrimSpace(parts[1])) < 3 {
			t.Fatalf("row %d is invalid: %s", row, line)
		}
		tests := strings.Split(strings.TrimSpace(parts[2]), "; ")
		if tests[0] == "" {
			if !strings.HasPrefix(parts[1], " open: ") {
				t.Errorf("row %d has no test", row)
			}
			continue
		}
		for _, name := range tests {
			if !attackTestExists(t, known, name) {
				t.Errorf("row %d: there is no test %q", row, name)
			}
		}
	}
	if row != attackRows {
		t.Errorf("the list has %d rows, want %d", row, attackRows)
	}
}

// attackTestExists reports whether a test exists: a script such as "keys.txt", or a directory and a function.
func attackTestExists(t *testing.T, known map[string]string, name string) bool {
	t.Helper()
	dir, function, ok := strings.Cut(name, " ")
	if !ok {
		_, err := os.Stat(filepath.Join("..", "internal/api/testdata", name))
		return err == nil && strings.HasSuffix(name, ".txt")
	}
	if known[dir] == "" {
		files, err := filepath.Glob(filepath.Join("..", dir, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			known[dir] += string(source)
		}
	}
	return strings.Contains(known[dir], "\nfunc "+function+"(t *testing.T)")
}
