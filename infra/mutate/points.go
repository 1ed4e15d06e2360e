package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"hash/fnv"
	"slices"
	"strings"
)

// A point is a place in the rules that can be mutated in one way.
type point struct {
	id    int // the number of the point, starting at 1; zero if it is not in the sample
	pkg   string
	file  string // the path of the file from the root of the module
	line  int
	key   string // identifies the point; changes only if the code around the point changes
	what  string
	edits []edit
}

// An edit inserts text at a position of a file, or replaces a part of the file.
type edit struct {
	at, until int
	depth     int  // the size of the edit's syntax node, which orders edits at the same position
	of        int  // the ID of the point, which orders edits for the same node
	closes    bool // true if the edit is at the end of the node
	text      string
}

// A finder collects the points of one file.
type finder struct {
	pkg, file, fn string
	fset          *token.FileSet
	info          *types.Info
	source        []byte
	seen          map[string]int // the number of occurrences of each key
	points        []point
}

// flips contains, for each operator, the function that replaces it and the operator that this function implements.
var flips = map[token.Token]struct{ function, what string }{
	token.LSS: {"less", "<="}, token.LEQ: {"atMost", "<"}, token.GTR: {"more", ">="}, token.GEQ: {"atLeast", ">"},
	token.ADD: {"plus", "-"}, token.SUB: {"minus", "+"},
	token.EQL: {"not", "!="}, token.NEQ: {"not", "=="},
}

// find collects the points in the body of a function.
func (f *finder) find(body ast.Node) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			f.operator(n)
		case *ast.IfStmt:
			f.condition(n.Cond)
		case *ast.SwitchStmt:
			if n.Tag == nil {
				f.cases(n.Body)
			}
		case *ast.BlockStmt:
			f.statements(n.List)
		case *ast.CaseClause:
			f.statements(n.Body)
		case *ast.ForStmt: // conditions of loops are not mutated, because an endless loop would prove nothing
			f.find(n.Body)
			return false
		}
		return true
	})
}

func (f *finder) cases(body *ast.BlockStmt) {
	for _, s := range body.List {
		for _, e := range s.(*ast.CaseClause).List {
			f.condition(e)
		}
	}
}

// operator adds the points of a binary operator. Each of them replaces the operator, or removes an operand.
func (f *finder) operator(n *ast.BinaryExpr) {
	if t := f.info.Types[n]; t.Value != nil || t.Type == nil || f.ofError(n) {
		return
	}
	start, end := f.offset(n.Pos()), f.offset(n.End())
	inner := 2*(end-start) - 1 // smaller than the node, because other edits of this node must enclose this edit
	switch n.Op {
	case token.EQL, token.NEQ:
		f.add(n, n.Op.String()+" becomes "+flips[n.Op].what, f.around(n, "not(%d, ", ")")...)
	case token.LSS, token.LEQ, token.GTR, token.GEQ, token.ADD, token.SUB:
		if t, ok := f.info.TypeOf(n.X).Underlying().(*types.Basic); !ok || t.Info()&types.IsNumeric == 0 {
			return
		}
		op := f.offset(n.OpPos)
		f.add(n, n.Op.String()+" becomes "+flips[n.Op].what,
			edit{at: start, until: start, depth: inner, text: "mutant_" + flips[n.Op].function + "(%d, "},
			edit{at: op, until: op + len(n.Op.String()), text: ","},
			edit{at: end, until: end, depth: inner, closes: true, text: ")"})
	case token.LAND:
		f.add(n.X, "drop it before &&", f.around(n.X, "(on(%d) || ", ")")...)
		f.add(n.Y, "drop it behind &&", f.around(n.Y, "(on(%d) || ", ")")...)
	case token.LOR:
		f.add(n.X, "drop it before ||", f.around(n.X, "(!on(%d) && (", "))")...)
		f.add(n.Y, "drop it behind ||", f.around(n.Y, "(!on(%d) && (", "))")...)
	}
}

// condition adds two points for a condition: always true, and never true.
func (f *finder) condition(e ast.Expr) {
	if t, ok := f.info.TypeOf(e).(*types.Basic); !ok || t.Kind() != types.Bool && t.Kind() != types.UntypedBool {
		return
	}
	if f.info.Types[e].Value != nil || f.ofError(e) {
		return
	}
	f.add(e, "always holds", f.around(e, "(on(%d) || (", "))")...)
	f.add(e, "never holds", f.around(e, "(!on(%d) && (", "))")...)
}

