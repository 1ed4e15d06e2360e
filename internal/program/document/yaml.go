package document

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// These constants limit a program file. The time that the parser needs grows with the square of the number of entries
// in one mapping or list. The limits are therefore checked on the tokens before the parser runs. Realistic files stay
// far below all limits.
const (
	MaxSource  = 2 << 20 // maximum size in bytes
	maxTokens  = 400_000
	maxNodes   = 400_000 // maximum number of nodes, after aliases are replaced by their values
	maxDepth   = 20
	maxAnchors = 100 // maximum number of anchors and aliases together
)

// Read parses a program file into a tree. If the file is invalid, it returns the problems.
func Read(source []byte) (*Node, Problems) {
	if len(source) > MaxSource {
		return nil, refusal(1, 1, "the file has %d bytes; at most %d are allowed", len(source), MaxSource)
	}
	if line, column, ok := readable(source); !ok {
		return nil, refusal(line, column, "the file has an invalid character; save it as UTF-8")
	}
	tokens := lexer.Tokenize(string(source))
	if problems := bounds(tokens); len(problems) > 0 {
		return nil, problems
	}
	file, problems := parse(tokens)
	if len(problems) > 0 {
		return nil, problems
	}
	return grow(file)
}

func refusal(line, column int, format string, args ...any) Problems {
	return Problems{{Line: line, Column: column, Width: 1, Message: fmt.Sprintf(format, args...)}}
}

// readable finds the first invalid byte: one that is not valid UTF-8 or is a control character. It reports true if
// there is none.
func readable(source []byte) (line, column int, ok bool) {
	line, column = 1, 1
	for len(source) > 0 {
		r, size := utf8.DecodeRune(source)
		switch {
		case r == '\n':
			line, column = line+1, 0
		case r == utf8.RuneError && size == 1, r < ' ' && r != '\t' && r != '\r', r == 0x7f:
			return line, column, false
		}
		source, column = source[size:], column+1
	}
	return 0, 0, true
}

// bounds rejects files whose tokens exceed the limits, because the parser would take too long.
func bounds(tokens token.Tokens) Problems {
	if len(tokens) > maxTokens {
		return refusal(1, 1, "the file is too large: it has more than %d tokens", maxTokens)
	}
	depth, anchors, entries, keys, line := 0, 0, 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, entries, keys = t.Position.Line, 0, 0
		}
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			depth++
		case token.MappingEndType, token.SequenceEndType:
			depth--
		case token.SequenceEntryType:
			entries++
		case token.MappingValueType:
			if depth == 0 {
				keys++
			}
		case token.AnchorType, token.AliasType:
			anchors++
		}
		place := t.Position
		switch {
		case depth > maxDepth || entries > maxDepth:
			return refusal(place.Line, place.Column, "the nesting is too deep; at most %d levels are allowed", maxDepth)
		case anchors > maxAnchors:
			return refusal(place.Line, place.Column, "there are too many anchors and aliases; at most %d are allowed",
				maxAnchors)
		case keys > maxDepth:
			return refusal(place.Line, place.Column, "there are too many keys on one line")
		}
	}
	return nil
}

// parse runs the parser. If the parser panics, it reports the file as unreadable.
func parse(tokens token.Tokens) (file *ast.File, problems Problems) {
	defer func() {
		if recover() != nil {
			problems = refusal(1, 1, "the file is not valid YAML")
		}
	}()
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err == nil {
		return file, nil
	}
	var syntax yaml.Error
	if !errors.As(err, &syntax) || syntax.GetToken() == nil || syntax.GetToken().Position == nil {
		return nil, refusal(1, 1, "the file is not valid YAML")
	}
	place := syntax.GetToken().Position
	return nil, refusal(place.Line, max(1, place.Column), "the file is not valid YAML: %s", syntax.GetMessage())
}
