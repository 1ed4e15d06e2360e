// Package problem is what is wrong with a program file, and how to tell.
//
// It promises that a problem names its line, column and key, and shows the source under a caret. It deliberately
// finds none (package program does), so that whoever only passes problems on links neither the parser nor the
// schema.
package problem

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Most is how many problems of one file are reported; who has more starts with these.
const Most = 100

const maxExcerpt = 120 // characters of a source line that are shown

// A Problem is one thing to put right in a program file.
type Problem struct {
	Line, Column int    // both from 1; the column counts characters
	Path         string // the key, like earn.purchase.rates.EUR or rewards.free-mug.cost; "" is the file
	Message      string // what is wrong: a clause that reads on from the path
	Suggestion   string // what was probably meant; may be empty

	Width int // of the word at fault, in characters; zero if there is none to show

	excerpt string // the source line, cut around the word
	caret   int    // where in the excerpt the word begins
}

// String is the problem in words, then the source line, then a caret under the word at fault.
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

// Problems is what is wrong with a file, in the order of its lines. Empty means that nothing is; use Err to
// pass it on as an error.
type Problems []Problem

// Error is every problem as text.
func (ps Problems) Error() string {
	texts := make([]string, len(ps))
	for i, p := range ps {
		texts[i] = p.String()
	}
	return strings.Join(texts, "\n")
}

// Err is the problems as an error, and nil if there are none: an empty Problems in an error variable would
// not be.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

// Suggest is the problem with the word that was probably meant.
func (p Problem) Suggest(word string) Problem {
	p.Suggestion = word
	return p
}

// Finish sorts problems, drops all but the first of those about one value, bounds their number and adds the
// source lines. Whoever found the problems calls it once, when all are there.
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

// excerpt is the line in one width per character, without indentation, and where character at went. A long
// line is cut around it.
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
