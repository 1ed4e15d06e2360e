package main

import (
	"bufio"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestBannedPhrasesDoNotReturn checks comments, messages (string literals of several words) and names of tests in Go,
// and the text of documents, schemas and templates, against testdata/phrases.txt.
func TestBannedPhrasesDoNotReturn(t *testing.T) {
	list := readPhrases(t)
	files := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel("../..", path)
		name = filepath.ToSlash(name)
		switch {
		case err != nil:
			return err
		case d.IsDir() && (skippedDir.MatchString(name) || strings.HasPrefix(d.Name(), ".") && name != "."):
			return fs.SkipDir
		case d.IsDir() || !checkedFile.MatchString(name) || skippedFile.MatchString(name):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		for _, p := range list.check(name, string(text)) {
			t.Error(p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 500 {
		t.Errorf("only %d files were checked", files)
	}
	for _, a := range list.allowed {
		if !a.used {
			t.Errorf("testdata/phrases.txt: no file needs the exception %q in %s", a.text, a.file)
		}
	}
}

var (
	checkedFile = regexp.MustCompile(`\.(go|md|ya?ml|json|sh)$|(^|/)Makefile$`)
	skippedFile = regexp.MustCompile(`\.gen\.go$|^functions/perennial/phrases_test\.go$`)
	skippedDir  = regexp.MustCompile(`(^|/)(testdata|node_modules)$|^build$`)
)

// TestBannedPhrasesAreFound checks that a small bad sample of each kind of file is rejected, with the line and the
// replacement, and that good text is not.
func TestBannedPhrasesAreFound(t *testing.T) {
	list := readPhrases(t)
	for _, c := range []struct{ name, text, want string }{
		{
			"a.go", "package a\n\n// Send is what the member is told.\nvar Send = 1\n",
			`a.go:3: "told": write sent, reported, stated or stored`,
		},
		{
			"a.go", "package a\n\n// Set changes a level by\n// hand.\nfunc Set() {}\n",
			`a.go:3: "by hand": write manually`,
		},
		{"a.go", "package a\n\nvar s = \"Nobody has this code.\"\n", `a.go:3: "nobody": write no member or no one`},
		{"a.go", "package a\n\nvar s = \"Set it \" +\n\t\"it anew.\"\n", `a.go:4: "anew": write again`},
		{"a_test.go", "package a\n\nfunc TestLapsedPointsReturn() {}\n", `a_test.go:3: "lapsed": write expired`},
		{
			"a_test.go", "package a\n\nfunc ExampleEarn_orderToldTwice() {}\n",
			`a_test.go:3: "told": write sent, reported, stated or stored`,
		},
		{"README.md", "# A\n\nWhoever asks.\n", `README.md:3: "whoever": write a member who or anyone who`},
		{"a.yaml", "description: >\n  It is set by\n  hand.\n", `a.yaml:2: "by hand": write manually`},
		{"a.go", "package a\n\nfunc tell() { tell() }\n", ""},
		{
			"a.go",
			"package a\n\n// A code has letters and digits. A dead-letter queue keeps it. A letterhead.\nvar s = 1\n",
			"",
		},
	} {
		got := list.check(c.name, c.text)
		if want := slices.DeleteFunc(
			[]string{c.want}, func(s string) bool { return s == "" },
		); !slices.Equal(got, want) {
			t.Errorf("%s\ngot  %q\nwant %q", c.text, got, want)
		}
	}
}

// A phraseList holds the banned phrases with their replacements, and the exceptions.
type phraseList struct {
	phrases map[string]string
	any     *regexp.Regexp
	allowed []*allowedPhrase
}

type allowedPhrase struct {
	file, text string
	used       bool
}

// readPhrases reads testdata/phrases.txt, whose first lines describe its format.
func readPhrases(t *testing.T) *phraseList {
	t.Helper()
	f, err := os.Open("testdata/phrases.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	l := &phraseList{phrases: map[string]string{}}
	var all []string
	for in := bufio.NewScanner(f); in.Scan(); {
		part := strings.Split(in.Text(), " | ")
		switch {
		case strings.HasPrefix(in.Text(), "#") || in.Text() == "":
		case len(part) == 2:
			for phrase := range strings.SplitSeq(part[0], ", ") {
				l.phrases[phrase] = part[1]
				all = append(all, strings.ReplaceAll(regexp.QuoteMeta(phrase), " ", `[\s/#*]+`))
			}
		case len(part) == 3 && part[2] != "":
			l.allowed = append(l.allowed, &allowedPhrase{file: part[0], text: part[1]})
		default:
			t.Fatalf("testdata/phrases.txt: the line %q has neither a replacement nor a reason", in.Text())
		}
	}
	l.any = regexp.MustCompile(`(?i)\b(` + strings.Join(all, "|") + `)\b`)
	return l
}

// check returns one problem for each banned phrase in the text of a file, in the order of lines.
func (l *phraseList) check(file, text string) (problems []string) {
	at := func(line int, text string) {
		for _, m := range l.any.FindAllStringIndex(text, -1) {
			if l.isAllowed(file, text, m) {
				continue
			}
			phrase := strings.ToLower(strings.Join(strings.FieldsFunc(text[m[0]:m[1]], func(r rune) bool {
				return strings.ContainsRune(" \t\n/#*", r)
			}), " "))
			problems = append(problems, fmt.Sprintf(
				"%s:%d: %q: write %s", file, line+strings.Count(text[:m[0]], "\n"), phrase, l.phrases[phrase],
			))
		}
	}
	if !strings.HasSuffix(file, ".go") {
		at(1, text)
		return problems
	}
	fset := token.NewFileSet()
	parsed, err := parser.ParseFile(fset, file, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return []string{err.Error()}
	}
	line := func(p token.Pos) int { return fset.Position(p).Line }
	for _, group := range parsed.Comments {
		at(line(group.Pos()), text[fset.Position(group.Pos()).Offset:fset.Position(group.End()).Offset])
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.BasicLit:
			if s, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING && strings.Contains(s, " ") {
				at(line(n.Pos()), s)
			}
		case *ast.FuncDecl:
			if testName.MatchString(n.Name.Name) {
				at(line(n.Pos()), strings.Join(wordsOf(n.Name.Name), " "))
			}
		}
		return true
	})
	return problems
}

var testName = regexp.MustCompile(`^(Test|Example|Benchmark|Fuzz)`)

// isAllowed reports whether an exception covers a match: the text of the exception contains the phrase and occurs at
// this position of the file.
func (l *phraseList) isAllowed(file, text string, m []int) bool {
	for _, a := range l.allowed {
		if ok, err := filepath.Match(a.file, file); a.file != "*" && (err != nil || !ok) {
			continue
		}
		for from := 0; ; {
			i := strings.Index(text[from:], a.text)
			if i < 0 {
				break
			}
			if start := from + i; start <= m[0] && m[1] <= start+len(a.text) {
				a.used = true
				return true
			}
			from += i + 1
		}
	}
	return false
}
