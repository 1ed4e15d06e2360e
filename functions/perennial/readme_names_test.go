package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func readme(t *testing.T) []byte {
	t.Helper()
	source, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// TestReadmeIsShort limits the README. Details belong in package comments and examples.
func TestReadmeIsShort(t *testing.T) {
	if lines := bytes.Count(readme(t), []byte("\n")); lines > 250 {
		t.Errorf("the README has %d lines; move details to package comments and examples", lines)
	}
}

func TestReadmeNamesExistingFiles(t *testing.T) {
	paths := regexp.MustCompile(
		`(internal|infra|functions)/[\w./-]*\w|\]\([^)#]+\)`,
	).FindAllString(string(readme(t)), -1)
	for _, path := range paths {
		path = strings.TrimSuffix(strings.TrimPrefix(path, "]("), ")")
		if _, err := os.Stat(filepath.Join("../..", path)); err != nil {
			t.Errorf("the README names %s: %v", path, err)
		}
	}
	if len(paths) < 10 {
		t.Errorf("the README names only %d files and packages", len(paths))
	}
}

func TestReadmeNamesExistingMakeTargets(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("`make ([a-z-]+)").FindAllStringSubmatch(string(readme(t)), -1) {
		if !bytes.Contains(makefile, []byte("\n"+m[1]+":")) {
			t.Errorf("the README names make %s, which does not exist", m[1])
		}
	}
}

// TestReadmeNamesEveryExample compares the README's table of use cases with the examples of package api.
func TestReadmeNamesEveryExample(t *testing.T) {
	files, err := filepath.Glob("../../internal/api/example*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	examples := map[string]bool{}
	for _, file := range files {
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^func (Example\w+)\(\)`).FindAllSubmatch(code, -1) {
			examples[string(m[1])] = true
		}
	}
	for _, name := range regexp.MustCompile(`Example[A-Z_]\w+`).FindAllString(string(readme(t)), -1) {
		if !examples[name] {
			t.Errorf("the README names %s, which does not exist", name)
		}
		delete(examples, name)
	}
	for name := range examples {
		t.Errorf("the README does not name %s", name)
	}
}

// TestDocumentsNameExistingRoutesAndCommands checks the routes and commands that README and CHANGELOG name.
func TestDocumentsNameExistingRoutesAndCommands(t *testing.T) {
	spec, err := os.ReadFile("../../internal/api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	model, err := kong.New(&commands{}, helpTexts)
	if err != nil {
		t.Fatal(err)
	}
	route := regexp.MustCompile("`(GET|PUT|POST|PATCH|DELETE) (/v1/[a-z/{}-]+)")
	command := regexp.MustCompile("`perennial ([a-z -]+)|functions/perennial ([a-z -]+)")
	for _, name := range []string{"README.md", "CHANGELOG.md"} {
		source, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range route.FindAllSubmatch(source, -1) {
			if !bytes.Contains(spec, fmt.Appendf(nil, "\n  %s:", m[2])) {
				t.Errorf("%s names the route %s, which does not exist", name, m[2])
			}
		}
		for _, m := range command.FindAllSubmatch(source, -1) {
			if words := strings.Fields(string(m[1]) + string(m[2])); !isCommand(model.Model.Node, words) {
				t.Errorf("%s names the command perennial %s, which does not exist", name, strings.Join(words, " "))
			}
		}
	}
}

// isCommand reports whether the words are a command below n, with any arguments and flags.
func isCommand(n *kong.Node, words []string) bool {
	if len(words) == 0 || len(n.Children) == 0 {
		return true
	}
	i := slices.IndexFunc(n.Children, func(c *kong.Node) bool { return c.Name == words[0] })
	return i >= 0 && isCommand(n.Children[i], words[1:])
}
