package main

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"
)

// reading writes the function that decodes a document.
func (g *generator) reading(name string) {
	g.printf("\nfunc (d *%s) readFrom(r *reader) {\nvar seen members\n", name)
	g.printf("for more := r.open('{', '}'); more; more = r.next('}') {\nswitch r.name() {\n")
	for i, f := range g.fields(name, "d") {
		if i >= 128 {
			panic("generate: " + name + " has too many fields for the type members")
		}
		g.printf("case %q:\nr.once(&seen, %d)\n", f.member, i)
		g.read(f.typ, f.value, 0)
	}
	g.printf("default:\nr.bad = true\n}\n}\n}\n")
}

// read writes the statements that decode a value and store it in a variable. The names of the variables
// of nested values end with the depth, so that they are unique.
func (g *generator) read(typ ast.Expr, to string, depth int) {
	x := fmt.Sprintf("x%d", depth)
	switch t := g.underlying(typ).(type) {
	case *ast.StarExpr:
		g.printf("%s := new(%s)\n", x, types.ExprString(t.X))
		if _, isDocument := g.underlying(t.X).(*ast.StructType); isDocument {
			g.printf("%s.readFrom(r)\n", x)
		} else {
			g.read(t.X, "*"+x, depth+1)
		}
		g.printf("%s = %s\n", to, x)
	case *ast.StructType:
		g.printf("%s.readFrom(r)\n", to)
	case *ast.ArrayType:
		g.readList(t.Elt, to, depth)
	case *ast.IndexExpr: // object[V]
		g.printf("for more := r.open('{', '}'); more; more = r.next('}') {\n")
		g.printf("%s := member[%s]{Name: r.name()}\n", x, types.ExprString(t.Index))
		g.read(t.Index, x+".Value", depth+1)
		g.printf("%s = append(%s, %s)\n}\nr.sorted(%s.sorted())\n", to, to, x, to)
	case *ast.Ident:
		g.printf("%s = %s\n", to, basicReaders[t.Name])
	default:
		panic(fmt.Sprintf("generate: %s has the unknown type %T", to, typ))
	}
}

var basicReaders = map[string]string{
	"string": "r.text()", "bool": "r.boolean()",
	"int": "int(r.number(64))", "int32": "int32(r.number(32))", "int64": "r.number(64)",
}

func (g *generator) readList(element ast.Expr, to string, depth int) {
	if name, ok := element.(*ast.Ident); ok && g.types[name.Name] == nil && name.Name != "string" {
		g.printf("%s = readNumbers[%s](r, %s)\n", to, name.Name, strings.TrimPrefix(name.Name, "int"))
		return
	}
	x := fmt.Sprintf("x%d", depth)
	g.printf("%s = []%s{}\n", to, types.ExprString(element))
	g.printf("for more := r.open('[', ']'); more; more = r.next(']') {\nvar %s %s\n", x, types.ExprString(element))
	if _, isPointer := element.(*ast.StarExpr); isPointer {
		g.printf("if !r.null() {\n")
		g.read(element, x, depth+1)
		g.printf("}\n")
	} else {
		g.read(element, x, depth+1)
	}
	g.printf("%s = append(%s, %s)\n}\n", to, to, x)
}
