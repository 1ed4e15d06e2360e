// Command mutate breaks the table's adapters and the rules on purpose and requires that the tests notice.
//
//	go run ./infra/mutate                                   # pebbletable and the rules
//	infra/dynamodb-local run -- go run ./infra/mutate       # dynamotable as well
//	go run ./infra/mutate -only 'floor|version'             # only those whose line matches
//	go run ./infra/mutate -rules 30 -seed 7 -adapters=false # 30 other mutations of the rules, and nothing else
//
// The mutations of the adapters (mutations.go) are written for them. Each is made in a temporary copy of the module, never
// in the tree, and prints one line: killed if the tests fail, SURVIVED if they pass. It ends with status 1 if one
// survived, if the text that a mutation replaces is not there exactly once, or if what it makes does not compile: a
// mutation that no longer fits the code proves nothing.
//
// The mutations of the rules (loyalty, ledger and payments) are generated from the syntax: another operator or boundary, a
// condition that always or never holds, an operand or a statement that is left out. A seeded sample of them is compiled
// into the tests at once, each behind a switch. Then each test runs once by itself, to find out how long it takes and
// which mutations it reaches, and each mutation is tested by the tests that reach it, the fastest first. A timeout counts
// as a survivor. Comparisons of an error to nil, loops' own conditions and lines of the log are not broken. equivalent.txt explains mutations that change nothing. The command ends with status 1 if less than 95 %
// of the others are detected.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

func main() {
	only := flag.String("only", "", "a regular expression that the line of a mutation is to match")
	rules := flag.Int("rules", 300, "how many mutations of the rules are in the sample")
	seed := flag.Uint64("seed", 1, "of the sample")
	budget := flag.Duration("budget", time.Minute, "how long the tests of one mutation of the rules may take")
	adapters := flag.Bool("adapters", true, "break the adapters too")
	flag.Parse()
	wanted, err := regexp.Compile(*only)
	if err == nil && *adapters {
		err = checkAdapters(wanted)
	}
	if err == nil && *rules > 0 {
		err = checkRules(*rules, *seed, wanted.MatchString, *budget)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

// checkAdapters makes the mutations of the adapters.
func checkAdapters(wanted *regexp.Regexp) error {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := copyModule(dir); err != nil {
		return err
	}
	var bad []error
	for _, adapter := range adapters {
		if adapter.needs != "" && os.Getenv(adapter.needs) == "" {
			fmt.Printf("skipped   %s: %s is not set\n", adapter.pkg, adapter.needs)
			continue
		}
		bad = append(bad, adapter.check(dir, wanted))
	}
	return errors.Join(bad...)
}

// copyModule copies as much of the module as the adapters and their tests are made of.
func copyModule(dir string) error {
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("run this at the root of the module: %w", err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return err
		}
	}
	return os.CopyFS(filepath.Join(dir, "internal", "table"), os.DirFS(filepath.Join("internal", "table")))
}

// An adapter is a package with the ways in which it can be broken.
type adapter struct {
	pkg       string // below internal/table
	needs     string // the environment variable without which its tests skip
	mutations []mutation
}

// A mutation replaces a piece of a file that is there exactly once.
type mutation struct{ file, old, new, what string }

// check requires that the tests pass as they are and fail for each mutation.
func (a adapter) check(dir string, wanted *regexp.Regexp) error {
	if out, err := a.test(dir, ".*"); err != nil {
		return fmt.Errorf("%s: the tests fail before anything is broken: %w\n%s", a.pkg, err, out)
	}
	var bad []error
	for _, m := range a.mutations {
		line := fmt.Sprintf("%s/%s: %s", a.pkg, m.file, m.what)
		if !wanted.MatchString(line) {
			continue
		}
		start := time.Now()
		verdict, err := a.try(dir, m)
		fmt.Printf("%-9s %s (%.1f s)\n", verdict, line, time.Since(start).Seconds())
		if err != nil {
			bad = append(bad, fmt.Errorf("%s: %w", line, err))
		}
	}
	return errors.Join(bad...)
}

// try makes the mutation, runs the tests and puts the file back.
func (a adapter) try(dir string, m mutation) (verdict string, err error) {
	file := filepath.Join(dir, "internal", "table", a.pkg, m.file)
	text, err := os.ReadFile(file)
	if err != nil {
		return "BROKEN", err
	}
	if n := strings.Count(string(text), m.old); n != 1 {
		return "BROKEN", fmt.Errorf("the text to replace is there %d times, not once:\n%s", n, m.old)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), m.old, m.new, 1)), 0o600); err != nil {
		return "BROKEN", err
	}
	defer func() { err = errors.Join(err, os.WriteFile(file, text, 0o600)) }()
	if out, err := a.test(dir, "^$"); err != nil {
		return "BROKEN", fmt.Errorf("it does not compile: %w\n%s", err, out)
	}
	if _, err := a.test(dir, ".*"); err == nil {
		return "SURVIVED", errors.New("the tests passed")
	}
	return "killed", nil
}

// test runs the tests whose names match. A mutation may make them wait for ever, which is a failure too.
func (a adapter) test(dir, names string) ([]byte, error) {
	cmd := exec.Command("go", "test", "-count=1", "-failfast", "-vet=off", "-timeout=60s", "-run", names, "./internal/table/"+a.pkg)
	cmd.Dir = dir
	return cmd.CombinedOutput()
}

// runIn runs a command in a directory, and returns what it prints.
func runIn(dir string, env []string, name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	return cmd.CombinedOutput()
}
