// Package samtest transforms template.yaml into plain CloudFormation for tests.
//
// It runs the script infra/transform, which needs Python. If the script cannot run, the test is skipped. If
// PERENNIAL_REQUIRE_SAM is 1, as in make test, the test fails instead. If the translator rejects a template, the test
// always fails. Each set of parameters is transformed only once per process.
package samtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/stack"
)

// Parameters contains values for template parameters. Other parameters have their default values.
type Parameters map[string]string

// cannotRun is the exit status of infra/transform if the SAM translator cannot be installed.
const cannotRun = 3

var cache struct {
	sync.Mutex
	transformed map[string]json.RawMessage
}

// Transform returns the transformed template for each set of parameters. It starts the translator at most once. One
// call with several sets is therefore much faster than several calls. The results are copies, which the test may
// change.
func Transform(t testing.TB, sets ...Parameters) []map[string]any {
	t.Helper()
	cache.Lock()
	defer cache.Unlock()
	var missing []Parameters
	for _, set := range sets {
		if cache.transformed[key(t, set)] == nil {
			missing = append(missing, set)
		}
	}
	if len(missing) > 0 {
		results := run(t, missing)
		if cache.transformed == nil {
			cache.transformed = map[string]json.RawMessage{}
		}
		for i, set := range missing {
			cache.transformed[key(t, set)] = results[i]
		}
	}
	templates := make([]map[string]any, len(sets))
	for i, set := range sets {
		if err := json.Unmarshal(cache.transformed[key(t, set)], &templates[i]); err != nil {
			t.Fatal(err)
		}
	}
	return templates
}

// Templates is like Transform, but returns parsed templates.
func Templates(t testing.TB, sets ...Parameters) []*stack.Template {
	t.Helper()
	var templates []*stack.Template
	for _, document := range Transform(t, sets...) {
		source, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		template, err := stack.Parse(source)
		if err != nil {
			t.Fatal(err)
		}
		templates = append(templates, template)
	}
	return templates
}

func key(t testing.TB, set Parameters) string {
	t.Helper()
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func run(t testing.TB, sets []Parameters) []json.RawMessage {
	t.Helper()
	input, err := json.Marshal(sets)
	if err != nil {
		t.Fatal(err)
	}
	root := Root(t)
	var out, diagnosis bytes.Buffer
	command := exec.Command(filepath.Join(root, "infra/transform"), "-")
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(input), &out, &diagnosis
	if err := command.Run(); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() != cannotRun {
			t.Fatalf("infra/transform: %v\n%s", err, diagnosis.String())
		}
		if os.Getenv("PERENNIAL_REQUIRE_SAM") == "1" {
			t.Fatalf("PERENNIAL_REQUIRE_SAM is set, but infra/transform cannot run: %v\n%s", err, diagnosis.String())
		}
		t.Skipf("infra/transform cannot run: %v\n%s", err, diagnosis.String())
	}
	var results []json.RawMessage
	if err := json.Unmarshal(out.Bytes(), &results); err != nil || len(results) != len(sets) {
		t.Fatalf("infra/transform printed %d templates for %d sets of parameters: %v", len(results), len(sets), err)
	}
	return results
}

// Root returns the root directory of the repository. It opens the files that the script reads. The go command then
// detects that the test depends on them, and does not use a cached result after one of them has changed.
func Root(t testing.TB) string {
	t.Helper()
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(root, "template.yaml")); err == nil {
			break
		}
		if root == filepath.Dir(root) {
			t.Fatal("no template.yaml above the test's directory")
		}
		root = filepath.Dir(root)
	}
	for _, name := range []string{
		"template.yaml", "infra/transform", "infra/transform.py", "infra/transform-requirements.txt",
	} {
		if _, err := os.ReadFile(filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	return root
}
