package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const module = "github.com/perennial-loyalty/perennial"

// load returns the places in the files of a package at which a mutation is possible (see point). The path pkg is
// relative to the root of the module.
func load(pkg string) ([]point, error) {
	exports, files, err := list("./" + pkg)
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	var parsed []*ast.File
	for _, name := range files {
		file, err := parser.ParseFile(fset, filepath.Join(pkg, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, file)
	}
	info := &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{},
		Defs: map[*ast.Ident]types.Object{},
	}
	conf := types.Config{Importer: importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})}
	if _, err := conf.Check(module+"/"+pkg, fset, parsed, info); err != nil {
		return nil, err
	}
	var all []point
	for _, file := range parsed {
		name := fset.Position(file.Package).Filename
		source, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		f := finder{pkg: pkg, file: name, fset: fset, info: info, source: source, seen: map[string]int{}}
		for _, d := range file.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
				f.fn = fn.Name.Name
				f.find(fn.Body)
			}
		}
		all = append(all, f.points...)
	}
	return all, nil
}

// list returns the compiled files of all packages that a package imports, and the Go files of the package itself.
func list(pkg string) (exports map[string]string, files []string, err error) {
	out, err := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Export,GoFiles,Dir", pkg).Output()
	if err != nil {
		return nil, nil, fmt.Errorf("go list %s: %w", pkg, err)
	}
	exports = map[string]string{}
	for in := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath, Export string
			GoFiles            []string
		}
		switch err := in.Decode(&p); err {
		case nil:
			exports[p.ImportPath], files = p.Export, p.GoFiles // the last one is the package itself
		case io.EOF:
			return exports, files, nil
		default:
			return nil, nil, err
		}
	}
}
