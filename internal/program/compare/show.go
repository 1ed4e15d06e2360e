package compare

import (
	"strconv"
	"strings"

	"github.com/perennial-loyalty/perennial/internal/lazyregexp"
	"github.com/perennial-loyalty/perennial/internal/program/document"
)

// maxShown is the maximum number of characters of a value in the description of a change.
const maxShown = 500

// shown returns a value on one line in YAML's flow style, shortened if it is long.
func shown(n *document.Node) string {
	var b strings.Builder
	show(n, &b)
	if runes := []rune(b.String()); len(runes) > maxShown {
		return string(runes[:maxShown]) + "…"
	}
	return b.String()
}

// show writes the value to b. It stops when b contains enough characters for a description.
func show(n *document.Node, b *strings.Builder) {
	if b.Len() > 4*maxShown {
		return
	}
	switch n.Kind {
	case document.Mapping:
		sep := "{ "
		for _, f := range n.Fields {
			b.WriteString(sep + quoted(f.Key.Name) + ": ")
			show(f, b)
			sep = ", "
		}
		b.WriteString(map[bool]string{true: "{}", false: " }"}[len(n.Fields) == 0])
	case document.List:
		b.WriteString("[")
		for i, item := range n.Items {
			if i > 0 {
				b.WriteString(", ")
			}
			show(item, b)
		}
		b.WriteString("]")
	case document.Text:
		b.WriteString(quoted(n.Value))
	case document.Null:
		b.WriteString("null")
	default:
		b.WriteString(n.Value)
	}
}

var plainText = lazyregexp.New(`^[\pL\pN_]([^,:#{}\[\]"'\pC]|:[^ ,{}\[\]"'\pC])*$`)

// quoted returns a text as part of a YAML flow value. It adds quotes if YAML would otherwise read the text as another
// type.
func quoted(s string) string {
	switch {
	case !plainText.MatchString(s), strings.HasSuffix(s, " "), document.PlainNumber.MatchString(s),
		s == "true", s == "false", s == "null":
		return strconv.Quote(s)
	}
	return s
}
