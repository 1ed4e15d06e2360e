// Package problem describes the problems of a program file.
//
// Each problem states its line, column and key, and shows the source line with a caret. Package program and the
// packages below it find the problems. This package contains neither the parser nor the schema, so that functions that
// only report problems do not include them in their binary.
package problem

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Most is the maximum number of problems that are reported for one file. If there are more, only the first ones are
// reported.
const Most = 100

const maxExcerpt = 120 // maximum number of characters of a source line in a problem

// A Problem is one mistake in a program file.
type Problem struct {
	Line, Column int // both start at 1; the column counts characters
	// Path is the path of the key, such as earn.purchase.rates.EUR or rewards.free-mug.cost. It is empty if the problem
	// concerns the whole file.
	Path       string
	Message    string // the problem in words that follow the path, such as "is missing"
	Suggestion string // the value that the author probably meant; may be empty

	Width int // length of the marked word in characters; zero if the problem marks no word

	excerpt string // the part of the source line around the marked word
	caret   int    // position of the marked word in the excerpt
}

// String returns the problem, followed by the source line and a line with carets under the marked word.
func (p Problem) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "line %d: ", p.Line)
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.Message)
	if p.Suggestion != "" {
		fmt.Fprintf(&b, "; did you mean %q?", p.Suggestion)
	}
	if p.excerpt != "" {
		room := max(1, len([]rune(p.excerpt))-p.caret)
		marks := strings.Repeat("^", min(max(1, p.Width), room))
		fmt.Fprintf(&b, "\n    %s\n    %s%s", p.excerpt, strings.Repeat(" ", p.caret), marks)
	}
	return b.String()
}

// Problems contains the problems of a file, sorted by line number. Use Err to return them as an error.
type Problems []Problem

// Error returns all problems as text.
func (ps Problems) Error() string {
	texts := make([]string, len(ps))
	for i, p := range ps {
		texts[i] = p.String()
	}
	return strings.Join(texts, "\n")
}

// Err returns the problems as an error, or nil if there are none.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

// Suggest returns the problem with a suggestion: the word that the author probably meant.
func (p Problem) Suggest(word string) Problem {
	p.Suggestion = word
	return p
}

// Finish sorts the problems, removes all but the first problem of each value, limits their number and adds the source
// lines. Call it once, after all problems were found.
func (ps Problems) Finish(source []byte) Problems {
	type value struct {
		line, column int
		path         string
	}
	seen := map[value]bool{}
	ps = slices.DeleteFunc(ps, func(p Problem) bool {
		v := value{p.Line, p.Column, p.Path}
		defer func() { seen[v] = true }()
		return seen[v]
	})
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(a.Line-b.Line, a.Column-b.Column)
	})
	if more := len(ps) - Most; more > 0 {
		last := ps[Most-1]
		ps = append(ps[:Most:Most], Problem{
			Line: last.Line, Column: last.Column, Message: fmt.Sprintf("and %d more problems", more),
		})
	}
	lines := strings.Split(string(source), "\n")
	for i := range ps {
		if at := ps[i].Line - 1; at >= 0 && at < len(lines) && ps[i].Width > 0 {
			ps[i].excerpt, ps[i].caret = excerpt(lines[at], ps[i].Column-1)
		}
	}
	return ps
}

// excerpt returns the line without its indentation. It also returns the new position of the character that was at the
// position at. Each unprintable character becomes a space. A long line is shortened to the part around the position.
func excerpt(line string, at int) (string, int) {
	runes := []rune(strings.TrimRight(line, " \t\r"))
	at = min(max(at, 0), len(runes))
	start := 0
	for start < at && (runes[start] == ' ' || runes[start] == '\t') {
		start++
	}
	if len(runes)-start > maxExcerpt && at-start > maxExcerpt/2 {
		start = at - maxExcerpt/2
	}
	runes = runes[start:min(len(runes), start+maxExcerpt)]
	for i, r := range runes {
		if !unicode.IsPrint(r) {
			runes[i] = ' '
		}
	}
	return string(runes), at - start
}
