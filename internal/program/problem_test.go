package program

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/perennial-loyalty/perennial/internal/program/problem"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file of testdata, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got; -update writes it):\n%s", name, diff)
	}
}

// Every message that a merchant can meet stands in testdata, to be read as merchants will read it.
func TestProblemsAreWordedAsInTestdata(t *testing.T) {
	sources, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(sources) == 0 {
		t.Fatalf("no sources in testdata: %v", err)
	}
	for _, path := range sources {
		name := strings.TrimSuffix(filepath.Base(path), ".yaml")
		t.Run(name, func(t *testing.T) {
			source, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			_, problems := Parse(source)
			if problems.Err() == nil {
				t.Fatal("the file was accepted")
			}
			golden(t, name+".txt", problems.Error()+"\n")
		})
	}
}

func TestProblemsComeInTheOrderOfTheirLines(t *testing.T) {
	source, err := os.ReadFile("testdata/words.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, problems := Parse(source)
	for i := 1; i < len(problems); i++ {
		if problems[i].Line < problems[i-1].Line {
			t.Errorf("line %d after line %d", problems[i].Line, problems[i-1].Line)
		}
	}
}

func TestOfVeryManyProblemsTheFirstAreReported(t *testing.T) {
	_, problems := Parse([]byte("version: 1\n" + strings.Repeat("\"a\": [\"\\u0000\"]\n", 500)))
	if len(problems) != problem.Most+1 || !strings.Contains(problems.Error(), "more problems") {
		t.Errorf("got %d problems", len(problems))
	}
}

func TestTheNearestWordIsSuggested(t *testing.T) {
	words := []string{"down", "nearest", "up"}
	for word, want := range map[string]string{"donw": "down", "neares": "nearest", "dwon": "down", "sideways": "", "": ""} {
		if got := nearest(word, words); got != want {
			t.Errorf("%q: suggested %q, want %q", word, got, want)
		}
	}
}
