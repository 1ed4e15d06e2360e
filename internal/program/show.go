package program

import (
	"regexp"
	"strconv"
	"strings"
)

// maxShown is the maximum number of characters of a value that a change shows.
const maxShown = 500

// shown returns a value on one line in YAML's flow style, shortened if it is long.
func (n *node) shown() string {
	var b strings.Builder
	n.show(&b)
	if runes := []rune(b.String()); len(runes) > maxShown {
		return string(runes[:maxShown]) + "…"
	}
	return b.String()
}

// show writes the value to b. It stops when b has enough characters.
func (n *node) show(b *strings.Builder) {
	if b.Len() > 4*maxShown {
		return
	}
	switch n.kind {
	case mapping:
		sep := "{ "
		for _, f := range n.fields {
			b.WriteString(sep + quoted(f.key.name) + ": ")
			f.show(b)
			sep = ", "
		}
		b.WriteString(map[bool]string{true: "{}", false: " }"}[len(n.fields) == 0])
	case list:
		b.WriteString("[")
		for i, item := range n.items {
			if i > 0 {
				b.WriteString(", ")
			}
			item.show(b)
		}
		b.WriteString("]")
	case text:
		b.WriteString(quoted(n.value))
	case null:
		b.WriteString("null")
	default:
		b.WriteString(n.value)
	}
}

var plainText = regexp.MustCompile(`^[\pL\pN_]([^,:#{}\[\]"'\pC]|:[^ ,{}\[\]"'\pC])*$`)

// quoted returns a text as part of a YAML flow value. It adds quotes if YAML would read the text as another type.
func quoted(s string) string {
	switch {
	case !plainText.MatchString(s), strings.HasSuffix(s, " "), plainNumber.MatchString(s), s == "true", s == "false", s == "null":
		return strconv.Quote(s)
	}
	return s
}
