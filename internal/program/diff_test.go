package program_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/perennial-loyalty/perennial/internal/program/compare"
)

func TestADiffSaysWhatChangedAndNothingElse(t *testing.T) {
	for name, c := range map[string]struct{ older, newer, want string }{
		"the same": {"a: 1", "a: 1", ""},
		"another way of writing": {
			"a: {b: [1, 2], c: 'x'}", "# so\na:\n  c: \"x\"\n  b:\n    - 1\n    - 2\n", "",
		},
		"more digits":           {"a: 1.50", "a: 1.5", ""},
		"an alias":              {"a: &x {b: 1}\nc: *x", "a: {b: 1}\nc: {b: 1}", ""},
		"a number and a text":   {"a: 1", "a: '1'", `line 1: a: 1 becomes "1"`},
		"something and nothing": {"a: x", "a:", "line 1: a: x becomes null"},
		"a group and a list":    {"a: {b: 1}", "a: [b]", "line 1: a: { b: 1 } becomes [b]"},
		"empty ones": {
			"a: {}\nb: []", "a: []\nb: {}", "line 1: a: {} becomes []\nline 2: b: [] becomes {}",
		},
		"a text that is empty": {
			"a: ''", "b: ''", `line 1: b: "" is new` + "\n" + `line 1 before: a: "" is gone`,
		},
		"the order of ids": {"a: [{id: x, n: 1}, {id: y}]", "a: [{id: y}, {id: x, n: 1}]", ""},
		"a value of one that was moved": {
			"a: [{id: x, n: 1}, {id: y}]", "a: [{id: y}, {id: x, n: 2}]", "line 1: a.x.n: 1 becomes 2",
		},
		"the order of a plain list": {"a: [x, y]", "a: [y, x]", "line 1: a: [x, y] becomes [y, x]"},
		"the order of groups without id": {
			"a: [{n: 1}, {n: 2}]", "a: [{n: 2}, {n: 1}]", "line 1: a[0].n: 1 becomes 2\nline 1: a[1].n: 2 becomes 1",
		},
		"one put between": {
			"a:\n- {n: 1}\n- {n: 2}", "a:\n- {n: 1}\n- {n: 9}\n- {n: 2}", "line 3: a[1]: { n: 9 } is new",
		},
		"one taken out": {
			"a:\n- {n: 1}\n- {n: 9}\n- {n: 2}", "a:\n- {n: 1}\n- {n: 2}", "line 3 before: a[1]: { n: 9 } is gone",
		},
		"lists of lists":                 {"a: [[1], [2]]", "a: [[1], [3]]", "line 1: a[1]: [2] becomes [3]"},
		"text that reads like something": {"a: x", "a: 'b: c, [d]'", `line 1: a: x becomes "b: c, [d]"`},
		"a condition":                    {"a: x > 1", "a: x > 2 && y", `line 1: a: x > 1 becomes x > 2 && y`},
		"lines of text":                  {"a: x", "a: |\n  b\n  c\n", `line 1: a: x becomes "b\nc\n"`},
	} {
		changes, problems := compare.Diff([]byte(c.older), []byte(c.newer))
		var got []string
		for _, change := range changes {
			got = append(got, change.String())
		}
		if diff := cmp.Diff(c.want, strings.Join(got, "\n")); diff != "" || len(problems) > 0 {
			t.Errorf("%s (-want +got):\n%s%v", name, diff, problems)
		}
	}
}

func TestADiffOfWhatCannotBeReadSaysWhy(t *testing.T) {
	for _, pair := range [][2]string{{"a: 1", "a: ["}, {"a: [", "a: 1"}, {"", "a: 1"}} {
		if changes, problems := compare.Diff([]byte(pair[0]), []byte(pair[1])); len(problems) != 1 || changes != nil {
			t.Errorf("%q: %v, %v", pair, changes, problems)
		}
	}
}

// Diff must be fast for every pair of files. It compares nested lists level by level and truncates long values.
func TestADiffOfHostileFilesIsQuick(t *testing.T) {
	deep := func(leaf string) []byte {
		return []byte("a: " + strings.Repeat("[{b: ", 9) + leaf + strings.Repeat("}]", 9))
	}
	wide := func(n string) []byte {
		return []byte("x: &x \"" + strings.Repeat(n, 50_000) + "\"\na: [" + strings.Repeat("{b: *x}, ", 90) + "]")
	}
	begin := time.Now()
	if changes, _ := compare.Diff(deep("1"), deep("2")); len(changes) != 1 {
		t.Errorf("%d changes", len(changes))
	}
	changes, _ := compare.Diff(wide("x"), wide("y"))
	size := 0
	for _, c := range changes {
		size += len(c.String())
	}
	if took := time.Since(begin); len(changes) != 91 || size > 200_000 || took > 5*time.Second {
		t.Errorf("%d changes of %d bytes in %s", len(changes), size, took)
	}
}
