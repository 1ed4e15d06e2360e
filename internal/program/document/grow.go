package document

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/perennial-loyalty/perennial/internal/lazyregexp"
)

// A grower converts the parser's tree to Nodes.
type grower struct {
	anchors map[string]ast.Node
	// open contains the anchors whose value is being converted. An alias of such an anchor would cause infinite
	// recursion.
	open     map[string]bool
	nodes    int
	problems Problems
}

// grow converts the only document of a file. A file with no or several documents is invalid.
func grow(file *ast.File) (*Node, Problems) {
	var bodies []ast.Node
	for _, doc := range file.Docs {
		if doc.Body != nil {
			bodies = append(bodies, doc.Body)
		}
	}
	if len(bodies) == 0 {
		return nil, refusal(1, 1, "the file is empty")
	}
	g := &grower{anchors: map[string]ast.Node{}, open: map[string]bool{}}
	if len(bodies) > 1 {
		g.refuse(first(bodies[1]), "", "a file must contain one document; remove the others")
	}
	root := g.node(bodies[0], nil, "", 0)
	if len(g.problems) == 0 && !root.Is(Mapping) {
		g.problems = append(
			g.problems, At(root, "a program file must be a group of keys that starts with \"version: 1\""),
		)
	}
	return root, g.problems
}

// first returns the first key of a mapping, and other nodes unchanged. The parser gives a mapping the position of its
// first colon, so the position of the first key is used instead.
func first(n ast.Node) ast.Node {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		return m.Values[0].Key
	}
	return n
}

func (g *grower) refuse(n ast.Node, path, format string, args ...any) {
	p := Problem{Line: 1, Column: 1, Path: path, Message: fmt.Sprintf(format, args...), Width: 1}
	if t := n.GetToken(); t != nil && t.Position != nil {
		p.Line, p.Column, p.Width = t.Position.Line, max(1, t.Position.Column), width(t)
	}
	g.problems = append(g.problems, p)
}

// node converts one value. If a program file must not contain the value, it adds a problem and returns nil.
func (g *grower) node(n ast.Node, k *key, path string, depth int) *Node {
	g.nodes++
	switch {
	case g.nodes > maxNodes:
		if g.nodes == maxNodes+1 {
			g.refuse(n, path, "the file is too large with its aliases expanded")
		}
		return nil
	case depth > maxDepth:
		g.refuse(n, path, "the nesting is too deep; at most %d levels are allowed", maxDepth)
		return nil
	}
	out := place(n.GetToken(), k, path)
	switch n := n.(type) {
	case *ast.MappingNode:
		g.fields(out, n.Values, n.IsFlowStyle, depth)
	case *ast.MappingValueNode:
		g.fields(out, []*ast.MappingValueNode{n}, n.IsFlowStyle, depth)
	case *ast.SequenceNode:
		g.items(out, n.Values, depth)
	case *ast.AnchorNode:
		return g.anchor(n, k, path, depth)
	case *ast.AliasNode:
		return g.alias(n, k, path, depth)
	default:
		g.scalar(out, n)
	}
	return out
}

func (g *grower) fields(out *Node, values []*ast.MappingValueNode, flow bool, depth int) {
	out.Kind = Mapping
	seen := map[string]*key{}
	for i, v := range values {
		t := v.Key.GetToken()
		k := &key{Name: t.Value, Line: t.Position.Line, column: max(1, t.Position.Column), width: width(t)}
		if i == 0 && !flow { // replaces the position of the first colon
			out.Line, out.Column, out.Width = k.Line, k.column, k.width
		}
		path := out.Child(k.Name)
		switch v.Key.(type) {
		case *ast.MappingKeyNode, *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
			g.refuse(v.Key, out.Path, "keys must be plain words; %q is not supported", t.Value)
			continue
		}
		if first := seen[k.Name]; first != nil {
			g.refuse(v.Key, path, "is a duplicate of the key on line %d", first.Line)
			continue
		}
		seen[k.Name] = k
		if f := g.node(v.Value, k, path, depth+1); f != nil {
			out.Fields = append(out.Fields, f)
		}
	}
}

