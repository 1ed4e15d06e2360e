package ledger

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// A decision reads neither the table nor the clock. The test finds the functions that have a parameter of type Inputs
// and none of type context.Context. They must use neither a context of an enclosing function nor Ledger.Time.
func TestDecisionsReadNothing(t *testing.T) {
	files := token.NewFileSet()
	names, err := filepath.Glob("../*/*.go") // the packages that build commands are beside this one
	if err != nil {
		t.Fatal(err)
	}
	decisions := 0
	check := func(n ast.Node) bool {
		var params *ast.FuncType
		var body *ast.BlockStmt
		switch f := n.(type) {
		case *ast.FuncDecl:
			params, body = f.Type, f.Body
		case *ast.FuncLit:
			params, body = f.Type, f.Body
		default:
			return true
		}
		if !takes(params, "Inputs") || takes(params, "Context") {
			return true
		}
		decisions++
		ast.Inspect(body, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.Ident:
				if x.Name == "ctx" {
					t.Errorf("%s: a decision uses a context", files.Position(x.Pos()))
				}
			case *ast.CallExpr:
				if f, ok := x.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Time" {
					t.Errorf("%s: a decision reads the clock", files.Position(x.Pos()))
				}
			}
			return true
		})
		return true
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, check)
	}
	if decisions < 30 {
		t.Errorf("only %d decisions were found", decisions)
	}
}

// takes reports whether a function has a parameter of a type with this name.
func takes(f *ast.FuncType, name string) bool {
	for _, p := range f.Params.List {
		switch x := p.Type.(type) {
		case *ast.Ident:
			if x.Name == name {
				return true
			}
		case *ast.SelectorExpr:
			if x.Sel.Name == name {
				return true
			}
		}
	}
	return false
}
