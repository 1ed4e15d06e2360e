package main

import (
	"bufio"
	"cmp"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// rulePackages lists the packages whose rules are mutated, with the packages whose tests are run for each mutation.
var rulePackages = []struct {
	pkg     string
	testers []string
}{
	{"internal/loyalty/calendar", loyaltyTesters("internal/loyalty/calendar")},
	{"internal/loyalty/exact", loyaltyTesters("internal/loyalty/exact")},
	{"internal/loyalty", loyaltyTesters("internal/loyalty")},
	{"internal/loyalty/posting", loyaltyTesters("internal/loyalty/posting")},
	{"internal/loyalty/receipt", loyaltyTesters("internal/loyalty/receipt")},
	{"internal/loyalty/earn", loyaltyTesters("internal/loyalty/earn")},
	{"internal/loyalty/redeem", loyaltyTesters("internal/loyalty/redeem")},
	{"internal/loyalty/tier", loyaltyTesters("internal/loyalty/tier")},
	{"internal/loyalty/award", loyaltyTesters("internal/loyalty/award")},
	{"internal/loyalty/share", loyaltyTesters("internal/loyalty/share")},
	{"internal/loyalty/remind", loyaltyTesters("internal/loyalty/remind")},
	{"internal/loyalty/engine", loyaltyTesters()},
	{"internal/ledger/stored", storeTesters("internal/ledger/stored", "internal/ledger")},
	{"internal/ledger", storeTesters("internal/ledger")},
	{"internal/catalog", storeTesters("internal/catalog")},
	{"internal/members", storeTesters("internal/members")},
	{"internal/inventory", storeTesters("internal/inventory")},
	{"internal/service", storeTesters()},
	{"internal/messages", storeTesters("internal/messages")},
	{"internal/payments", []string{"internal/payments"}},
	{"internal/payments/webhook", []string{"internal/payments/webhook", "internal/payments"}},
	{"internal/payments/adyen", []string{"internal/payments/adyen", "internal/payments"}},
	{"internal/payments/paypal", []string{"internal/payments/paypal", "internal/payments"}},
	{"internal/payments/shopify", []string{"internal/payments/shopify", "internal/payments"}},
	{"internal/payments/square", []string{"internal/payments/square", "internal/payments"}},
	{"internal/payments/standard", []string{"internal/payments/standard", "internal/payments"}},
	{"internal/payments/stripe", []string{"internal/payments/stripe", "internal/payments"}},
}

// loyaltyTesters returns the packages whose tests check a rule package. These are the given packages, and the packages
// whose tests check all rules.
func loyaltyTesters(own ...string) []string {
	own = append(own, "internal/loyalty/engine", "internal/loyalty/deliverytest")
	return append(append(own, stores...), "internal/api")
}

// stores lists the packages with tests that use all stores together.
var stores = []string{
	"internal/ledger", "internal/catalog", "internal/members", "internal/inventory", "internal/messages",
	"internal/service",
}

// storeTesters returns the packages whose tests check a store. These are the given packages, and the packages with
// tests that use all stores together.
func storeTesters(own ...string) []string {
	for _, store := range stores {
		if !slices.Contains(own, store) {
			own = append(own, store)
		}
	}
	return append(own, "internal/api", "internal/jobs", "internal/payments")
}

// leastDetected is the minimum share of the mutations that the tests must detect. Equivalent mutations are not counted.
// mostEquivalent is the maximum share of mutations that may be equivalent.
const (
	leastDetected  = 0.95
	mostEquivalent = 0.03
)

//go:embed switch.go.txt
var switchSource string

//go:embed equivalent.txt
var equivalentList string

// A tester contains the compiled tests of a package with the mutated rules.
type tester struct {
	pkg, binary string
	tests       []test
}

// A test is one test of a tester.
type test struct {
	tester *tester
	name   string
	took   time.Duration // the CPU time of the test
	reach  map[int]bool  // the IDs of the points that the test reaches
}

// rules is one run of the command with a sample of points.
type rules struct {
	dir     string
	points  []point
	testers []*tester
	tests   func(pkg string) bool
	budget  time.Duration // the maximum CPU time of the tests for each point
	workers int
}

// A sampling contains the settings for the mutations of the rules: their number, and the tests that run.
type sampling struct {
	n      int
	seed   uint64
	wanted func(key string) bool
	tests  func(pkg string) bool
	budget time.Duration // the maximum CPU time of the tests for each mutation
}

// checkRules mutates a sample of the rules. It returns an error unless the tests detect nearly all mutations.
func checkRules(in sampling) error {
	equivalent, err := explained(equivalentList)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var all []point
	for _, p := range rulePackages {
		points, err := load(p.pkg)
		if err != nil {
			return err
		}
		all = append(all, points...)
	}
	chosen := sample(all, in.n, in.seed)
	fmt.Printf("rules: %d of %d possible mutations, seed %d\n", len(chosen), len(all), in.seed)
	r := &rules{dir: dir, tests: in.tests, budget: in.budget, workers: max(1, runtime.GOMAXPROCS(0))}
	var same []point
	for _, p := range chosen {
		if !in.wanted(p.key) {
			continue
		}
		if why := equivalent[p.key]; why != "" {
			fmt.Printf("%-9s %s: %s\n", "same", p.key, why)
			same = append(same, p)
			continue
		}
		r.points = append(r.points, p)
	}
	if err := r.build(); err != nil {
		return err
	}
	if err := r.record(); err != nil {
		return err
	}
	return r.judge(len(same))
}

// explained parses the list of equivalent mutations. It returns the reason for each mutation.
func explained(text string) (map[string]string, error) {
	out := map[string]string{}
	for _, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, why, ok := strings.Cut(line, " => ")
		if !ok || strings.TrimSpace(why) == "" {
			return nil, fmt.Errorf("equivalent.txt: %q has no reason", line)
		}
		out[strings.TrimSpace(key)] = why
	}
	return out, nil
}