func (g *grower) items(out *Node, values []ast.Node, depth int) {
	out.Kind = List
	for i, v := range values {
		step := "[" + strconv.Itoa(i) + "]"
		if id := idOf(v); id != "" {
			step = id
		}
		if item := g.node(v, nil, out.Child(step), depth+1); item != nil {
			out.Items = append(out.Items, item)
		}
	}
}

// PlainID matches the form of IDs in program files.
var PlainID = lazyregexp.New(`^[a-z][a-z0-9_-]{0,63}$`)

// idOf returns the ID of a list entry. Paths contain the ID instead of the index, so that they remain valid if the
// order of the entries changes.
func idOf(n ast.Node) string {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		return ""
	}
	for _, v := range m.Values {
		id, ok := v.Value.(*ast.StringNode)
		if ok && v.Key.GetToken().Value == "id" && PlainID.MatchString(id.Value) {
			return id.Value
		}
	}
	return ""
}

func (g *grower) anchor(n *ast.AnchorNode, k *key, path string, depth int) *Node {
	name := n.Name.GetToken().Value
	g.open[name] = true
	out := g.node(n.Value, k, path, depth)
	delete(g.open, name)
	g.anchors[name] = n.Value
	return out
}

func (g *grower) alias(n *ast.AliasNode, k *key, path string, depth int) *Node {
	name := n.Value.GetToken().Value
	target, ok := g.anchors[name]
	if !ok || g.open[name] {
		g.refuse(n, path, "unknown anchor &%s", name)
		return nil
	}
	return g.node(target, k, path, depth+1)
}

// PlainNumber matches a decimal number in the only form that program files may contain.
var PlainNumber = lazyregexp.New(`^-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,20})?$`)

func (g *grower) scalar(out *Node, n ast.Node) {
	out.Value = n.GetToken().Value
	switch n := n.(type) {
	case *ast.StringNode:
		out.Kind = Text
		g.plain(out, n)
	case *ast.LiteralNode:
		out.Kind, out.Value = Text, n.Value.Value
	case *ast.BoolNode:
		out.Kind = Boolean
	case *ast.NullNode:
		out.Kind = Null
	case *ast.IntegerNode, *ast.FloatNode:
		out.Kind = Number
		if !PlainNumber.MatchString(out.Value) {
			g.refuse(n, out.Path, "%s is not a decimal number", Clip(out.Value))
		}
	case *ast.InfinityNode, *ast.NanNode:
		g.refuse(n, out.Path, "%s is not a decimal number", Clip(out.Value))
	default:
		g.refuse(n, out.Path, "this kind of YAML (%s) is not supported in a program file", n.Type())
	}
}

// plain rejects a text with control characters. Escape sequences such as "\u0000" can insert such characters.
func (g *grower) plain(out *Node, n ast.Node) {
	odd := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }
	if !utf8.ValidString(out.Value) || strings.ContainsFunc(out.Value, odd) {
		g.refuse(n, out.Path, "contains a character that cannot be displayed")
	}
}

// place creates a node with the position of its token.
func place(t *token.Token, k *key, path string) *Node {
	out := &Node{Key: k, Path: path, Line: 1, Column: 1, Width: 1}
	if t != nil && t.Position != nil {
		out.Line, out.Column, out.Width = t.Position.Line, max(1, t.Position.Column), width(t)
	}
	if k != nil && t != nil && t.Type == token.ImplicitNullType {
		out.Line, out.Column, out.Width = k.Line, k.column, k.width
	}
	return out
}

// width returns the number of characters of a token on its line. A problem marks this number of characters with carets.
func width(t *token.Token) int {
	n := utf8.RuneCountInString(t.Value)
	if t.Type == token.SingleQuoteType || t.Type == token.DoubleQuoteType {
		n += 2
	}
	return max(1, n)
}

// Clip shortens a long text that a problem quotes.
func Clip(s string) string {
	if runes := []rune(s); len(runes) > 60 {
		return string(runes[:60]) + "…"
	}
	return s
}
