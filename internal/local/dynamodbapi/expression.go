package dynamodbapi

import (
	"regexp"
	"strings"
)

// An expression is the state of a parser. It parses a condition, an update or a key condition, and contains the values
// of the placeholders.
type expression struct {
	names  map[string]string // attribute names by placeholder, such as #name
	values attributes        // values by placeholder, such as :value
	tokens []string
	used   map[string]bool // placeholders that occur in any expression of the request
	err    error           // the first error; later results are invalid
	what   string          // the kind of the expression, for error messages
}

var tokenPattern = regexp.MustCompile(`^(?:[#:]?[A-Za-z_][A-Za-z0-9_]*|<=|>=|<>|[=<>(),.+-])`)

// newExpression splits an expression into tokens. All expressions of a request use the same placeholders.
func newExpression(source, what string, names map[string]string, values attributes, used map[string]bool) *expression {
	e := &expression{names: names, values: values, used: used, what: what}
	for rest := strings.TrimSpace(source); rest != ""; rest = strings.TrimSpace(rest) {
		token := tokenPattern.FindString(rest)
		if token == "" {
			e.fail("Syntax error near %.20q", rest)
			return e
		}
		e.tokens = append(e.tokens, token)
		rest = rest[len(token):]
	}
	return e
}

func (e *expression) fail(format string, args ...any) {
	if e.err == nil {
		e.err = invalid("Invalid "+e.what+": "+format, args...)
	}
	e.tokens = nil
}

// peek returns the next token without consuming it. A word is returned in capitals, because keywords are
// case-insensitive.
func (e *expression) peek() string {
	if len(e.tokens) == 0 {
		return ""
	}
	return strings.ToUpper(e.tokens[0])
}

func (e *expression) next() string {
	if len(e.tokens) == 0 {
		e.fail("unexpected end")
		return ""
	}
	token := e.tokens[0]
	e.tokens = e.tokens[1:]
	return token
}

// take consumes the next token if it equals the argument, and reports whether it did.
func (e *expression) take(token string) bool {
	if e.peek() != token {
		return false
	}
	e.next()
	return true
}

func (e *expression) expect(token string) {
	if e.err == nil && !e.take(token) {
		e.fail("%q is expected before %q", token, strings.Join(e.tokens, " "))
	}
}

// end returns the first error of the expression. It also returns an error if there are more tokens.
func (e *expression) end() error {
	if len(e.tokens) > 0 {
		e.fail("%q is not supported", strings.Join(e.tokens, " "))
	}
	return e.err
}

var keywords = map[string]bool{
	"AND": true, "OR": true, "NOT": true, "IN": true, "BETWEEN": true, "SET": true, "REMOVE": true, "ADD": true,
	"DELETE": true,
}

// path reads a path of names that are separated by periods, such as doc.#field.
func (e *expression) path() (p []string) {
	for {
		token := e.next()
		name := token
		if strings.HasPrefix(token, "#") {
			name = e.names[token]
			e.used[token] = true
		}
		if name == "" || strings.HasPrefix(token, ":") || keywords[strings.ToUpper(token)] || !isWord(token) {
			e.fail("%q is not the name of an attribute", token)
			return nil
		}
		p = append(p, name)
		if !e.take(".") {
			return p
		}
	}
}

func isWord(token string) bool { return token != "" && !strings.ContainsAny(token[:1], "<>=(),.+-") }

// literal reads a placeholder of a value, such as :value, and returns the value.
func (e *expression) literal() value {
	token := e.next()
	v, ok := e.values[token]
	if !ok {
		e.fail("an expression attribute value used in expression is not defined: %q", token)
	}
	e.used[token] = true
	return v
}

// find returns the value at a path of names in an item. It reports false if there is none.
func find(item attributes, path []string) (v value, ok bool) {
	for i, name := range path {
		if v, ok = item[name]; !ok {
			return value{}, false
		}
		if i < len(path)-1 {
			item = v.M
		}
	}
	return v, ok
}