// build compiles the tests against rules that contain all mutations of the sample, each of which can be enabled
// separately.
func (r *rules) build() error {
	overlay, err := r.overlay()
	if err != nil {
		return err
	}
	for _, p := range rulePackages {
		if !slices.ContainsFunc(r.points, func(x point) bool { return x.pkg == p.pkg }) {
			continue
		}
		for _, pkg := range p.testers {
			if !r.tests(pkg) || slices.ContainsFunc(r.testers, func(t *tester) bool { return t.pkg == pkg }) {
				continue
			}
			t := &tester{pkg: pkg, binary: filepath.Join(r.dir, strings.ReplaceAll(pkg, "/", "_")+".test")}
			if out, err := runIn(
				".", nil, "go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", t.binary, "./"+pkg,
			); err != nil {
				return fmt.Errorf("%s does not compile: %w\n%s", pkg, err, out)
			}
			r.testers = append(r.testers, t)
			fmt.Printf("built the tests of %s\n", pkg)
		}
	}
	return nil
}

// overlay writes the mutated files. It also writes the file for go build -overlay, which replaces the original files
// with them.
func (r *rules) overlay() (string, error) {
	byFile := map[string][]point{}
	packages := map[string]bool{}
	for _, p := range r.points {
		byFile[p.file] = append(byFile[p.file], p)
		packages[p.pkg] = true
	}
	replace := map[string]string{}
	put := func(path, text string) error {
		at, err := filepath.Abs(path)
		if err != nil {
			return err
		}
		replace[at] = filepath.Join(r.dir, strings.ReplaceAll(path, "/", "_"))
		return os.WriteFile(replace[at], []byte(text), 0o600)
	}
	for file, points := range byFile {
		source, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		if err := put(file, broken(source, points)); err != nil {
			return "", err
		}
	}
	for pkg := range packages {
		text := strings.Replace(switchSource, "PACKAGE", filepath.Base(pkg), 1)
		if err := put(pkg+"/mutant_switch.go", text); err != nil {
			return "", err
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(r.dir, "overlay.json")
	return path, os.WriteFile(path, text, 0o600)
}

// record runs each test alone without a mutation. It stores the duration of the test and the points that the test
// reaches.
func (r *rules) record() error {
	var jobs []func() error
	var mu sync.Mutex
	for _, t := range r.testers {
		out, err := runIn(t.pkg, nil, t.binary, "-test.list=^(Test|Example|Fuzz)")
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", t.pkg, err, out)
		}
		for _, name := range strings.Fields(string(out)) {
			jobs = append(jobs, func() error {
				x := test{tester: t, name: name, reach: map[int]bool{}}
				seen := filepath.Join(r.dir, filepath.Base(t.binary)+"."+name)
				out, took, err := x.tester.run([]string{name}, 10*time.Minute, "PERENNIAL_MUTANTS_SEEN="+seen)
				if x.took = took; err != nil {
					return fmt.Errorf("%s: %s fails without a mutation: %w\n%s", t.pkg, name, err, out)
				}
				if err := x.readReach(seen); err != nil {
					return err
				}
				mu.Lock()
				defer mu.Unlock()
				t.tests = append(t.tests, x)
				return nil
			})
		}
	}
	start := time.Now()
	err := each(r.workers, jobs)
	fmt.Printf("%d tests recorded in %.0f s\n", len(jobs), time.Since(start).Seconds())
	return err
}

func (x *test) readReach(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	for in := bufio.NewScanner(f); in.Scan(); {
		id, err := strconv.Atoi(in.Text())
		if err != nil {
			return err
		}
		x.reach[id] = true
	}
	return nil
}

// run runs the tests with the given names. It stops at the first failure or after a time limit. It also returns the CPU
// time of the tests, which does not depend on the load of the machine.
func (t *tester) run(names []string, limit time.Duration, env ...string) ([]byte, time.Duration, error) {
	args := []string{
		"-test.failfast", "-test.timeout=" + limit.String(), "-test.run=^(" + strings.Join(names, "|") + ")$",
	}
	if usesRapid[t.pkg] {
		args = append(args, "-rapid.seed=1", "-rapid.nofailfile", "-rapid.shrinktime=0s")
	}
	cmd := exec.Command(t.binary, args...)
	cmd.Dir, cmd.Env = t.pkg, append(os.Environ(), append(env, "PERENNIAL_SEED=1")...)
	out, err := cmd.CombinedOutput()
	took := time.Duration(0)
	if cmd.ProcessState != nil {
		took = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	return out, took, err
}

// usesRapid lists the packages whose tests accept the flags of the library rapid.
var usesRapid = map[string]bool{
	"internal/loyalty/exact": true, "internal/loyalty/posting": true, "internal/loyalty/earn": true,
	"internal/loyalty/engine": true, "internal/loyalty/deliverytest": true, "internal/ledger/stored": true,
	"internal/service": true, "internal/api": true,
}

// judge switches on the points one after the other. For each point, it runs the tests that reach the point.
func (r *rules) judge(same int) error {
	var mu sync.Mutex
	detected := 0
	var jobs []func() error
	for _, p := range r.points {
		jobs = append(jobs, func() error {
			start := time.Now()
			verdict, by := r.try(p)
			mu.Lock()
			defer mu.Unlock()
			if verdict == "killed" {
				detected++
			}
			fmt.Printf("%-9s %s (line %d, %s, %.1f s)\n", verdict, p.key, p.line, by, time.Since(start).Seconds())
			return nil
		})
	}
	if err := each(r.workers, jobs); err != nil {
		return err
	}
	share := float64(detected) / float64(max(1, len(r.points)))
	none := float64(same) / float64(max(1, len(r.points)+same))
	fmt.Printf(
		"rules: %d of %d mutations detected (%.1f %%); %d equivalent (%.1f %%)\n", detected, len(r.points), 100*share,
		same, 100*none,
	)
	switch {
	case none > mostEquivalent:
		return errors.New("too many mutations are listed as equivalent")
	case share < leastDetected:
		return fmt.Errorf("the tests detect less than %.0f %% of the mutations of the rules", 100*leastDetected)
	}
	return nil
}

// try switches on a point and runs the tests that reach it in batches, the fastest first. A timeout does not count as a
// detection.
func (r *rules) try(p point) (verdict, by string) {
	var tests []test
	for _, t := range r.testers {
		for _, x := range t.tests {
			if x.reach[p.id] {
				tests = append(tests, x)
			}
		}
	}
	slices.SortFunc(tests, func(x, y test) int {
		return cmp.Or(cmp.Compare(x.took, y.took), strings.Compare(x.name, y.name))
	})
	if len(tests) == 0 {
		return "SURVIVED", "no test reaches the point"
	}
	hung, spent, batch := 0, time.Duration(0), time.Second
	for i := 0; i < len(tests); batch *= 4 {
		byTester, took := map[*tester][]string{}, time.Duration(0)
		for ; i < len(tests) && (took == 0 || took+tests[i].took <= batch); i++ {
			took += tests[i].took
			byTester[tests[i].tester] = append(byTester[tests[i].tester], tests[i].name)
		}
		if spent += took; spent > r.budget && spent != took {
			return "SURVIVED", "after the tests within the time budget"
		}
		for _, t := range slices.SortedFunc(
			maps.Keys(byTester), func(x, y *tester) int { return strings.Compare(x.pkg, y.pkg) },
		) {
			by, timeouts := t.detects(p, byTester[t], 10*took+20*time.Second)
			if by != "" {
				return "killed", by
			}
			if hung += timeouts; hung >= mostTimeouts {
				return "SURVIVED", "timeout"
			}
		}
	}
	return "SURVIVED", fmt.Sprintf("%d tests", len(tests))
}

// mostTimeouts is the number of timeouts after which a mutation counts as a survivor. The other tests are then not run
// for this mutation.
const mostTimeouts = 3

// detects runs tests with a point switched on. It returns the name of a test that failed, and the number of tests that
// timed out. If a test times out, detects runs the other tests again without it, because one of them may fail.
func (t *tester) detects(p point, names []string, limit time.Duration) (by string, timeouts int) {
	for len(names) > 0 && timeouts < mostTimeouts {
		out, _, err := t.run(names, limit, "PERENNIAL_MUTANT="+strconv.Itoa(p.id))
		if err == nil {
			return "", timeouts
		}
		_, running, timeout := strings.Cut(string(out), "panic: test timed out after")
		if by = failed(string(out)); !timeout || by != panicked {
			return by, timeouts
		}
		timeouts++
		names = slices.DeleteFunc(names, func(name string) bool { return strings.Contains(running, "\t"+name+" (") })
		if !strings.Contains(running, "running tests:") {
			return "", mostTimeouts
		}
	}
	return "", timeouts
}

// failed returns the name of the failed test in the output of a test binary.
func failed(out string) string {
	if _, rest, ok := strings.Cut(out, "--- FAIL: "); ok {
		return strings.Fields(rest)[0]
	}
	return panicked
}

const panicked = "a panic"

// each runs all jobs with the given number of parallel workers. It returns the errors of the jobs.
func each(workers int, jobs []func() error) error {
	next := make(chan func() error)
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for i := range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for job := range next {
				errs[i] = errors.Join(errs[i], job())
			}
		}()
	}
	for _, job := range jobs {
		next <- job
	}
	close(next)
	wg.Wait()
	return errors.Join(errs...)
}
