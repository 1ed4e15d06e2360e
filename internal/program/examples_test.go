package program

import (
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/perennial-loyalty/perennial/internal/goldentest"
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/program/document"
	"github.com/perennial-loyalty/perennial/internal/program/validate"
)

const table = "examples/README.md"

// examples contains complete program files that are modeled on well-known programs, as starting points and test cases.
var examples = os.DirFS("examples")

// A worked example is an order with its member and the points that it earns.
type worked struct {
	say     string
	order   loyalty.Order
	account loyalty.Account
	points  loyalty.Points
}

// TestTheTableOfWorkedExamplesIsWhatTheEngineGives runs the rows of each table in order, and compares the points,
// reasons and balance with the document. With -update, it writes them to the document.
func TestTheTableOfWorkedExamplesIsWhatTheEngineGives(t *testing.T) {
	source, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := tellTable(t, string(source))
	if *goldentest.Update {
		if err := os.WriteFile(table, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(string(source), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s differs (-it says +the engine gives):\n%s", table, diff)
	}
}

func TestAWrongNumberInTheTableIsFound(t *testing.T) {
	source, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	right, _ := tellTable(t, string(source))
	wrong := strings.Replace(right, "| 36 |", "| 37 |", 1)
	if wrong == right {
		t.Fatal("no row gives 36")
	}
	if got, _ := tellTable(t, wrong); got != right {
		t.Error("37 instead of 36 was let pass")
	}
}

// The baskets of a table must equal the examples in its program file, so that a validation of the file also checks the
// table.
func TestEachExampleFileIsInOrderAndHasTheBasketsOfItsTable(t *testing.T) {
	document, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	_, baskets := tellTable(t, string(document))
	names, err := fs.Glob(examples, "*.yaml")
	if err != nil || len(names) != len(baskets) {
		t.Fatalf("%d files and %d tables: %v", len(names), len(baskets), err)
	}
	for _, name := range names {
		f, own := examplesOf(t, name)
		if len(f.Warnings) > 0 {
			t.Errorf("%s: %v", name, f.Warnings)
		}
		if len(own) != 10 {
			t.Errorf("%s has %d examples, not ten", name, len(own))
		}
		same := cmp.Options{
			cmp.AllowUnexported(worked{}), cmpopts.EquateEmpty(),
			cmpopts.IgnoreFields(loyalty.Order{}, "ID"),
			cmpopts.IgnoreFields(loyalty.Account{}, "Metrics"), // metrics do not affect the points
		}
		if diff := cmp.Diff(baskets[name], own, same); diff != "" {
			t.Errorf("%s has other examples than its table (-table +file):\n%s", name, diff)
		}
	}
}

// examplesOf parses a program file and returns it with its examples.
func examplesOf(t *testing.T, name string) (*File, []worked) {
	t.Helper()
	source, err := fs.ReadFile(examples, name)
	if err != nil {
		t.Fatal(err)
	}
	f, problems := Parse(source)
	if err := problems.Err(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	root, _ := document.Read(source)
	c := &document.Compiler{P: f.Program}
	var all []worked
	for _, item := range root.Get("examples").List() {
		order, account := validate.Example(c, item)
		all = append(all, worked{
			item.Get("name").Text(), order, account,
			loyalty.Points(c.Integer(item.Get("expect"), 0, int64(loyalty.MaxPoints))),
		})
	}
	return f, all
}

// tellTable returns the document with the figures that the engine calculates, and the first row of each basket, by
// file. The heading above a table names its program file.
func tellTable(t *testing.T, document string) (string, map[string][]worked) {
	t.Helper()
	lines := strings.Split(document, "\n")
	baskets := map[string][]worked{}
	var name string
	var f *File
	var s *story
	for i, line := range lines {
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			name = heading + ".yaml"
			f, _ = examplesOf(t, name)
		}
		row := cells(line)
		if row == nil || row[0] == "#" {
			continue
		}
		if len(row) != 7 {
			t.Fatalf("%d cells instead of 7: %s", len(row), line)
		}
		begins := row[0] != ""
		if begins {
			s = &story{t: t, p: f.Program, books: f.Reporting.Currency}
		}
		first := s.row(row)
		if begins {
			baskets[name] = append(baskets[name], first)
		}
		lines[i] = "| " + strings.Join(row, " | ") + " |"
	}
	return strings.Join(lines, "\n"), baskets
}

// cells returns the cells of a table row. It returns nil for any other line, and for the line below the header of a
// table.
func cells(line string) []string {
	rest, ok := strings.CutPrefix(line, "| ")
	if !ok {
		return nil
	}
	list := strings.Split(strings.TrimSuffix(rest, "|"), "|")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}
