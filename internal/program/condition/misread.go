package condition

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
)

// misread returns a description of a syntax error in plain language. The parser's own messages are for programmers, so
// misread guesses the mistake from the source.
func misread(source string, err error) *Error {
	runes := []rune(source)
	column := min(offset(err), len(runes))
	rest := runes[column:]
	quote := openText(runes[:column])
	switch {
	case quote >= 0:
		return &Error{Column: quote, Message: "the text that starts here is not terminated"}
	case len(rest) == 0 || len(rest) == 1 && endsEarly(source, err):
		return &Error{Column: column, Message: "the condition is incomplete"}
	case rest[0] == '=' && (column == 0 || !strings.ContainsRune("=<>!", runes[column-1])):
		return &Error{Column: column, Message: "use == to compare", Suggestion: "=="}
	case rest[0] == '.':
		return &Error{Column: column, Message: "a name is missing before the dot"}
	}
	return &Error{Column: column, Message: word(rest) + " is not expected here"}
}

// offset returns the position of the parser's error, in characters.
func offset(err error) int {
	var at *file.Error
	if errors.As(err, &at) {
		return max(at.From, 0)
	}
	return 0
}

// endsEarly reports whether the parser failed because the source ended too early. The parser reports the same position
// for an error at the end and for one at the last character. If text is appended, only the position of an error at the
// end changes.
func endsEarly(source string, err error) bool {
	_, moved := parser.Parse(source + " )")
	return moved == nil || offset(moved) != offset(err)
}

// openText returns the position of an unterminated text, or -1 if there is none.
func openText(runes []rune) int {
	open := -1
	for i := 0; i < len(runes); i++ {
		switch r := runes[i]; {
		case open < 0 && strings.ContainsRune("\"'`", r):
			open = i
		case open >= 0 && r == '\\' && runes[open] != '`':
			i++
		case open >= 0 && r == runes[open]:
			open = -1
		}
	}
	return open
}

// word returns the word at the start of the runes. If they do not start with a word, it returns their first character.
func word(runes []rune) string {
	n := 0
	for n < len(runes) && n < 30 && isLetter(runes[n]) {
		n++
	}
	return string(runes[:max(n, 1)])
}

func isLetter(r rune) bool {
	return r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r >= utf8.RuneSelf
}
