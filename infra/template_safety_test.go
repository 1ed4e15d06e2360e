package infra

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestEnvironmentMatchesTemplate checks that only boot and the packages below it read the environment, and that the
// template sets every variable that they read, except for the clock of a stack on one machine.
func TestEnvironmentMatchesTemplate(t *testing.T) {
	read := map[string]bool{}
	for _, name := range slices.Concat(
		textsIn(t, "../internal/boot/*.go"), textsIn(t, "../internal/boot/sqsqueue/*.go"),
		textsIn(t, "../internal/boot/senders/*.go"),
	) {
		if strings.HasPrefix(name, "PERENNIAL_") {
			read[name] = true
		}
	}
	set := map[string]bool{}
	for _, f := range readStack(t).Functions {
		for name := range f.Environment {
			set[name] = true
		}
	}
	delete(read, "PERENNIAL_TEST_CLOCK")
	if !maps.Equal(read, set) {
		t.Errorf(
			"boot reads %v and the template sets %v", slices.Sorted(maps.Keys(read)), slices.Sorted(maps.Keys(set)),
		)
	}
	others, err := filepath.Glob("../internal/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range others {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(path, "_test.go") && !strings.HasSuffix(filepath.Dir(path), "test") &&
			!strings.HasPrefix(path, "../internal/boot/") &&
			regexp.MustCompile(`os\.(Getenv|LookupEnv|Environ)`).Match(source) {
			t.Errorf("%s reads the environment; only boot may do that", path)
		}
	}
}

// textsIn returns the string literals of source files.
func textsIn(t *testing.T, pattern string) (texts []string) {
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				texts = append(texts, strings.Trim(lit.Value, "\"`"))
			}
			return true
		})
	}
	return texts
}
