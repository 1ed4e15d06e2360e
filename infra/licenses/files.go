package main

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const listHead = `# Dependencies

Every module of go.mod, with its licenses and the reason why it is needed. A module marked with * is part of a binary;
the others are only for tests and tools. After a change of go.mod, run this command, which keeps the reasons, and add
the reason of a new module to its row:

    go generate ./internal/notices

`

// listOf returns the list of dependencies.
func listOf(required []module, shipped map[string]module, reasons map[string]string) ([]byte, error) {
	direct, indirect := new(strings.Builder), new(strings.Builder)
	for _, m := range required {
		licenses, err := m.licenses()
		if err != nil {
			return nil, err
		}
		mark := ""
		if _, ok := shipped[m.Path]; ok {
			mark = " *"
		}
		if m.Indirect {
			fmt.Fprintf(indirect, "| %s%s | %s |\n", m.Path, mark, licenses)
			continue
		}
		fmt.Fprintf(direct, "| %s%s | %s | %s |\n", m.Path, mark, licenses, reasons[m.Path])
	}
	return []byte(listHead + "| Module | Licenses | Reason |\n|---|---|---|\n" + direct.String() +
		"\n## Required by other modules\n\n| Module | Licenses |\n|---|---|\n" + indirect.String()), nil
}

// reasonsIn returns the reasons in a list of dependencies, by module.
func reasonsIn(list string) map[string]string {
	reasons := map[string]string{}
	for line := range strings.Lines(list) {
		if cells := strings.Split(strings.TrimSpace(line), "|"); len(cells) == 5 {
			path := strings.TrimSuffix(strings.TrimSpace(cells[1]), " *")
			reasons[path] = strings.TrimSpace(cells[3])
		}
	}
	return reasons
}

const noticesHead = `The binaries of Perennial contain software of other authors under the following licenses.
The source of each module is available under its path and version, for example with the command
go mod download -x PATH@VERSION.
`

// noticesOf returns the notices of the modules in the binaries. Modules with the same text share it.
func noticesOf(shipped map[string]module) ([]byte, error) {
	standard, err := standardLibrary()
	if err != nil {
		return nil, err
	}
	owners := map[string][]string{standard: {"the Go standard library"}}
	for _, path := range slices.Sorted(maps.Keys(shipped)) {
		texts, err := shipped[path].texts()
		if err != nil {
			return nil, err
		}
		if len(texts) == 0 {
			return nil, fmt.Errorf("%s has no license file", path)
		}
		for _, name := range slices.Sorted(maps.Keys(texts)) {
			owner := path + " " + shipped[path].Version + " (" + name + ")"
			owners[texts[name]] = append(owners[texts[name]], owner)
		}
	}
	texts := slices.SortedFunc(maps.Keys(owners), func(a, b string) int {
		return cmp.Or(strings.Compare(owners[a][0], owners[b][0]), strings.Compare(a, b))
	})
	var b bytes.Buffer
	b.WriteString(noticesHead)
	for _, text := range texts {
		rule := strings.Repeat("-", 80)
		fmt.Fprintf(&b, "\n%s\n%s\n%s\n\n%s\n", rule, strings.Join(owners[text], "\n"), rule, text)
	}
	return b.Bytes(), nil
}

// standardLibrary returns the license of the Go standard library.
func standardLibrary() (string, error) {
	root, err := run(".", nil, "env", "GOROOT")
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "LICENSE"))
	return strings.TrimSpace(string(text)), err
}
