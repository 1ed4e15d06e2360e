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

	"github.com/perennial-loyalty/perennial/internal/stack"
	"github.com/perennial-loyalty/perennial/internal/stack/access"
)

func TestPermissionsNameTheirActionsAndResources(t *testing.T) {
	for _, f := range readStack(t).Functions {
		for _, policy := range stack.List(f.Properties["Policies"]) {
			if stack.At(policy, "Statement") == nil {
				t.Errorf("%s uses a policy that is not written out: %v", f.Name, policy)
			}
			for _, s := range stack.List(stack.At(policy, "Statement")) {
				for _, action := range stack.List(stack.At(s, "Action")) {
					checkKeys(t, f.Name, action.(string), s)
				}
				texts := slices.Equal(stack.List(stack.At(s, "Action")), []any{"sns:Publish"}) // a telephone number is no resource
				if r, isText := stack.At(s, "Resource").(string); isText && !texts || stack.At(s, "Resource") == nil {
					t.Errorf("%s: the resource %q is none of the template's", f.Name, r)
				}
			}
		}
	}
}

// describeBackups is the one action on the table that is about no item.
const describeBackups = "dynamodb:DescribeContinuousBackups"

// checkKeys requires that access to the table is limited to partitions by name. No function may write API keys, only the
// programs function may write programs, and the relay writes nothing.
func checkKeys(t *testing.T, function, action string, statement any) {
	t.Helper()
	if !strings.HasPrefix(action, "dynamodb:") || action == describeBackups {
		return
	}
	patterns := stack.List(stack.At(statement, "Condition", "ForAllValues:StringLike", "dynamodb:LeadingKeys"))
	if len(patterns) == 0 {
		t.Errorf("%s may %s on every partition", function, action)
	}
	if slices.Contains([]string{"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"}, action) {
		return
	}
	for _, pattern := range patterns {
		for key, writers := range map[string][]string{
			"KEY#k1": nil, "PROGRAMS": {"programs"}, "P#bluebird": nil, "P#bluebird#PROGRAM": {"programs"},
		} {
			if access.Like(pattern.(string), key) && !slices.Contains(writers, function) {
				t.Errorf("%s may %s in the partition %s", function, action, key)
			}
		}
	}
	if function == "relay" {
		t.Errorf("%s may %s, and has nothing to write", function, action)
	}
}

// Only boot and the packages below it read the environment, and the template sets every variable that they read, except
// for the clock of a stack on one machine.
func TestEnvironmentIsWhatTheTemplateSets(t *testing.T) {
	read := map[string]bool{}
	for _, name := range slices.Concat(textsIn(t, "../internal/boot/*.go"), textsIn(t, "../internal/boot/sqsqueue/*.go"), textsIn(t, "../internal/boot/postroom/*.go")) {
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
		t.Errorf("boot reads %v and the template sets %v", slices.Sorted(maps.Keys(read)), slices.Sorted(maps.Keys(set)))
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
		if !strings.HasSuffix(path, "_test.go") && !strings.HasSuffix(filepath.Dir(path), "test") && !strings.HasPrefix(path, "../internal/boot/") &&
			regexp.MustCompile(`os\.(Getenv|LookupEnv|Environ)`).Match(source) {
			t.Errorf("%s reads the environment; that is boot's", path)
		}
	}
}

// textsIn lists the string literals of source files.
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
