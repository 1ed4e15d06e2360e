package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"slices"
	"strings"
	"testing"
)

const rule = `package rule

type Points int64

func cut(want, room Points, refuse bool) (n Points, err error) {
	if n = want; want > room && !refuse {
		n = room
	}
	switch {
	case want == 0 || refuse:
		n = want - room
	}
	for i := Points(0); i < n; i++ {
		n += i
	}
	if err != nil {
		panic("never")
	}
	return n, err
}
`

// switches declares the functions of switch.go.txt.
const switches = `
func mutant_on(int) bool
func mutant_not(int, bool) bool
func mutant_more(int, Points, Points) bool
func mutant_minus(int, Points, Points) Points
`

func pointsOf(t *testing.T, source string) []point {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "rule.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	info := &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{},
		Defs: map[*ast.Ident]types.Object{},
	}
	if _, err := (&types.Config{}).Check("rule", fset, []*ast.File{file}, info); err != nil {
		t.Fatalf("%v in\n%s", err, source)
	}
	f := finder{pkg: "rule", file: "rule.go", fset: fset, info: info, source: []byte(source), seen: map[string]int{}}
	for _, d := range file.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
			f.fn = fn.Name.Name
			f.find(fn.Body)
		}
	}
	return f.points
}

func TestPointsOfAFunction(t *testing.T) {
	var got []string
	for _, p := range pointsOf(t, rule) {
		got = append(got, strings.TrimPrefix(p.key, "rule.go cut: "))
	}
	slices.Sort(got)
	want := []string{
		"!refuse: drop it behind &&", "n += i: leave it out", "n = room: leave it out", "n = want - room: leave it out",
		"refuse: drop it behind ||", "want - room: - becomes +", "want == 0 || refuse: always holds",
		"want == 0 || refuse: never holds", "want == 0: == becomes !=", "want == 0: drop it before ||",
		"want > room && !refuse: always holds", "want > room && !refuse: never holds", "want > room: > becomes >=",
		"want > room: drop it before &&",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the points are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestBrokenFileCompiles checks that a file with all mutations compiles.
func TestBrokenFileCompiles(t *testing.T) {
	points := sample(pointsOf(t, rule), 100, 1)
	text := broken([]byte(rule), points)
	pointsOf(t, text+switches)
	for _, part := range []string{"n = want", "mutant_more(", "!mutant_on("} {
		if !strings.Contains(text, part) {
			t.Errorf("missing %q in\n%s", part, text)
		}
	}
}

func TestSampleChangesLittleWithTheCode(t *testing.T) {
	all := pointsOf(t, rule)
	less := slices.Clone(all[:len(all)-1])
	keys := func(points []point) (out []string) {
		for _, p := range sample(points, 7, 1) {
			out = append(out, p.key)
		}
		return out
	}
	x, y := keys(all), keys(less)
	same := 0
	for _, key := range x {
		if slices.Contains(y, key) {
			same++
		}
	}
	if same < 6 {
		t.Errorf("of 7 points, %d are also in the sample without the last point", same)
	}
}

func TestExplainedMutationsExist(t *testing.T) {
	if err := os.Chdir("../.."); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chdir("infra/mutate") })
	known := map[string]bool{}
	for _, p := range rulePackages {
		points, err := load(p.pkg)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range points {
			known[x.key] = true
		}
	}
	equivalent, err := explained(equivalentList)
	if err != nil {
		t.Fatal(err)
	}
	for key := range equivalent {
		if !known[key] {
			t.Errorf("unknown mutation %q", key)
		}
	}
}
