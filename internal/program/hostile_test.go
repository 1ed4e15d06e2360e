package program

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perennial-loyalty/perennial/internal/program/describe"
	"github.com/perennial-loyalty/perennial/internal/program/document"
	"github.com/perennial-loyalty/perennial/internal/program/snapshot"
)

// hostile returns sources for which a careless parser needs too much memory or time.
func hostile() map[string]string {
	full := func(s string) string { return strings.Repeat(s, document.MaxSource/len(s)) }
	var laughs, deep strings.Builder
	laughs.WriteString("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n")
	for i := 1; i < 20; i++ {
		fmt.Fprintf(&laughs, "a%d: &a%d [%s*a%d]\n", i, i, strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), i-1)
	}
	for i := 0; deep.Len() < document.MaxSource-1000; i++ {
		deep.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	sources := map[string]string{
		"a billion laughs": laughs.String(),
		"few but large laughs": "a: &a [" + strings.Repeat("x, ", 9000) + "]\nb: [" + strings.Repeat("*a, ", 40) +
			"]\n",
		"an alias of itself":  "a: &a [*a]\n",
		"a deep block":        deep.String(),
		"a huge number":       "version: 1" + strings.Repeat("0", 100_000),
		"a huge exponent":     "version: 1e999999999",
		"a huge rate":         strings.Replace(string(Demo()), "1 per 1.00", "1e999999999 per 1.00", 1),
		"a huge multiplier":   strings.Replace(string(Demo()), "multiply: 2", "multiply: 1000000000000", 1),
		"too large":           strings.Repeat("#", document.MaxSource+1),
		"a long list":         "[" + strings.Repeat("1,", document.MaxSource/2-2) + "1]",
		"a long text":         "name: " + full("x"),
		"a long quoted text":  "name: \"" + strings.Repeat("\\n", document.MaxSource/2-10) + "\"",
		"many names":          "name: {" + strings.Repeat("aa: x, ", 9000) + "aa: x}",
		"no UTF-8":            "name: \xff\xfe",
		"a control character": "name: \x07",
	}
	head := strings.TrimSuffix(corner, "\n")
	for what, s := range map[string][3]string{
		"many bad conditions":   {"\n  rules: [", "{id: a%d,fixed: 1,when: order.x > 1},", "]"},
		"many good conditions":  {"\n  rules: [", "{id: a%d,fixed: 1,when: order.total > 1},", "]"},
		"many equal categories": {"\n  categories: [", "{id: a%d,category: a,multiply: 2},", "]"},
		"many bad events": {
			"\n  actions: [", "{id: a%d,event: review.approvedapprovedapprovedapproved,points: 1},", "]",
		},
		"many groups": {"\nstacking: [", "{id: a%d,mode: best},", "]"},
		"many campaigns": {
			"\ncampaigns: [", "{id: a%d,multiply: 2,from: 2026-01-01T00:00,until: 2026-02-01T00:00},", "]",
		},
	} {
		var many strings.Builder
		many.WriteString(head + s[0])
		for i := 0; many.Len() < 200_000 && i < 2000; i++ {
			fmt.Fprintf(&many, s[1], i)
		}
		sources[what] = many.String() + s[2] + "\n"
	}
	for _, s := range []string{
		"[", "{", "{a: ", "- ", "? ", "a: ", "a: 1\n", "a:\n", "- a\n", "- - a\n", "&a ", "!a ", "---\n", "#\n", "\n",
		"*a ", "a: &a\n", "|\n", "'", "\"", "%a\n", "a: {b: [\n", "\t",
	} {
		sources["nothing but "+fmt.Sprintf("%q", s)] = full(s)
	}
	return sources
}

func TestHostileSourcesAreRefusedQuickly(t *testing.T) {
	const patience = 10 * time.Second // a hundred times the duration of the slowest source
	for what, source := range hostile() {
		t.Run(what, func(t *testing.T) {
			start := time.Now()
			_, problems := Parse([]byte(source))
			if len(problems) == 0 {
				t.Error("it was accepted")
			}
			if d := time.Since(start); d > patience {
				t.Errorf("it took %v", d)
			}
			if text := problems.Error(); len(text) > 100_000 {
				t.Errorf("the answer has %d bytes", len(text))
			}
		})
	}
}

// FuzzParse looks for sources for which Parse panics or returns different results.
func FuzzParse(f *testing.F) {
	f.Add(Demo())
	whole, _ := filepath.Glob("testdata/*.yaml")
	small, _ := filepath.Glob("testdata/*/*.yaml")
	for _, path := range slices.Concat(whole, small) {
		source, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(source)
	}
	f.Add([]byte("a: &a [*a, <<, ? , !t x, |\n x]"))
	f.Fuzz(func(t *testing.T, source []byte) {
		file, problems := Parse(source)
		if (file == nil) != (len(problems) > 0) {
			t.Fatalf("a file and problems, or neither: %v", problems)
		}
		for _, p := range problems {
			if p.Line < 1 || p.Column < 1 || p.Message == "" {
				t.Fatalf("a problem without a place or a message: %+v", p)
			}
		}
		if file != nil {
			describe.Explain(file.Program)
			if _, err := snapshot.Decode(snapshot.Encode(file.Program)); err != nil {
				t.Fatal(err)
			}
		}
		if _, again := Parse(source); again.Error() != problems.Error() {
			t.Fatalf("first %q and then %q", problems.Error(), again.Error())
		}
	})
}

// A hundred aliases of a long text make the snapshot of a small file larger than the limit.
func TestLimitOfTheSnapshotWithExpandedAliases(t *testing.T) {
	var text, rewards strings.Builder
	for i := range 50 {
		fmt.Fprintf(
			&text, "%s%c%c: %s", map[bool]string{true: ", "}[i > 0], 'a'+i/20, 'a'+i%20, strings.Repeat("x", 990),
		)
	}
	fmt.Fprintf(
		&rewards, "rewards:\n  - { id: r0, type: free_shipping, cost: 1, description: &long { %s } }\n", text.String(),
	)
	for i := 1; i < 99; i++ {
		fmt.Fprintf(&rewards, "  - { id: r%d, type: free_shipping, cost: 1, description: *long }\n", i)
	}
	demo := string(Demo())
	source := demo[:strings.Index(demo, "rewards:")] + rewards.String()
	if _, problems := Compile([]byte(source)); len(problems) != 1 ||
		!strings.Contains(problems.Error(), "is too large: with its aliases expanded") {
		t.Errorf("%.600s", problems.Error())
	}
}
