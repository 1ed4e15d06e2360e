package program

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perennial-loyalty/perennial/internal/goldentest"
	"github.com/perennial-loyalty/perennial/internal/program/nearest"
	"github.com/perennial-loyalty/perennial/internal/program/problem"
)

// golden compares a text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	goldentest.Compare(t, filepath.Join("testdata", name), got)
}

// eachSource calls f with every program file in a folder of testdata, and its name without the ending.
func eachSource(t *testing.T, folder string, f func(t *testing.T, name string, source []byte)) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", folder, "*.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no sources: %v", err)
	}
	for _, path := range paths {
		name := filepath.Join(folder, strings.TrimSuffix(filepath.Base(path), ".yaml"))
		t.Run(name, func(t *testing.T) {
			source, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			f(t, name, source)
		})
	}
}

// TestProblemsAreWordedAsInTestdata compares the messages of invalid program files with testdata, so that reviewers
// read them as merchants do. The files in testdata have problems of the whole file, and those in testdata/wrong each
// have a single problem.
func TestProblemsAreWordedAsInTestdata(t *testing.T) {
	for _, folder := range []string{"", "wrong"} {
		eachSource(t, folder, func(t *testing.T, name string, source []byte) {
			_, problems := Parse(source)
			if problems.Err() == nil {
				t.Fatal("the file was accepted")
			}
			golden(t, name+".txt", problems.Error()+"\n")
		})
	}
}

func TestWarningsAreWordedAsInTestdata(t *testing.T) {
	eachSource(t, "doubtful", func(t *testing.T, name string, source []byte) {
		f, problems := Parse(source)
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		golden(t, name+".txt", f.Warnings.Error()+"\n")
	})
}

func TestAtLeastFortyFilesAreWrong(t *testing.T) {
	wrong, _ := filepath.Glob("testdata/wrong/*.yaml")
	more, _ := filepath.Glob("testdata/*.yaml")
	if len(wrong)+len(more) < 40 {
		t.Errorf("there are %d", len(wrong)+len(more))
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
	for word, want := range map[string]string{
		"donw": "down", "neares": "nearest", "dwon": "down", "sideways": "", "": "",
	} {
		if got := nearest.Word(word, words); got != want {
			t.Errorf("%q: suggested %q, want %q", word, got, want)
		}
	}
}
