package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
	"golang.org/x/mod/modfile"
)

// A module is a module of another author.
type module struct {
	Path, Version string
	Dir           string   // its directory in the module cache
	packages      []string // the directories of its packages that a binary contains
	Indirect      bool     // whether only other modules import it
}

// requiredModules returns the modules of go.mod, sorted by path.
func requiredModules(dir string) ([]module, error) {
	raw, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return nil, err
	}
	file, err := modfile.Parse("go.mod", raw, nil)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, r := range file.Require {
		paths = append(paths, r.Mod.Path)
	}
	if _, err := run(dir, nil, append([]string{"mod", "download"}, paths...)...); err != nil {
		return nil, err
	}
	out, err := run(dir, nil, append([]string{"list", "-m", "-json"}, paths...)...)
	if err != nil {
		return nil, err
	}
	return decoded[module](out)
}

// systems are the systems for which the binaries are built. A module may be needed on only one of them.
var systems = []string{"GOOS=linux", "GOOS=darwin", "GOOS=windows"}

// shippedModules returns the modules that the programs in functions contain, by path.
func shippedModules(dir string) (map[string]module, error) {
	shipped := map[string]module{}
	for _, system := range systems {
		out, err := run(
			dir, []string{system, "CGO_ENABLED=0"}, "list", "-deps", "-tags", "lambda.norpc", "-json=Dir,Module",
			"./functions/...",
		)
		if err != nil {
			return nil, err
		}
		packages, err := decoded[struct {
			Dir    string
			Module *struct {
				module
				Main bool
			}
		}](out)
		if err != nil {
			return nil, err
		}
		for _, p := range packages {
			if p.Module != nil && !p.Module.Main {
				m := p.Module.module
				m.packages = append(shipped[m.Path].packages, p.Dir)
				shipped[m.Path] = m
			}
		}
	}
	return shipped, nil
}

// run runs the go command in a directory and returns its output.
func run(dir string, env []string, args ...string) ([]byte, error) {
	cmd := exec.Command("go", args...)
	var problems bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stderr = dir, append(os.Environ(), env...), &problems
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", args[0], err, problems.Bytes())
	}
	return out, nil
}

// decoded decodes a sequence of JSON objects.
func decoded[T any](raw []byte) (all []T, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	for {
		var one T
		if err := d.Decode(&one); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
}

var noticeName = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents|authors)([.-].*)?$`)

// texts returns the license and notice files of a module, by their path in the module. Some modules contain packages
// of other authors, which have their own files. They are in the directory of the package.
func (m module) texts() (map[string]string, error) {
	texts := map[string]string{}
	for _, dir := range append([]string{m.Dir}, m.packages...) {
		files, err := os.ReadDir(dir)
		if err != nil {
			return nil, fmt.Errorf("read the licenses of %s: %w", m.Path, err)
		}
		for _, f := range files {
			if f.IsDir() || !noticeName.MatchString(f.Name()) || strings.HasSuffix(f.Name(), ".go") {
				continue
			}
			path := filepath.Join(dir, f.Name())
			text, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			name, err := filepath.Rel(m.Dir, path)
			if err != nil {
				return nil, err
			}
			texts[filepath.ToSlash(name)] = strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n"))
		}
	}
	return texts, nil
}

// licenses returns the identifiers of a module's licenses, such as Apache-2.0.
func (m module) licenses() (string, error) {
	texts, err := m.texts()
	if err != nil {
		return "", err
	}
	found := map[string]bool{}
	for _, text := range texts {
		for _, match := range licensecheck.Scan([]byte(text)).Match {
			found[match.ID] = true
		}
	}
	if len(found) == 0 {
		return "", fmt.Errorf("%s has no known license", m.Path)
	}
	return strings.Join(slices.Sorted(maps.Keys(found)), ", "), nil
}
