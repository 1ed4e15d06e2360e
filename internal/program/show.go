package program

import (
	"regexp"
	"strconv"
	"strings"
)

// maxShown is how many characters of a value a change shows.
const maxShown = 500

// shown is a value on one line, as YAML has it in braces and brackets, and cut where it is very long.
func (n *node) shown() string {
	var b strings.Builder
	n.show(&b)
	if runes := []rune(b.String()); len(runes) > maxShown {
		return string(runes[:maxShown]) + "…"
	}
	return b.String()
}

// show stops once there is enough.
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

// quoted is a text as it can be written among others, between quotes where it would be taken for something else.
func quoted(s string) string {
	switch {
	case !plainText.MatchString(s), strings.HasSuffix(s, " "), plainNumber.MatchString(s), s == "true", s == "false", s == "null":
		return strconv.Quote(s)
	}
	return s
}