// ofError reports whether an expression compares an error with nil. Such conditions handle failures, mostly of the
// table. They are not rules, and other tests inject failures of the table at random.
func (f *finder) ofError(e ast.Expr) bool {
	n, ok := e.(*ast.BinaryExpr)
	return ok && (n.Op == token.EQL || n.Op == token.NEQ) && types.Implements(f.info.TypeOf(n.X), failure)
}

var failure = types.Universe.Lookup("error").Type().Underlying().(*types.Interface)

// logs reports whether a call writes a log line.
func logs(call *ast.CallExpr) bool {
	s, ok := call.Fun.(*ast.SelectorExpr)
	return ok && strings.HasSuffix(s.Sel.Name, "Context")
}

// statements adds one point for each statement that can be removed.
func (f *finder) statements(list []ast.Stmt) {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.ExprStmt:
			if call, ok := s.X.(*ast.CallExpr); ok && (fmt.Sprint(call.Fun) == "panic" || logs(call)) {
				continue
			}
		case *ast.AssignStmt:
			if s.Tok == token.DEFINE {
				continue
			}
		case *ast.IncDecStmt:
		default:
			continue
		}
		f.add(s, "leave it out", f.around(s, "if !on(%d) { ", " }")...)
	}
}

// around returns two edits. The first inserts the parameter before at the start of a node, and the second inserts the
// parameter behind at the end of the node.
func (f *finder) around(n ast.Node, before, behind string) []edit {
	start, end := f.offset(n.Pos()), f.offset(n.End())
	for _, name := range []string{"on(", "not("} {
		before = strings.Replace(before, name, "mutant_"+name, 1)
	}
	return []edit{
		{at: start, until: start, depth: 2 * (end - start), text: before},
		{at: end, until: end, depth: 2 * (end - start), closes: true, text: behind},
	}
}

func (f *finder) offset(p token.Pos) int { return f.fset.Position(p).Offset }

func (f *finder) add(n ast.Node, what string, edits ...edit) {
	text := strings.Join(strings.Fields(string(f.source[f.offset(n.Pos()):f.offset(n.End())])), " ")
	if len(text) > 80 {
		text = text[:80] + "…"
	}
	key := fmt.Sprintf("%s %s: %s: %s", f.file, f.fn, text, what)
	if f.seen[key]++; f.seen[key] > 1 {
		key += fmt.Sprintf(" (%d)", f.seen[key])
	}
	f.points = append(f.points, point{
		pkg: f.pkg, file: f.file, line: f.fset.Position(n.Pos()).Line, key: key, what: what, edits: edits,
	})
}

// sample selects points by a hash of their keys and a seed. A change of the code therefore changes only a small part of
// the sample.
func sample(all []point, n int, seed uint64) []point {
	hash := func(p point) uint64 {
		h := fnv.New64a()
		fmt.Fprintf(h, "%d %s", seed, p.key)
		sum := h.Sum64() // the low bits of the hash are the most random ones
		return sum ^ sum>>29*0xbf58476d1ce4e5b9
	}
	out := slices.Clone(all)
	slices.SortFunc(out, func(x, y point) int {
		if a, b := hash(x), hash(y); a != b {
			if a < b {
				return -1
			}
			return 1
		}
		return strings.Compare(x.key, y.key)
	})
	out = out[:min(n, len(out))]
	slices.SortFunc(out, func(x, y point) int { return strings.Compare(x.key, y.key) })
	for i := range out {
		out[i].id = i + 1
	}
	return out
}

// broken returns the text of a file in which each of the points can be switched on separately.
func broken(source []byte, points []point) string {
	var edits []edit
	for _, p := range points {
		for _, e := range p.edits {
			if strings.Contains(e.text, "%d") {
				e.text = fmt.Sprintf(e.text, p.id)
			}
			e.of = p.id
			edits = append(edits, e)
		}
	}
	slices.SortStableFunc(edits, func(x, y edit) int {
		switch {
		case x.at != y.at:
			return x.at - y.at
		case x.closes != y.closes:
			if x.closes {
				return -1
			}
			return 1
		case x.closes:
			return cmp.Or(x.depth-y.depth, y.of-x.of) // inner edits come first
		}
		return cmp.Or(y.depth-x.depth, x.of-y.of)
	})
	var out strings.Builder
	last := 0
	for _, e := range edits {
		out.Write(source[last:max(last, e.at)])
		out.WriteString(e.text)
		last = max(last, e.until)
	}
	out.Write(source[last:])
	return out.String()
}
