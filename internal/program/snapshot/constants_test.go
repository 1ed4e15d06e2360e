package snapshot

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"testing"
)

// constants counts the constants of a type in package loyalty, which are an iota each.
func constants(t *testing.T, typ string) (n int) {
	files, err := filepath.Glob("../../loyalty/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			group, ok := d.(*ast.GenDecl)
			if !ok || group.Tok != token.CONST || len(group.Specs) == 0 {
				continue
			}
			first := group.Specs[0].(*ast.ValueSpec)
			if id, ok := first.Type.(*ast.Ident); ok && id.Name == typ {
				n += len(group.Specs)
			}
		}
	}
	return n
}
