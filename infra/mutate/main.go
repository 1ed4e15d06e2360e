// Command mutate changes the code of the table's adapters, of the proofs and of the rules deliberately, and checks that
// the tests detect the changes.
//
//	go run ./infra/mutate                                   # pebbletable, proofs, rules
//	infra/dynamodb-local run -- go run ./infra/mutate       # dynamotable as well
//	go run ./infra/mutate -only 'floor|version'             # only mutations whose line matches
//	go run ./infra/mutate -rules 30 -seed 7 -adapters=false # only 30 other mutations of the rules
//
// The mutations of the adapters and of the proofs (mutations.go, proofs.go) are written by the developers. Each one is
// applied in a temporary copy of the module. The command prints one line for each: killed if the tests fail, SURVIVED
// if they pass. The command exits with status 1 if a mutation survived. It also does so if the text of a mutation does
// not occur exactly once or if the mutated code does not compile, because such a mutation proves nothing.
//
// The mutations of the rules (loyalty, ledger, the other stores and payments) are generated from the syntax: another
// operator or boundary, a condition that is always or never true, or a removed operand or statement. A random sample of
// them, selected with a seed, is compiled into the tests, and each mutation can be switched on separately. First, each
// test runs alone, to measure its duration and to find the mutations that it reaches. Then each mutation is tested with
// the tests that reach it, the fastest first. If a test times out, the mutation counts as a survivor. Comparisons of an
// error with nil, the conditions of loops, and log lines are not mutated. equivalent.txt lists mutations that change no
// behavior, with the reasons. The command exits with status 1 if the tests detect less than 95 % of the other
// mutations.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

func main() {
	only := flag.String("only", "", "regular expression for the lines of the mutations to run")
	rules := flag.Int("rules", 300, "number of mutations of the rules in the sample")
	seed := flag.Uint64("seed", 1, "seed of the sample")
	budget := flag.Duration("budget", time.Minute, "time limit for the tests of one mutation of the rules")
	tests := flag.String(
		"tests", "", "run only the tests of packages that match this regular expression against mutated rules",
	)
	adapters := flag.Bool("adapters", true, "also mutate the adapters and the proofs")
	flag.Parse()
	wanted, err := regexp.Compile(*only)
	testing, wrong := regexp.Compile(*tests)
	err = errors.Join(err, wrong)
	if err == nil && *adapters {
		err = checkAdapters(wanted)
	}
	if err == nil && *rules > 0 {
		err = checkRules(sampling{*rules, *seed, wanted.MatchString, testing.MatchString, *budget})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

// checkAdapters tests the mutations of the adapters.
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

// copyModule copies the parts of the module that the adapters and their tests need.
func copyModule(dir string) error {
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("run this command in the root of the module: %w", err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return err
		}
	}
	for _, name := range []string{"goldentest", "random", "seedtest", "table", "translog"} {
		if err := os.CopyFS(
			filepath.Join(dir, "internal", name), os.DirFS(filepath.Join("internal", name)),
		); err != nil {
			return err
		}
	}
	return nil
}

// An adapter is a package that implements table.Table, or package translog, with its mutations.
type adapter struct {
	pkg       string // the path of the package below internal
	needs     string // an environment variable; if it is not set, the tests of the adapter are skipped
	mutations []mutation
}

// A mutation replaces text that occurs exactly once in a file.
type mutation struct{ file, old, new, what string }

// check checks that the tests pass without a mutation and fail with each mutation.
func (a adapter) check(dir string, wanted *regexp.Regexp) error {
	matches := func(m mutation) bool { return wanted.MatchString(a.line(m)) }
	if !slices.ContainsFunc(a.mutations, matches) {
		return nil
	}
	if out, err := a.test(dir, ".*"); err != nil {
		return fmt.Errorf("%s: the tests fail without a mutation: %w\n%s", a.pkg, err, out)
	}
	var bad []error
	for _, m := range a.mutations {
		if !matches(m) {
			continue
		}
		line := a.line(m)
		start := time.Now()
		verdict, err := a.try(dir, m)
		fmt.Printf("%-9s %s (%.1f s)\n", verdict, line, time.Since(start).Seconds())
		if err != nil {
			bad = append(bad, fmt.Errorf("%s: %w", line, err))
		}
	}
	return errors.Join(bad...)
}

// line returns the line that the command prints for a mutation.
func (a adapter) line(m mutation) string { return fmt.Sprintf("%s/%s: %s", a.pkg, m.file, m.what) }

// try applies the mutation, runs the tests and restores the file. The verdict states whether a test failed.
func (a adapter) try(dir string, m mutation) (verdict string, err error) {
	file := filepath.Join(dir, "internal", a.pkg, m.file)
	text, err := os.ReadFile(file)
	if err != nil {
		return "BROKEN", err
	}
	if n := strings.Count(string(text), m.old); n != 1 {
		return "BROKEN", fmt.Errorf("the text to replace occurs %d times, want 1:\n%s", n, m.old)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), m.old, m.new, 1)), 0o600); err != nil {
		return "BROKEN", err
	}
	defer func() { err = errors.Join(err, os.WriteFile(file, text, 0o600)) }()
	if out, err := a.test(dir, "^$"); err != nil {
		return "BROKEN", fmt.Errorf("the mutation does not compile: %w\n%s", err, out)
	}
	if _, err := a.test(dir, ".*"); err == nil {
		return "SURVIVED", errors.New("the tests passed")
	}
	return "killed", nil
}

// test runs the tests whose names match a regular expression. A mutation may make a test wait forever, so a timeout
// counts as a failure.
func (a adapter) test(dir, names string) ([]byte, error) {
	cmd := exec.Command(
		"go", "test", "-count=1", "-failfast", "-vet=off", "-timeout=60s", "-run", names, "./internal/"+a.pkg,
	)
	cmd.Dir = dir
	return cmd.CombinedOutput()
}

// runIn runs a command in a directory and returns its output.
func runIn(dir string, env []string, name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	return cmd.CombinedOutput()
}
