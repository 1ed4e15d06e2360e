package snapshot

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"testing"
)

// eachFile calls f with every file of the packages loyalty and loyalty/calendar.
func eachFile(t *testing.T, f func(*ast.File)) {
	files, err := filepath.Glob("../../loyalty/*.go")
	if err != nil {
		t.Fatal(err)
	}
	calendar, err := filepath.Glob("../../loyalty/calendar/*.go")
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, calendar...)
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		f(file)
	}
}

// constants returns the number of constants of a type in the packages loyalty and loyalty/calendar.
func constants(t *testing.T, typ string) (n int) {
	eachFile(t, func(f *ast.File) {
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
	})
	return n
}

// recv returns the name of a method's receiver type.
func recv(m *ast.FuncDecl) string {
	id, _ := m.Recv.List[0].Type.(*ast.Ident)
	if id == nil {
		return ""
	}
	return id.Name
}

// The number of kinds of strategies is the number of types in package loyalty that implement Strategy.
func TestEveryStrategyIsFilled(t *testing.T) {
	kinds := 0
	eachFile(t, func(f *ast.File) {
		for _, d := range f.Decls {
			if m, ok := d.(*ast.FuncDecl); ok && m.Recv != nil && m.Name.Name == "Compile" && ast.IsExported(recv(m)) &&
				len(m.Type.Params.List) == 0 {
				kinds++
			}
		}
	})
	if kinds != len(strategies) {
		t.Errorf("there are %d kinds of strategies, and the tests know %d", kinds, len(strategies))
	}
}
