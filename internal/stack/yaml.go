package stack

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// ParseYAML parses a YAML or JSON document whose root is a mapping. It returns mappings as Object, sequences as []any,
// integers as uint64 or int64, and other scalars as string, bool or nil. It replaces the short forms of CloudFormation
// (!Ref, !GetAtt, !Sub, …) with the long forms (Ref, Fn::GetAtt, Fn::Sub, …).
func ParseYAML(source []byte) (Object, error) {
	file, err := parser.ParseBytes(source, 0)
	if err != nil {
		return nil, fmt.Errorf("stack: %w", err)
	}
	if len(file.Docs) != 1 {
		return nil, fmt.Errorf("stack: the file has %d documents, not one", len(file.Docs))
	}
	body := file.Docs[0].Body
	root, ok := plain(body, anchors(body)).(Object)
	if !ok {
		return nil, fmt.Errorf("stack: the document is not a mapping")
	}
	return root, nil
}

func anchors(root ast.Node) map[string]ast.Node {
	found := map[string]ast.Node{}
	for _, n := range ast.Filter(ast.AnchorType, root) {
		a := n.(*ast.AnchorNode)
		found[a.Name.String()] = a.Value
	}
	return found
}

// plain converts a YAML node to objects, lists and scalars.
func plain(n ast.Node, anchored map[string]ast.Node) any {
	switch n := n.(type) {
	case *ast.MappingNode:
		out := Object{}
		for _, v := range n.Values {
			out[v.Key.GetToken().Value] = plain(v.Value, anchored)
		}
		return out
	case *ast.MappingValueNode:
		return Object{n.Key.GetToken().Value: plain(n.Value, anchored)}
	case *ast.SequenceNode:
		out := []any{}
		for _, v := range n.Values {
			out = append(out, plain(v, anchored))
		}
		return out
	case *ast.TagNode:
		return longForm(strings.TrimPrefix(n.Start.Value, "!"), plain(n.Value, anchored))
	case *ast.AnchorNode:
		return plain(n.Value, anchored)
	case *ast.AliasNode:
		return plain(anchored[n.Value.String()], anchored)
	case *ast.LiteralNode:
		return n.Value.Value
	case *ast.IntegerNode:
		return n.Value
	case *ast.BoolNode:
		return n.Value
	case *ast.NullNode, nil:
		return nil
	default:
		return n.GetToken().Value
	}
}

// longForm converts the short form of an intrinsic function, such as !Ref, to the long form.
func longForm(tag string, value any) any {
	switch tag {
	case "Ref", "Condition":
		return Object{tag: value}
	case "GetAtt":
		if s, ok := value.(string); ok {
			id, attribute, _ := strings.Cut(s, ".")
			value = []any{id, attribute}
		}
	}
	return Object{"Fn::" + tag: value}
}

// At returns the value at a path of names in nested objects, or nil if there is none.
func At(from any, names ...string) any {
	for _, name := range names {
		o, _ := from.(Object)
		from = o[name]
	}
	return from
}

// List returns a list unchanged, an empty list for nil, and a list with one element for any other value. The template
// may contain a single value in place of a list.
func List(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	if v == nil {
		return nil
	}
	return []any{v}
}

// object returns v as an Object, or nil if it is not one.
func object(v any) Object {
	o, _ := v.(Object)
	return o
}

// text returns a scalar as a string. It returns "" for nil and for any other value.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case uint64, int64, bool:
		return fmt.Sprint(v)
	}
	return ""
}

// number returns an integer. It returns 0 for any other value.
func number(v any) int {
	switch v := v.(type) {
	case uint64:
		return int(v)
	case int64:
		return int(v)
	}
	return 0
}
